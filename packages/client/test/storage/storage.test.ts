import { forceCloseDatabase, IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { indexedDBStorage } from '../../src/storage/indexeddb.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { World } from '../world.ts';

let factory: IDBFactory;
/** The connections that were made, oldest first. */
let databases: IDBDatabase[];

beforeEach(() => {
  factory = new IDBFactory();
  databases = [];
  const { open } = factory;
  vi.spyOn(factory, 'open').mockImplementation((...args) => {
    const request = open.apply(factory, args);
    request.addEventListener('success', () => databases.push(request.result));
    return request;
  });
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const kept = (): Storage => indexedDBStorage('kept', { indexedDB: factory });
const failure = expect.objectContaining({ code: 'storage_failed', retryable: false });

/** Deletes the database as a tab does that erases all. */
function erase(): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.deleteDatabase('kept');
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

describe.each([
  ['memory', memoryStorage],
  ['IndexedDB', kept],
] as const)('%s', (kind, make) => {
  test('STORE-1 rows are read by prefix, in the order of their keys', async () => {
    const storage = make();
    await storage.write([
      ['b:2', { n: 2 }],
      ['c', 3],
      ['b:10', new Uint8Array([1, 2])],
      ['a', 'x'],
      ['b', null],
      ['b\uffff', 1],
    ]);
    expect(await storage.read('b:')).toEqual([
      ['b:10', new Uint8Array([1, 2])],
      ['b:2', { n: 2 }],
    ]);
    expect((await storage.read('b')).map(([key]) => key)).toEqual(['b', 'b:10', 'b:2', 'b\uffff']);
    expect((await storage.read('')).map(([key]) => key)).toEqual(['a', 'b', 'b:10', 'b:2', 'b\uffff', 'c']);
    expect(storage.durable).toBe(kind === 'IndexedDB');
    storage.close();
  });

  test('STORE-1 what is called first is done first, and undefined deletes', async () => {
    const storage = make();
    const first = storage.write([['k', 1]]);
    const between = storage.read('k');
    const second = storage.write([
      ['k', undefined],
      ['l', 2],
    ]);
    const last = storage.read('');
    expect(await between).toEqual([['k', 1]]);
    expect(await last).toEqual([['l', 2]]);
    await Promise.all([first, second]);
    storage.close();
  });

  test('STORE-1 a write is whole or fails, and those behind it go on', async () => {
    const storage = make();
    const bad = storage.write([
      ['a', 1],
      ['b', () => {}],
    ]);
    const good = storage.write([['c', 3]]);
    await expect(bad).rejects.toEqual(failure);
    await good;
    expect(await storage.read('')).toEqual([['c', 3]]);
    storage.close();
  });

  test('STORE-1 values are copies', async () => {
    const storage = make();
    const value = { list: [1] };
    await storage.write([['k', value]]);
    value.list.push(2);
    const [[, first] = []] = await storage.read('k');
    (first as typeof value).list.push(3);
    expect(await storage.read('k')).toEqual([['k', { list: [1] }]]);
    storage.close();
  });

  test('STORE-1 after close all fails with closed, and what was called before is done', async () => {
    const storage = make();
    const written = storage.write([['k', 1]]);
    storage.close();
    await written;
    await expect(storage.read('')).rejects.toMatchObject({ code: 'closed' });
    await expect(storage.write([])).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('IndexedDB', () => {
  test('STORE-2 it is opened when it is first used, and rows outlive it', async () => {
    const storage = kept();
    expect(factory.open).not.toHaveBeenCalled();
    await storage.write([['k', 1]]);
    storage.close();
    const later = kept();
    expect(await later.read('')).toEqual([['k', 1]]);
    expect(factory.open).toHaveBeenCalledTimes(2);
    later.close();
  });

  test('STORE-3 a connection that is closed under us is made anew, with what was under way', async () => {
    const storage = kept();
    const lost = vi.fn();
    storage.onLost(lost);
    await storage.write([['k', 1]]);
    forceCloseDatabase(databases[0] as never);
    await Promise.all([storage.write([['l', 2]]), storage.write([['m', 3]])]);
    expect((await storage.read('')).map(([key]) => key)).toEqual(['k', 'l', 'm']);
    expect(lost).not.toHaveBeenCalled();
    storage.close();
  });

  test('STORE-3 when a connection is closed under us we look whether the rows are there, without being used', async () => {
    const storage = kept();
    await storage.write([['k', 1]]);
    forceCloseDatabase(databases[0] as never);
    await vi.waitFor(() => expect(databases.length).toBe(2));
    storage.close();
  });

  test('STORE-3 a connection that is closed and does not say so is made anew', async () => {
    const storage = kept();
    await storage.write([['k', 1]]);
    databases[0]?.close();
    expect(await storage.read('')).toEqual([['k', 1]]);
    storage.close();
  });

  test('STORE-3 a database that was deleted is told as lost, without being used', async () => {
    const storage = kept();
    await storage.write([['k', 1]]);
    const lost = new Promise<void>((resolve) => storage.onLost(resolve));
    await erase();
    await lost;
    expect(await storage.read('')).toEqual([]);
    storage.close();
  });

  test('STORE-3 whoever is told writes again what is needed, before anything else is read', async () => {
    const storage = kept();
    await storage.write([['k', 1]]);
    storage.onLost(() => void storage.write([['k', 2]]));
    await erase();
    await vi.waitFor(async () => expect(await storage.read('')).toEqual([['k', 2]]));
    storage.close();
  });

  test('STORE-3 a database that does not open again is told as lost', async () => {
    const storage = kept();
    await storage.write([['k', 1]]);
    vi.mocked(factory.open).mockImplementation(() => {
      throw new DOMException('no', 'SecurityError');
    });
    const lost = new Promise<void>((resolve) => storage.onLost(resolve));
    await erase();
    await lost;
    await expect(storage.read('')).rejects.toEqual(failure);
    storage.close();
  });

  test('STORE-4 what the platform forbids is storage_failed with the reason, and tried again the next time', async () => {
    const storage = kept();
    vi.mocked(factory.open).mockImplementationOnce(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    await expect(storage.write([['k', 1]])).rejects.toThrow(
      'What is to be kept could not be stored: SecurityError: denied',
    );
    await storage.write([['k', 1]]);
    expect(await storage.read('')).toEqual([['k', 1]]);
    storage.close();
  });

  test('STORE-4 a full disk is storage_failed', async () => {
    const storage = kept();
    await storage.write([['k', 1]]);
    const store = Object.getPrototypeOf(
      databases[0]?.transaction('rows').objectStore('rows'),
    ) as IDBObjectStore;
    vi.spyOn(store, 'put').mockImplementationOnce(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(storage.write([['k', 2]])).rejects.toThrow('QuotaExceededError');
    expect(await storage.read('')).toEqual([['k', 1]]);
    storage.close();
  });

  test('STORE-4 a database that does not open in 10 s is storage_failed, and closed if it opens later', async () => {
    const world = new World(1);
    const storage = indexedDBStorage('kept', { indexedDB: factory, timers: world.timers });
    const request = {} as IDBOpenDBRequest;
    vi.mocked(factory.open).mockReturnValueOnce(request);
    const read = storage.read('').catch((error: unknown) => error);
    await world.pass(10_000);
    expect(await read).toEqual(failure);
    const close = vi.fn();
    Object.assign(request, { result: { close } });
    request.onsuccess?.call(request, new Event('success'));
    expect(close).toHaveBeenCalled();
    storage.close();
  });
});

describe('the best there is', () => {
  test('STORE-5 IndexedDB where there is one, else memory', () => {
    expect(openStorage('kept').durable).toBe(false);
    vi.stubGlobal('indexedDB', factory);
    expect(openStorage('kept').durable).toBe(true);
  });

  test('STORE-5 memory where a page may not even look for one', () => {
    vi.stubGlobal('indexedDB', undefined);
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      get: () => {
        throw new DOMException('', 'SecurityError');
      },
    });
    expect(openStorage('kept').durable).toBe(false);
  });
});
