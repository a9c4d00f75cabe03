import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Row } from '../../src/network/request.ts';
import { type Change, indexedDBStorage, memoryStorage, RejectedError } from '../../src/network.ts';
import { bound, fate, platform, Site } from './site.ts';

let site: Site;
const start = (...args: ConstructorParameters<typeof Site>): Site => {
  site = new Site(...args);
  return site;
};

afterEach(() => {
  site.end();
  vi.unstubAllGlobals();
});

const url = 'https://site.test/notes';
const answers = (...statuses: number[]) => {
  site.answer = (_, n) => new Response(`answer ${n}`, { status: statuses[n - 1] ?? 200 });
};

describe('a request', () => {
  test('NET-6 is what was asked for, with an Idempotency-Key of its own, and resolves with the answer', async () => {
    start();
    const network = site.tab();
    const first = network.post(url, { text: 'one' });
    const second = network.fetch(`${url}?q=1`, {
      method: 'put',
      headers: { 'X-One': '1' },
      body: new TextEncoder().encode('two'),
    });
    await site.pass();
    expect(await (await first).text()).toBe('ok');
    expect((await second).status).toBe(200);
    const [one, two] = site.seen;
    expect([one?.method, one?.body, one?.headers.get('content-type')]).toEqual([
      'POST',
      '{"text":"one"}',
      'application/json',
    ]);
    expect([two?.method, two?.body, two?.headers.get('x-one')]).toEqual(['PUT', 'two', '1']);
    expect(one?.key).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(two?.key).not.toBe(one?.key);
    expect(await site.storage.read('')).toEqual([]);
  });

  test.each([
    ['a form', { method: 'POST', body: new FormData() }],
    ['a stream', { method: 'POST', body: new ReadableStream() }],
    ['an object', { method: 'POST', body: { text: 'one' } }],
    ['what is not JSON', { json: () => {} }],
    ['a body of a GET', { method: 'GET', body: 'x' }],
    ['no method', { method: 'a b' }],
    ['a token', { headers: { Authorization: 'Bearer x' } }],
    ['a key of its own', { headers: { 'Idempotency-Key': 'x' } }],
  ])('NET-6 %s is bad_message, and nothing is stored', async (_, init) => {
    start();
    await expect(site.tab().fetch(url, init as never)).rejects.toMatchObject({ code: 'bad_message' });
    await expect(site.tab().fetch('/relative/to/no/page')).rejects.toMatchObject({ code: 'bad_message' });
    await site.pass();
    expect([site.seen, await site.storage.read('')]).toEqual([[], []]);
  });

  test('NET-6 is stored before it is sent', async () => {
    start();
    let write = (): void => {};
    const storage = {
      ...bound(site.storage),
      write: async (changes: never) => {
        await new Promise<void>((resolve) => {
          write = resolve;
        });
        return site.storage.write(changes);
      },
    };
    const network = site.tab('tab', { storage });
    const sent = fate(network.post(url, 1));
    await site.pass(10_000);
    expect([site.seen, network.sync.pending]).toEqual([[], 1]);
    write();
    await site.pass();
    expect([site.bodies, sent.value?.ok]).toEqual([['1'], true]);
  });

  test('NET-6 bytes are those of the call', async () => {
    start();
    const network = site.tab();
    const bytes = new TextEncoder().encode('abc').subarray(1);
    network.fetch(url, { body: bytes });
    bytes[0] = 0;
    await site.pass();
    expect(site.bodies).toEqual(['bc']);
  });

  test('NET-7 those of a lane are sent in order, one after the other; lanes know nothing of each other', async () => {
    start();
    const network = site.tab();
    let release = (): void => {};
    site.answer = ({ path }) =>
      path === '/slow'
        ? new Promise((resolve) => {
            release = () => resolve(new Response('late'));
          })
        : new Response('ok');
    for (const n of [1, 2, 3]) network.post('https://site.test/slow', n);
    for (const n of [4, 5]) network.post(`https://site.test/fast?${n}`, n);
    network.fetch('https://site.test/other', { method: 'PUT', body: '6', lane: 'https://site.test/slow' });
    await site.pass(10_000);
    expect(site.bodies).toEqual(['1', '4', '5']);
    for (let n = 0; n < 4; n++) {
      release();
      await site.pass();
    }
    expect(site.bodies).toEqual(['1', '4', '5', '2', '3', '6']);
  });

  test('NET-7 no more than six are under way', async () => {
    start();
    const network = site.tab();
    const under: (() => void)[] = [];
    site.answer = () => new Promise((resolve) => under.push(() => resolve(new Response('ok'))));
    for (let n = 0; n < 20; n++) network.post(`https://site.test/${n}`, n);
    await site.pass();
    expect(under.length).toBe(6);
    under.shift()?.();
    await site.pass();
    expect([under.length, site.seen.length]).toEqual([6, 7]);
  });

  test.each([408, 425, 429, 500, 502, 503, 504])(
    'NET-8 %i is tried again, with the same key, after waits that grow',
    async (status) => {
      start();
      const network = site.tab();
      answers(status, status, status);
      const begin = site.world.now;
      const sent = fate(network.post(url, 1));
      await site.pass(60_000);
      expect(site.seen.map(({ at }) => at - begin)).toEqual([0, 250, 750, 1750]);
      expect(new Set(site.seen.map(({ key }) => key)).size).toBe(1);
      expect([sent.value?.status, network.status]).toEqual([200, 'online']);
    },
  );

  test('NET-8 an answer ends the row of waits', async () => {
    start();
    const network = site.tab();
    answers(503, 503, 200, 503);
    const begin = site.world.now;
    for (const n of [1, 2]) network.post(url, n);
    await site.pass(60_000);
    expect(site.seen.map(({ at }) => at - begin)).toEqual([0, 250, 750, 750, 1000]);
  });

  test.each([
    ['seconds', () => '30', 30_000],
    ['a date', () => new Date(site.world.now + 40_000).toUTCString(), 40_000],
    ['a past date', () => new Date(site.world.now - 40_000).toUTCString(), 250],
    ['nonsense', () => 'soon', 250],
    ['less than the wait of its own', () => '0', 250],
    ['more than a day', () => '9999999999', 86_400_000],
  ])('NET-8 Retry-After: %s', async (_, after, wait) => {
    start();
    const network = site.tab();
    const begin = site.world.now;
    site.answer = (_, n) =>
      n === 1 ? new Response('', { status: 429, headers: { 'Retry-After': after() } }) : new Response('ok');
    network.post(url, 1);
    await site.pass(2 * 86_400_000);
    expect(site.seen.map(({ at }) => at - begin)).toEqual([0, wait]);
  });

  test('NET-8 other answers are final: a RejectedError with the status and the beginning of the body', async () => {
    start();
    const network = site.tab();
    site.answer = (_, n) =>
      n === 1 ? new Response('x'.repeat(50_000), { status: 409 }) : new Response('ok');
    const bad = network.post(url, 1).catch((error: unknown) => error);
    const good = fate(network.post(url, 2));
    await site.pass();
    const error = (await bad) as RejectedError;
    expect(error).toBeInstanceOf(RejectedError);
    expect([error.code, error.status, error.body, error.retryable]).toEqual([
      'rejected',
      409,
      'x'.repeat(10_000),
      false,
    ]);
    expect([good.value?.ok, network.dead]).toEqual([true, []]);
  });

  test('NET-8 an attempt that is not answered in time is made again', async () => {
    start();
    const network = site.tab();
    site.answer = (_, n) => (n === 1 ? 'silence' : new Response('ok'));
    const sent = fate(network.post(url, 1));
    await site.pass(59_999);
    expect(site.seen.length).toBe(1);
    await site.pass(20_000);
    expect([site.seen.length, sent.value?.ok]).toEqual([2, true]);
  });

  test('NET-9 401 parks its lane alone, drops nothing, and goes on with resume and fresh headers', async () => {
    start();
    let token = 'old';
    const network = site.tab('tab', { headers: async () => ({ Authorization: token }) });
    site.answer = ({ path, headers }) =>
      new Response('', { status: path === '/notes' && headers.get('authorization') === 'old' ? 401 : 200 });
    const sent = [1, 2].map((n) => fate(network.post(url, n)));
    const other = fate(network.post('https://site.test/other', 3));
    await site.pass(3_600_000);
    expect([site.bodies, sent, other.value?.ok]).toEqual([['1', '3'], [{}, {}], true]);
    expect(network.sync).toEqual({ state: 'blocked', pending: 0, blocked: 2, lost: false, durable: false });
    network.resume();
    await site.pass();
    expect(site.bodies).toEqual(['1', '3', '1']);
    token = 'new';
    network.resume();
    await site.pass();
    expect([site.bodies.slice(3), sent.map(({ value }) => value?.ok)]).toEqual([
      ['1', '2'],
      [true, true],
    ]);
    expect(JSON.stringify(await site.storage.read(''))).not.toContain('old');
    expect(network.sync.state).toBe('synced');
  });

  test('NET-9 headers that cannot be had park the lane, and are told', async () => {
    start();
    const error = new Error('signed out');
    let signedIn = false;
    const network = site.tab('tab', { headers: () => (signedIn ? {} : Promise.reject(error)) });
    const sent = fate(network.post(url, 1));
    await site.pass(60_000);
    expect([site.seen, site.errors, network.sync.blocked]).toEqual([[], [error], 1]);
    signedIn = true;
    network.resume();
    await site.pass();
    expect(sent.value?.ok).toBe(true);
  });

  test('NET-6 is taken back by its signal: before it is sent for good, later as far as it goes', async () => {
    start();
    const network = site.tab();
    site.answer = () => 'silence';
    const controllers = [1, 2, 3].map(() => new AbortController());
    const ends = controllers.map(({ signal }, n) =>
      fate(network.fetch(url, { method: 'POST', body: String(n), signal })),
    );
    await site.pass();
    controllers[1]?.abort();
    await site.pass();
    site.answer = () => new Response('ok');
    controllers[0]?.abort();
    await site.pass();
    expect(site.bodies).toEqual(['0', '2']);
    expect(ends.map(({ value, error }) => value?.status ?? error)).toEqual([
      expect.objectContaining({ code: 'aborted' }),
      expect.objectContaining({ code: 'aborted' }),
      200,
    ]);
    expect(await site.storage.read('')).toEqual([]);
    await expect(network.fetch(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  test('NET-12 no more than so many are kept, nor so many bytes', async () => {
    start();
    site.up = false;
    const network = site.tab('tab', { maxRequests: 3, maxBytes: 1000 });
    const full = expect.objectContaining({ code: 'queue_full' });
    network.fetch(url, { body: 'x'.repeat(500) });
    const large = fate(network.fetch(url, { body: 'é'.repeat(300) }));
    network.post(url, 1).catch(() => {});
    network.post(url, 2).catch(() => {});
    const fourth = fate(network.post(url, 3));
    await site.pass();
    expect([large.error, fourth.error]).toEqual([full, full]);
    expect((await site.storage.read('')).length).toBe(3);
  });
});

describe('the next page', () => {
  test('NET-11 goes on with what was stored, in order and with the same keys', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    for (let n = 0; n < 100; n++) first.post(url, n);
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    const second = site.tab('second');
    await second.ready;
    expect(second.sync).toMatchObject({ state: 'syncing', pending: 100 });
    second.post(url, 100);
    await site.pass(10_000);
    expect(site.bodies).toEqual(Array.from({ length: 101 }, (_, n) => String(n)));
    expect(new Set(site.seen.map(({ key }) => key)).size).toBe(101);
    expect(await site.storage.read('')).toEqual([]);
  });

  test('NET-11 NET-6 sends what may have arrived again, with the same key', async () => {
    start();
    site.answer = () => 'silence';
    site.tab('first').post(url, 1);
    await site.pass();
    site.kill('first');
    site.answer = () => new Response('ok');
    site.tab('second');
    await site.pass();
    expect([site.bodies, new Set(site.seen.map(({ key }) => key)).size]).toEqual([['1', '1'], 1]);
  });

  test('NET-11 the same over IndexedDB', async () => {
    vi.stubGlobal('IDBKeyRange', IDBKeyRange);
    const indexedDB = new IDBFactory();
    start(1, indexedDBStorage('network', { indexedDB }));
    site.up = false;
    const first = site.tab('first');
    for (let n = 0; n < 10; n++) first.fetch(url, { body: new Uint8Array([65 + n]) });
    await vi.waitFor(async () => expect((await site.storage.read('')).length).toBe(10));
    expect(first.durable).toBe(true);
    site.kill('first');
    site.up = true;
    site.tab('second');
    await vi.waitFor(async () => {
      await site.pass(1000);
      expect(site.bodies.join('')).toBe('ABCDEFGHIJ');
    });
    await vi.waitFor(async () => expect(await site.storage.read('')).toEqual([]));
  });

  test('NET-10 a rejection that nobody waits for is a dead letter: to look at, retry, edit, discard', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    for (const n of [1, 2, 3]) first.post(url, n);
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    site.answer = () => new Response('not so', { status: 422 });
    const second = site.tab('second');
    const told = vi.fn();
    second.onDead(told);
    await site.pass(10_000);
    expect(second.dead).toMatchObject(
      [1, 2, 3].map((n) => ({
        url,
        method: 'POST',
        body: String(n),
        error: { code: 'rejected', status: 422, body: 'not so' },
      })),
    );
    expect(told.mock.lastCall).toEqual([second.dead]);
    expect(second.sync).toMatchObject({ state: 'blocked', blocked: 3, pending: 0 });

    site.answer = () => new Response('ok');
    const [one, two, three] = second.dead.map(({ id }) => id) as [string, string, string];
    const retried = second.retry(two, { json: 'two' });
    await second.discard(one);
    await site.pass();
    expect((await retried).ok).toBe(true);
    expect(site.bodies.slice(3)).toEqual(['"two"']);
    expect(site.seen.filter(({ key }) => key === two)).toHaveLength(1);
    await expect(second.discard(one)).rejects.toMatchObject({ code: 'not_found' });
    await expect(second.retry(two)).rejects.toMatchObject({ code: 'not_found' });

    const third = site.tab('third');
    await third.ready;
    expect(third.dead.map(({ id }) => id)).toEqual([three]);
  });

  test('NET-10 what no server took in 7 days is a dead letter, or told its caller, and keeps its key', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    first.post(url, 1);
    await site.pass(1000);
    site.kill('first');
    const second = site.tab('second');
    await site.pass(1000);
    site.world.now += 8 * 86_400_000;
    const fresh = fate(second.post('https://site.test/other', 2));
    await site.pass(1000);
    site.up = true;
    await site.pass(60_000);
    expect(second.dead).toMatchObject([{ body: '1', error: { code: 'timeout' } }]);
    expect([site.bodies, fresh.value?.ok]).toEqual([['2'], true]);
    const id = second.dead[0]?.id;
    const retried = fate(second.retry(String(id)));
    await site.pass();
    expect([site.seen.at(-1)?.key, retried.value?.ok]).toEqual([id, true]);

    site.up = false;
    const late = fate(second.post(url, 3));
    await site.pass(1000);
    site.world.now += 8 * 86_400_000;
    site.up = true;
    await site.pass(60_000);
    expect(late.error).toMatchObject({ code: 'timeout' });
    expect(second.dead).toEqual([]);
  });

  test('NET-13 another user has nothing of it, and it is still there for the first', async () => {
    start();
    site.up = false;
    site.tab('first', { user: 'ann' }).post(url, 'of ann');
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    const bob = site.tab('second', { user: 'bob' });
    await site.pass(60_000);
    expect([bob.sync.pending, site.seen]).toEqual([0, []]);
    site.tab('third', { user: 'ann' });
    await site.pass(1000);
    expect(site.bodies).toEqual(['"of ann"']);
  });

  test('NET-13 forget gives all up, also what another page left', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    const other = site.tab('other', { user: 'bob' });
    other.post(url, 'of bob');
    first.post(url, 1);
    await site.pass(1000);
    site.kill('first');
    const second = site.tab('second');
    const sent = fate(second.post(url, 2));
    await site.pass(1000);
    await second.forget();
    await site.pass();
    expect(sent.error).toMatchObject({ code: 'aborted' });
    site.up = true;
    await site.pass(60_000);
    expect([site.bodies, second.sync.pending]).toEqual([['"of bob"'], 0]);
  });

  test('NET-14 close tells the callers, and the next page goes on', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    const sent = first.post(url, 1);
    await site.pass(1000);
    first.close();
    await expect(sent).rejects.toMatchObject({ code: 'closed' });
    site.up = true;
    site.tab('second');
    await site.pass(60_000);
    expect([site.bodies, site.errors]).toEqual([['1'], []]);
  });
});

