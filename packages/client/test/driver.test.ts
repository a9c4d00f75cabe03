import { describe, expect, test, vi } from 'vitest';
import { type Client, connect, type Options, type Status, TuttiError } from '../src/index.ts';
import type { Link } from './link.ts';
import { ModelServer } from './model.ts';
import { World } from './world.ts';

function setUp(options: Options = {}): {
  world: World;
  server: ModelServer;
  client: Client;
  errors: unknown[];
} {
  const world = new World(7);
  const server = new ModelServer(world);
  const errors: unknown[] = [];
  const client = connect('https://tutti.test/base/', {
    WebSocket: server.WebSocket,
    fetch: server.fetch,
    random: world.random,
    now: () => world.now,
    timers: world.timers,
    onError: (e) => errors.push(e),
    ...options,
  });
  return { world, server, client, errors };
}

describe('connecting', () => {
  test('CONN-1 status and online follow the connection', async () => {
    const { world, server, client } = setUp({ token: 'jwt' });
    const states: Status[] = [];
    const stop = client.onStatus((s) => states.push(s));
    expect(client.status).toEqual({ state: 'connecting', road: 'ws' });
    expect(client.online).toBe(false);
    await world.pass(1000);
    expect(client.online).toBe(true);
    expect([...server.links][0]?.url).toBe('wss://tutti.test/base/v1/ws');
    expect(server.heard[0]).toMatchObject({ type: 'hello', token: 'jwt', clients: [{ run: 1 }] });
    server.cutAll();
    expect(client.status).toMatchObject({ state: 'backoff', attempt: 2 });
    await world.pass(5000);
    stop();
    stop();
    client.close();
    expect(states.map((s) => s.state)).toEqual(['live', 'backoff', 'connecting', 'live']);
  });

  test('CONN-3 a parked client says why, and connect leaves it', async () => {
    const { world, server, client } = setUp();
    await world.pass(1000);
    for (const link of [...server.links]) link.cut(4205);
    expect(client.status.state).toBe('parked');
    expect(client.status.error).toBeInstanceOf(TuttiError);
    expect(client.status.error).toMatchObject({ code: 'forbidden', retryable: false });
    await world.pass(100_000);
    expect(client.status.state).toBe('parked');
    client.connect();
    await world.pass(1000);
    expect(client.online).toBe(true);
    client.close();
  });

  test('CONN-9 a fresh token is asked for, and what was refused is sent again', async () => {
    const tokens: string[] = [];
    const token = async (): Promise<string> => {
      tokens.push(`jwt ${tokens.length}`);
      return tokens.at(-1) as string;
    };
    const { world, server, client } = setUp({ token });
    await world.pass(1000);
    for (const link of server.links) link.expire();
    const sent = client.topic('t').publish(1);
    await world.pass(1000);
    expect(await sent).toMatchObject({ offset: 1 });
    expect(server.heard.find((m) => m.type === 'auth')).toMatchObject({ token: 'jwt 1' });
    client.close();
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no session');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no session'))],
    ['gives none', () => ''],
  ])('CONN-2 a token function that %s is asked again', async (_, give) => {
    const token = vi.fn(give);
    const { world, client } = setUp({ token });
    await world.pass(10);
    expect(client.status).toMatchObject({ state: 'backoff', error: { code: 'disconnected' } });
    token.mockImplementation(() => 'jwt');
    await world.pass(10_000);
    expect([client.online, token.mock.calls.length]).toEqual([true, 2]);
    client.close();
  });

  test('CONN-5 a server that went silent is left', async () => {
    const { world, server, client } = setUp();
    await world.pass(1000);
    for (const link of server.links) link.freeze();
    await world.pass(36_000);
    expect(client.status.state).toBe('probing');
    await world.pass(5_000);
    expect(client.status.state).not.toBe('probing');
    await world.pass(20_000);
    expect([client.online, server.runs.size]).toEqual([true, 1]);
    client.close();
  });

  test.each([
    ['neither WebSocket nor fetch', {}],
    ['no WebSocket', { fetch, roads: ['ws'] }],
    ['no fetch', { WebSocket: ModelServer.prototype.WebSocket, roads: ['sse', 'poll'] }],
    ['no road to take', { fetch, roads: [] }],
  ] as const)('a platform with %s is told so', (_, options) => {
    vi.stubGlobal('WebSocket', undefined);
    vi.stubGlobal('fetch', undefined);
    try {
      expect(() => connect('http://localhost', options)).toThrow(/No road/);
      expect(() => connect('http://localhost', options)).toThrow(TuttiError);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('publishing', () => {
  test('CONN-7 queued, sent, acknowledged', async () => {
    const { world, server, client } = setUp();
    const sent = client.topic<{ text: string }>('t').publish({ text: 'hi' }, { name: 'say', key: 'ann' });
    expect(sent.status).toBe('queued');
    while (sent.status === 'queued') await world.pass(1);
    expect(sent.status).toBe('sent');
    await world.pass(1000);
    expect(sent.status).toBe('acknowledged');
    expect(await sent).toEqual({ offset: 1, term: 'AAAAAAAAAAA' });
    expect(server.log('t').entries).toMatchObject([{ data: { text: 'hi' }, name: 'say', key: 'ann' }]);
    client.close();
  });

  test('data is copied when it is published', async () => {
    const { world, server, client } = setUp();
    const data = { n: 1 };
    client.topic('t').publish(data);
    data.n = 2;
    await world.pass(1000);
    expect(server.log('t').entries[0]?.data).toEqual({ n: 1 });
    client.close();
  });

  const circle: unknown[] = [];
  circle.push(circle);
  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a circle', circle],
    ['a lone surrogate', 'a\ud800'],
    ['a lone surrogate in a name', { '\\\udc00': 1 }],
  ])('ENTRY-1 %s is no data', async (_, data) => {
    const { world, server, client } = setUp();
    const sent = client.topic('t').publish(data);
    expect(sent.status).toBe('rejected');
    await expect(sent).rejects.toMatchObject({ code: 'bad_message' });
    await world.pass(1000);
    expect(server.log('t').entries).toEqual([]);
    client.close();
  });

  test.each(['\\ud800', '\u{1f600}', '\\\\ud800'])('ENTRY-1 %j holds no lone surrogate', async (text) => {
    const { world, client } = setUp();
    const sent = client.topic('t').publish(text);
    await world.pass(1000);
    expect(sent.status).toBe('acknowledged');
    client.close();
  });

  test.each([7, 0, null, 'a\tb', 'a\udc00', '\x85', 'é'.repeat(128)])('ENTRY-5 %j is no key', async (key) => {
    const { world, server, client } = setUp();
    const sent = client.topic('t').publish(1, { key: key as string });
    expect(sent.status).toBe('rejected');
    await expect(sent).rejects.toMatchObject({ code: 'bad_message' });
    await world.pass(1000);
    expect(server.log('t').entries).toEqual([]);
    client.close();
  });

  test('ENTRY-5 an empty key is none', async () => {
    const { world, server, client } = setUp();
    client.topic('t').publish(1, { key: '' });
    await world.pass(1000);
    expect(server.log('t').entries).toHaveLength(1);
    expect(server.log('t').entries[0]).not.toHaveProperty('key');
    client.close();
  });

  test('ENTRY-3 a bad name fails that publish alone', async () => {
    const { client } = setUp();
    await expect(client.topic('t').publish(1, { name: 'open' })).rejects.toMatchObject({ code: 'bad_name' });
    expect(() => client.topic('a\nb')).toThrow(expect.objectContaining({ code: 'bad_topic' }));
    client.close();
  });

  test('CONN-7 timeout and abort before it was sent: it never comes', async () => {
    const { world, server, client } = setUp();
    const controller = new AbortController();
    const late = client.topic('t').publish('late', { timeout: 1 });
    const back = client.topic('t').publish('back', { signal: controller.signal });
    const before = client.topic('t').publish('before', { signal: AbortSignal.abort() });
    controller.abort();
    await world.pass(1000);
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    await expect(back).rejects.toMatchObject({ code: 'aborted' });
    await expect(before).rejects.toMatchObject({ code: 'aborted' });
    expect([late.status, back.status, before.status]).toEqual(['rejected', 'rejected', 'rejected']);
    expect(server.log('t').entries).toEqual([]);
    client.close();
  });

  test('CONN-8 too much fails at once', async () => {
    const { client } = setUp();
    const all = Array.from({ length: 1001 }, (_, i) => client.topic('t').publish(i));
    expect(all.filter((p) => p.status === 'rejected')).toHaveLength(1);
    await expect(all[1000]).rejects.toMatchObject({ code: 'queue_full' });
    client.close();
  });

  test('CONN-7 close settles all; afterwards nothing hangs', async () => {
    const { world, server, client, errors } = setUp();
    await world.pass(1000);
    const sent = client.topic('t').publish(1);
    const page = client.topic('t').history();
    client.close();
    client.close();
    expect(sent.status).toBe('unconfirmed');
    await expect(sent).rejects.toMatchObject({ code: 'closed' });
    await expect(page).rejects.toMatchObject({ code: 'closed' });
    await expect(client.topic('t').publish(2)).rejects.toMatchObject({ code: 'closed' });
    await expect(client.topic('t').history()).rejects.toMatchObject({ code: 'closed' });
    client.topic('t').subscribe(() => {});
    expect(errors).toMatchObject([{ code: 'closed' }]);
    client.connect();
    await world.pass(100_000);
    expect([client.status.state, server.links.size]).toEqual(['closed', 0]);
  });

  test('a failure that nobody looks at crashes nothing', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const { client } = setUp();
    client.topic('t').publish(1);
    client.topic('t').publish(undefined);
    client.topic('t').history();
    client.close();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('subscribing', () => {
  test('CONN-10 handlers share one subscription; one that throws stops no other', async () => {
    const { world, server, client, errors } = setUp();
    server.append('t', 'old');
    const first: unknown[] = [];
    const second: unknown[] = [];
    const all: unknown[] = [];
    client.onMessage((data, entry, topic) => all.push([topic, entry.offset, data]));
    client.topic('t').subscribe((data) => {
      first.push(data);
      throw new Error('oops');
    });
    await world.pass(1000);
    client.topic('t').subscribe((data, entry) => second.push([entry.offset, data]), { from: 'earliest' });
    await world.pass(1000);
    server.append('t', 'new');
    await world.pass(1000);
    expect(first).toEqual(['new']);
    expect(second).toEqual([
      [1, 'old'],
      [2, 'new'],
    ]);
    expect(all).toEqual([
      ['t', 1, 'old'],
      ['t', 2, 'new'],
    ]);
    expect(errors).toMatchObject([{ message: 'oops' }]);
    client.close();
  });

  test('unsubscribing within a handler, and twice, is safe', async () => {
    const { world, server, client, errors } = setUp();
    const topic = client.topic('t');
    const seen: string[] = [];
    const stops = ['a', 'b'].map((who) =>
      topic.subscribe(() => {
        seen.push(who);
        for (const stop of stops) stop();
        for (const stop of stops) stop();
      }),
    );
    await world.pass(1000);
    server.append('t', 1);
    server.append('t', 2);
    await world.pass(1000);
    expect(seen).toEqual(['a']);
    expect(errors).toEqual([]);
    expect(server.heard.filter((m) => m.type === 'unsubscribe')).toHaveLength(1);
    client.close();
  });

  test('SUB-4 a handler is told that it starts anew', async () => {
    const { world, server, client } = setUp();
    server.append('t', 1);
    const starts: unknown[] = [];
    const from = { offset: 9, term: 'BBBBBBBBBBB' };
    const seen: unknown[] = [];
    client.topic('t').subscribe((data) => seen.push(data), { from, onStart: (s) => starts.push(s) });
    await world.pass(1000);
    expect(starts).toEqual([{ offset: 0, recovered: false }]);
    expect(seen).toEqual([1]);
    client.close();
  });

  test.each([{ last: -1 }, { last: 1.5 }, { offset: 3 }, 'oldest', 5])(
    'SUB-1 from %j is told as an error',
    (from) => {
      const { client } = setUp();
      const failed: unknown[] = [];
      client.topic('t').subscribe(() => {}, { from: from as never, onError: (e) => failed.push(e.code) });
      expect(failed).toEqual(['bad_message']);
      client.close();
    },
  );

  test('a page of history', async () => {
    const { world, server, client } = setUp();
    for (let i = 1; i <= 5; i++) server.append('t', i);
    const page = client.topic<number>('t').history({ after: 1, limit: 2 });
    const controller = new AbortController();
    const aborted = client.topic('t').history({ signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    await world.pass(1000);
    expect((await page).entries.map((e) => e.data)).toEqual([2, 3]);
    expect((await page).head).toEqual({ offset: 5, term: 'AAAAAAAAAAA' });
    client.close();
  });
});

test.each([
  'no json',
  '5',
  '[{"type":1}]',
  '{"type":"entry","topic":"t"}',
  '{"type":"gap","topic":"t","seq":1}',
])('FRAME-1 a server that says %s is left, and tried again', async (frame) => {
  const { world, server, client, errors } = setUp();
  await world.pass(1000);
  const [link] = server.links;
  link?.sayText(frame);
  await world.pass(100);
  expect(errors).toMatchObject([{ code: 'bad_frame' }]);
  await world.pass(10_000);
  expect(client.online).toBe(true);
  client.close();
});

test('FRAME-2 what a newer server says besides is passed over', async () => {
  const { world, server, client, errors } = setUp();
  await world.pass(1000);
  const [link] = server.links;
  link?.sayText('[{"type":"novelty","x":1},{"type":"__proto__"},{"type":"pong","more":true}]');
  await world.pass(100);
  expect([client.online, errors, server.links.has(link as Link)]).toEqual([true, [], true]);
  client.close();
});
