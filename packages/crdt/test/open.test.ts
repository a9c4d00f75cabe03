import { describe, expect, test } from 'vitest';
import { CrdtError, GCounter, type Kept, type LockManager, ORSet, open, type Storage } from '../src/index.ts';

/** Locks that one page's tabs share. */
function locks(): LockManager {
  const held = new Set<string>();
  return {
    async request(name, _, hold) {
      if (held.has(name)) return hold(null);
      held.add(name);
      await hold({ name });
      held.delete(name);
    },
  };
}

/** A storage with what is in it to look at. */
function memory(): Storage & { kept: Map<string, string>; full: boolean } {
  const kept = new Map<string, string>();
  const storage = {
    kept,
    full: false,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem(key: string, text: string) {
      if (storage.full) throw new Error('full');
      kept.set(key, text);
    },
  };
  return storage;
}

/** The same, of which every answer comes later. */
function later(storage: Storage): Storage {
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  return {
    getItem: async (key) => {
      await turn();
      return storage.getItem(key);
    },
    setItem: async (key, text) => {
      await turn();
      storage.setItem(key, text);
    },
  };
}

describe.each([
  ['synchronous', (s: Storage) => s],
  ['asynchronous', later],
])('in a storage that is %s', (_, as) => {
  test('CRDT-7 what was kept is opened again under its id', async () => {
    const storage = as(memory());
    const options = { storage, locks: locks() };
    const first = await open(GCounter, 'visits', options);
    first.replica.increment(3);
    const id = first.replica.replicaId;
    await first.close();
    const second = await open(GCounter, 'visits', options);
    expect(second.replica.value).toBe(3);
    expect(second.replica.replicaId).toBe(id);
    expect(first.replica.replicaId).not.toBe(id);
  });

  test('CRDT-7 two tabs with one storage have each an id, and lose nothing', async () => {
    const options = { storage: as(memory()), locks: locks() };
    const a = await open(GCounter, 'visits', options);
    a.replica.increment(2);
    await a.saved();
    const b = await open(GCounter, 'visits', options);
    expect(b.replica.value).toBe(2);
    expect(b.replica.replicaId).not.toBe(a.replica.replicaId);
    b.replica.increment();
    a.replica.increment();
    await Promise.all([a.close(), b.close()]);
    const again = await open(GCounter, 'visits', options);
    expect(again.replica.value).toBe(4);
  });

  test('three that open at once, and one whose place lies behind an empty one', async () => {
    const storage = memory();
    const options = { storage: as(storage), locks: locks() };
    const all = await Promise.all([0, 1, 2].map(() => open(GCounter, 'visits', options)));
    for (const { replica } of all) replica.increment();
    await Promise.all(all.map((kept) => kept.close()));
    storage.kept.delete('visits/1');
    const [, , third] = await Promise.all([0, 1, 2].map(() => open(GCounter, 'visits', options)));
    expect(third?.replica.value).toBeGreaterThanOrEqual(2);
    third?.replica.increment();
    await third?.close();
    expect(JSON.parse(storage.kept.get('visits/2') ?? '').counts).toContainEqual([expect.anything(), 2]);
  });

  test('CRDT-7 what lies behind an empty place is taken in', async () => {
    const storage = memory();
    const options = { storage: as(storage), locks: locks() };
    const all = await Promise.all([0, 1, 2].map(() => open(GCounter, 'visits', options)));
    for (const { replica } of all) replica.increment();
    await Promise.all(all.map((kept) => kept.close()));
    storage.kept.delete('visits');
    storage.kept.delete('visits/1');
    const first = await open(GCounter, 'visits', options);
    expect(first.replica.value).toBe(1);
  });

  test('CRDT-7 a change made while it closes is kept, or made under another id', async () => {
    const storage = memory();
    const options = { storage: as(storage), locks: locks() };
    const first = await open(GCounter, 'visits', options);
    const id = first.replica.replicaId;
    first.replica.increment();
    const during = first.saved().then(() => first.replica.increment());
    await Promise.all([first.close(), during]);
    first.replica.increment();
    await first.saved();
    const again = await open(GCounter, 'visits', options);
    expect(again.replica.replicaId).toBe(id);
    expect(first.replica.replicaId).not.toBe(id);
    // Nothing was counted under the id that is not in what was stored.
    again.replica.applyPayload(first.replica.payload());
    expect(again.replica.value).toBe(3);
  });

  test('saved() settles though each write is followed by a change', async () => {
    const storage = memory();
    const kept: Kept<GCounter> = await open(GCounter, 'visits', {
      storage: as({
        getItem: storage.getItem,
        setItem(key, text) {
          storage.setItem(key, text);
          kept?.replica.increment();
        },
      }),
      locks: locks(),
    });
    await kept.saved();
    await kept.close();
    expect(storage.kept.size).toBe(1);
  });

  test('CRDT-7 without locks each has a fresh id, and takes in what another has written', async () => {
    const storage = as(memory());
    const a = await open(GCounter, 'visits', { storage });
    const b = await open(GCounter, 'visits', { storage });
    a.replica.increment();
    await a.saved();
    b.replica.increment();
    await b.saved();
    expect(b.replica.value).toBe(2);
    const c = await open(GCounter, 'visits', { storage });
    expect(c.replica.value).toBe(2);
    expect(new Set([a, b, c].map(({ replica }) => replica.replicaId)).size).toBe(3);
  });
});