describe('tabs', () => {
  test('NET-11 only one at a time sends in a lane, in the order in which the requests were made', async () => {
    start();
    site.up = false;
    const tabs = ['a', 'b', 'c'].map((name) => site.tab(name));
    const sent: ReturnType<typeof fate<Response>>[] = [];
    for (let n = 0; n < 30; n++) {
      const tab = tabs[(n * 7) % 3];
      if (tab) sent.push(fate(tab.post(url, n)));
      await site.pass(10);
    }
    let under = 0;
    site.answer = async () => {
      expect(++under).toBe(1);
      await new Promise<void>((resolve) => void site.world.after(5, resolve));
      under--;
      return new Response('ok');
    };
    site.up = true;
    await site.pass(120_000);
    expect(site.bodies).toEqual(Array.from({ length: 30 }, (_, n) => String(n)));
    expect(sent.every(({ value }) => value?.ok)).toBe(true);
  });

  test('NET-11 what a tab leaves behind that dies is sent by one that lives', async () => {
    start();
    const network = site.tab('living');
    site.answer = ({ body }) => (body === '1' ? 'silence' : new Response('ok'));
    const dying = site.tab('dying');
    await site.pass();
    dying.post(url, 1);
    dying.post(url, 2);
    await site.pass(10);
    network.post(url, 3);
    await site.pass(10);
    expect(site.bodies).toEqual(['1']);
    site.kill('dying');
    site.answer = () => new Response('ok');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['1', '1', '2', '3']);
    expect(new Set(site.seen.map(({ key }) => key)).size).toBe(3);
    expect(await site.storage.read('')).toEqual([]);
  });

  test('NET-11 a page that is reloaded does not miss what its former self seems to hold yet', async () => {
    start();
    site.up = false;
    site.tab('former').post(url, 1);
    await site.pass(1000);
    site.kill('former');
    site.up = true;
    const [[, row] = []] = (await site.storage.read('')) as [string, Row][];
    site.locks.of('ghost').request(`tutti:network//tab/${row?.owner}`, () => new Promise(() => {}));
    site.tab('reloaded');
    await site.pass(1000);
    expect(site.bodies).toEqual([]);
    site.locks.kill('ghost');
    await site.pass(1000);
    expect(site.bodies).toEqual(['1']);
  });

  test('NET-11 one that lives waits for what it has found, and takes it when its tab is gone', async () => {
    start();
    site.answer = () => 'silence';
    site.tab('dying').post(url, 1);
    await site.pass(10);
    site.tab('living');
    await site.pass(10);
    site.answer = () => new Response('ok');
    expect(site.bodies).toEqual(['1']);
    site.kill('dying');
    await site.pass(1000);
    expect([site.bodies, new Set(site.seen.map(({ key }) => key)).size]).toEqual([['1', '1'], 1]);
  });

  test('NET-11 NET-10 one that is seen again knows what others have left and discarded', async () => {
    start();
    const { sign } = platform(true);
    const network = site.tab('living');
    await network.ready;
    site.up = false;
    site.tab('dying').post(url, 1);
    await site.pass(1000);
    site.kill('dying');
    site.up = true;
    site.answer = () => new Response('no', { status: 400 });
    sign('focus');
    await site.pass(60_000);
    const other = site.tab('other');
    await other.ready;
    expect([network.dead.length, other.dead]).toEqual([1, network.dead]);
    await other.discard(String(other.dead[0]?.id));
    sign('focus');
    await site.pass();
    expect([network.dead, network.sync.state]).toEqual([[], 'synced']);
  });

  test('NET-10 what is discarded while the page looks again stays so', async () => {
    start();
    site.up = false;
    const { sign } = platform(true);
    site.tab('first').post(url, 1);
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    site.answer = () => new Response('no', { status: 400 });
    const storage = bound(site.storage);
    const network = site.tab('second', { storage });
    await site.pass(60_000);
    const { read } = storage;
    let answer = (): void => {};
    storage.read = async (prefix) => {
      const rows = await read(prefix);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return rows;
    };
    sign('focus');
    await site.pass();
    await network.discard(String(network.dead[0]?.id));
    answer();
    await site.pass();
    expect(network.dead).toEqual([]);
  });

  test('NET-11 two that find the same left behind send it once', async () => {
    start();
    site.up = false;
    site.tab('first').post(url, 1);
    await site.pass(1000);
    site.kill('first');
    const tabs = [site.tab('second'), site.tab('third')];
    await Promise.all(tabs.map((tab) => tab.ready));
    site.answer = () => new Response('no', { status: 400 });
    site.up = true;
    await site.pass(60_000);
    expect([site.bodies, tabs.map(({ sync }) => sync.pending)]).toEqual([['1'], [0, 0]]);
  });

  test('NET-11 without locks each sends what it finds, with the same key', async () => {
    start();
    site.up = false;
    const first = site.tab('first', { locks: undefined as never });
    first.post(url, 1);
    await site.pass(1000);
    site.tab('second', { locks: undefined as never });
    site.up = true;
    await site.pass(60_000);
    expect(new Set(site.seen.map(({ key }) => key)).size).toBe(1);
    expect(await site.storage.read('')).toEqual([]);
  });

  test('NET-11 what one tab has sent no other finds, however slow the storage is', async () => {
    start();
    const slow = {
      ...bound(site.storage),
      write: async (changes: readonly Change[]) => {
        await new Promise<void>((resolve) => void site.world.after(50, resolve));
        return site.storage.write(changes);
      },
    };
    const [one, two] = [site.tab('one', { storage: slow }), site.tab('two')];
    one.post(url, 1);
    await site.pass(60);
    two.post(url, 2);
    await site.pass(1000);
    expect(site.bodies).toEqual(['1', '2']);
  });

  test('NET-11 a page that has nothing to send holds no lock', async () => {
    start();
    const network = site.tab();
    const held = async () => (await site.locks.of('any').query()).held?.length;
    await site.pass(1000);
    expect(await held()).toBe(0);
    site.up = false;
    network.post(url, 1);
    await site.pass(1000);
    expect(await held()).toBe(2);
    site.up = true;
    await site.pass(20_000);
    expect([site.bodies, await held()]).toEqual([['1'], 0]);
    network.post(url, 2);
    await site.pass();
    expect([site.bodies, await held()]).toEqual([['1', '2'], 0]);
  });

  test('NET-11 locks that the browser forbids are as none', async () => {
    start();
    const locks = { request: () => Promise.reject(new DOMException('', 'SecurityError')) } as never;
    const network = site.tab('tab', { locks });
    const sent = fate(network.post(url, 1));
    await site.pass();
    expect(sent.value?.ok).toBe(true);
  });
});

