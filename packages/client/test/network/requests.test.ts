import { describe, expect, test } from 'vitest';
import { RejectedError } from '../../src/network.ts';
import { bound, fate, site, start } from './site.ts';

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