test('CRDT-8 a backup that was put back is found out, and goes on under a fresh id', async () => {
  const storage = memory();
  const options = { storage, locks: locks() };
  const device = await open(ORSet<string>, 'tags', options);
  device.replica.add('one');
  await device.saved();
  const backup = storage.kept.get('tags') ?? '';
  const other = new ORSet<string>();
  other.applyPayload(device.replica.add('two'));
  await device.close();

  storage.kept.set('tags', backup);
  const restored = await open(ORSet<string>, 'tags', options);
  expect(() => restored.replica.applyPayload(other.payload())).toThrow(
    expect.objectContaining({ code: 'replica_reused' }),
  );
  expect(restored.replica.value).toEqual(['one']);
  restored.replica.renew();
  restored.replica.applyPayload(other.payload());
  expect(restored.replica.value).toEqual(['one', 'two']);
});

test.each(['{', '[]', '{"replicaId":"a","counts":[["a",-1]]}', '{"replicaId":"a","elements":[]}'])(
  'CRDT-2 what is stored is damaged: %s',
  async (damaged) => {
    const storage = memory();
    storage.kept.set('visits', damaged);
    const options = { storage, locks: locks() };
    await expect(open(GCounter, 'visits', options)).rejects.toThrow(CrdtError);
    expect(storage.kept.get('visits')).toBe(damaged);
    storage.kept.clear();
    // Its lock is free again.
    const kept = await open(GCounter, 'visits', options);
    await kept.saved();
    expect([...storage.kept.keys()]).toEqual(['visits']);
  },
);

test('CRDT-2 what another left is damaged', async () => {
  const storage = memory();
  storage.kept.set('visits/1', '{"replicaId":"a","counts":[["a",-1]]}');
  const options = { storage, locks: locks() };
  await expect(open(GCounter, 'visits', options)).rejects.toThrow(CrdtError);
  storage.kept.delete('visits/1');
  await (await open(GCounter, 'visits', options)).saved();
  expect([...storage.kept.keys()]).toEqual(['visits']);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('denied');
    },
  ],
  ['rejects', () => Promise.reject(new Error('denied'))],
])('a storage whose getItem %s', async (_, getItem) => {
  const storage = memory();
  const options = { storage, locks: locks() };
  await expect(open(GCounter, 'visits', { ...options, storage: { ...storage, getItem } })).rejects.toThrow(
    'denied',
  );
  const kept = await open(GCounter, 'visits', options);
  await kept.saved();
  expect([...storage.kept.keys()]).toEqual(['visits']);
});

test('a storage that is full when it opens, and still when it closes', async () => {
  const storage = memory();
  storage.full = true;
  const errors: unknown[] = [];
  const options = {
    storage: later(storage),
    locks: locks(),
    onError: (error: unknown) => errors.push(error),
  };
  const kept = await open(GCounter, 'visits', options);
  await expect(kept.saved()).rejects.toThrow('full');
  kept.replica.increment();
  await expect(kept.close()).rejects.toThrow('full');
  await expect(kept.saved()).rejects.toThrow('full');
  expect(errors.length).toBeGreaterThanOrEqual(2);
  storage.full = false;
  // Its place is free, and nothing wrote to it since.
  const again = await open(GCounter, 'visits', options);
  expect(again.replica.value).toBe(0);
  await again.saved();
  expect([...storage.kept.keys()]).toEqual(['visits']);
});

test('CRDT-7 more tabs than have a place share the last', async () => {
  const storage = memory();
  const options = { storage, locks: locks() };
  const all = [];
  for (let i = 0; i < 103; i++) all.push(await open(GCounter, 'visits', options));
  for (const { replica } of all) replica.increment();
  for (const kept of all) await kept.close();
  expect(storage.kept.size).toBe(101);
  const again = await open(GCounter, 'visits', options);
  expect(again.replica.value).toBe(103);
  expect(JSON.parse(storage.kept.get('visits') ?? '').replicaId).toBe(again.replica.replicaId);
});

test('a storage that is full is told of, and written to again', async () => {
  const storage = memory();
  const errors: unknown[] = [];
  const kept = await open(GCounter, 'visits', {
    storage,
    locks: locks(),
    onError: (error) => errors.push(error),
  });
  await kept.saved();
  storage.full = true;
  kept.replica.increment();
  await expect(kept.saved()).rejects.toThrow('full');
  expect(errors).toHaveLength(1);
  storage.full = false;
  await kept.saved();
  expect(JSON.parse(storage.kept.get('visits') ?? '').counts).toEqual([[kept.replica.replicaId, 1]]);
});