describe('the storage', () => {
  test('NET-13 one that cannot be read is told, and all goes on in memory', async () => {
    start();
    const error = new Error('no storage');
    const storage = { ...bound(site.storage), durable: true, read: () => Promise.reject(error) };
    const network = site.tab('tab', { storage });
    const sent = fate(network.post(url, 1));
    await site.pass();
    expect([site.errors, network.durable, sent.value?.ok]).toEqual([[error], false, true]);
  });

  test('NET-13 one that is full is told, nothing is lost, and durable says so until it is over', async () => {
    start();
    const error = new Error('full');
    const storage = { ...bound(site.storage), durable: true };
    const network = site.tab('tab', { storage });
    await network.ready;
    site.up = false;
    const { write } = storage;
    storage.write = () => Promise.reject(error);
    const sent = fate(network.post(url, 1));
    await site.pass(1000);
    expect([site.errors, network.durable, network.sync.pending]).toEqual([[error], false, 1]);
    storage.write = write;
    site.up = true;
    await site.pass(60_000);
    expect([site.bodies, sent.value?.ok, network.durable]).toEqual([['1'], true, true]);
  });

  test('NET-7 NET-13 what is stored and what is not are sent in one order', async () => {
    start();
    const storage = bound(site.storage);
    const network = site.tab('tab', { storage });
    await network.ready;
    site.answer = () => 'silence';
    site.tab('other').post(url, 0);
    await site.pass(1000);
    const { write } = storage;
    storage.write = () => Promise.reject(new Error('full'));
    network.post(url, 1);
    await site.pass(10);
    storage.write = write;
    network.post(url, 2);
    await site.pass(1000);
    site.answer = () => new Response('ok');
    site.kill('other');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['0', '0', '1', '2']);
  });

  test('NET-13 one that is lost is written again', async () => {
    start();
    let lose = (): void => {};
    const storage = {
      ...bound(site.storage),
      onLost: (listener: () => void) => {
        lose = listener;
        return () => {};
      },
    };
    site.up = false;
    const network = site.tab('first', { storage });
    for (const n of [1, 2]) network.post(url, n);
    await site.pass(1000);
    const rows = await site.storage.read('');
    await site.storage.write(rows.map(([key]) => [key, undefined]));
    lose();
    await site.pass();
    expect(await site.storage.read('')).toEqual(rows);
    site.kill('first');
    site.up = true;
    site.tab('second');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['1', '2']);
  });

  test('NET-13 what is damaged is told and left alone, and the rest goes on', async () => {
    start();
    site.up = false;
    site.tab('first').post(url, 1);
    await site.pass(1000);
    site.kill('first');
    await site.storage.write([['network//lane/x/y', { id: 1 }]]);
    site.up = true;
    site.tab('second');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['1']);
    expect(site.errors[0]).toMatchObject({ code: 'bad_message' });
    expect((await site.storage.read('')).length).toBe(1);
  });

  test('NET-13 where there is none of its own, memory, and durable says so', () => {
    start();
    const network = site.tab('tab', { storage: memoryStorage() });
    expect([network.durable, network.sync.durable]).toEqual([false, false]);
  });
});
