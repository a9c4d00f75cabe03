import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type Client, connect, type Options, type Road } from '../src/index.ts';
import { ModelServer } from './model.ts';
import { World } from './world.ts';

// So that no test waits for the disk when the client loads it.
beforeAll(() => import('../src/fallback.ts'));

interface Stage {
  world: World;
  server: ModelServer;
  client: Client;
  /** The roads that were live, in order. */
  roads: Road[];
  seen: unknown[];
  errors: unknown[];
}

/** A client that reads topic t, with one entry in it. */
function setUp(options: Options = {}, server = new ModelServer(new World(11))): Stage {
  const { world } = server;
  const errors: unknown[] = [];
  server.append('t', 'first');
  const client = connect('https://tutti.test/base/', {
    WebSocket: server.WebSocket,
    fetch: server.fetch,
    random: world.random,
    now: () => world.now,
    timers: world.timers,
    onError: (e) => errors.push(e),
    ...options,
  });
  const roads: Road[] = [];
  client.onStatus((s) => {
    if (s.state === 'live' && s.road && s.road !== roads.at(-1)) roads.push(s.road);
  });
  const seen: unknown[] = [];
  client.topic('t').subscribe((data) => seen.push(data), { from: 'earliest' });
  return { world, server, client, roads, seen, errors };
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe.each(['sse', 'poll'] as const)('over %s', (road) => {
  test('ROAD-1 CONN-13 it reads, publishes and asks for pages', async () => {
    const { world, server, client, seen, errors } = setUp({ roads: [road], token: 'jwt' });
    const topic = client.topic<number>('t');
    await world.pass(2000);
    expect(client.status).toEqual({ state: 'live', road });
    const sent = upTo(100).map((n) => topic.publish(n));
    const page = topic.history({ after: 0, limit: 3 });
    await world.pass(3000);
    expect(seen).toEqual(['first', ...upTo(100)]);
    expect((await Promise.all(sent)).map((s) => s.offset)).toEqual(upTo(100).map((n) => n + 1));
    expect((await page).entries.map((e) => e.data)).toEqual(['first', 1, 2]);
    expect(server.requests.filter((r) => r === 'commands').length).toBeLessThan(6);
    for (const m of server.heard)
      if (m.type === 'hello') expect(m).toMatchObject({ token: 'jwt', clients: [{ run: 1 }] });
    expect(errors).toEqual([]);
    client.close();
    await world.pass(60_000);
    expect(server.sessions.size).toBe(0);
  });

  test('LIVE-1 a quiet stream stays the same connection', async () => {
    const { world, server, client } = setUp({ roads: [road] });
    await world.pass(20 * 60_000);
    expect(client.online).toBe(true);
    expect([...server.runs.values()]).toEqual([1]);
    client.close();
  });

  test('SUB-5 subscriptions come and go, each entry once', async () => {
    const { world, server, client, seen } = setUp({ roads: [road] });
    await world.pass(1000);
    const late: unknown[] = [];
    const other: unknown[] = [];
    const stop = client.topic('t').subscribe((data) => late.push(data), { from: { last: 1 } });
    client.topic('u').subscribe((data) => other.push(data));
    await world.pass(1000);
    server.append('t', 2);
    server.append('u', 3);
    await world.pass(1000);
    stop();
    await world.pass(1000);
    server.append('t', 4);
    await world.pass(1000);
    expect([seen, late, other]).toEqual([['first', 2, 4], ['first', 2], [3]]);
    expect([...server.runs.values()]).toEqual([1]);
    client.close();
  });

  test('CONN-9 a fresh token opens the stream anew', async () => {
    let asked = 0;
    const token = async (): Promise<string> => `jwt ${++asked}`;
    const { world, server, client, seen } = setUp({ roads: [road], token });
    await world.pass(1000);
    for (const session of server.sessions) session.expire();
    server.append('t', 2);
    await world.pass(1000);
    const sent = client.topic('t').publish(3);
    await world.pass(1000);
    expect((await sent).offset).toBe(3);
    expect(seen).toEqual(['first', 2, 3]);
    expect(server.heard.filter((m) => m.type === 'hello').at(-1)).toMatchObject({ token: 'jwt 2' });
    expect([...server.runs.values()]).toEqual([1]);
    client.close();
  });

  test('PUB-5 an answer that is lost after the commit: the entry is in the log once', async () => {
    const { world, server, client, seen } = setUp({ roads: [road] });
    await world.pass(1000);
    server.loseAnswers = 2;
    const sent = [2, 3].map((n) => client.topic('t').publish(n));
    await world.pass(20_000);
    expect((await Promise.all(sent)).map((s) => s.offset)).toEqual([2, 3]);
    expect(server.loseAnswers).toBe(0);
    expect(server.log('t').entries.map((e) => e.data)).toEqual(['first', 2, 3]);
    expect(seen).toEqual(['first', 2, 3]);
    client.close();
  });

  test('CONN-13 commands that are not answered within 30 s end the connection', async () => {
    const { world, server, client } = setUp({ roads: [road] });
    await world.pass(1000);
    server.passage.commands = 'hung';
    const sent = client.topic('t').publish(2);
    await world.pass(29_000);
    expect([client.online, server.runs.values().next().value]).toEqual([true, 1]);
    server.passage.commands = 'open';
    await world.pass(5000);
    expect((await sent).offset).toBe(2);
    expect([...server.runs.values()]).toEqual([2]);
    client.close();
  });

  test('CONN-5 a stream that went mute is noticed, and left', async () => {
    const { world, server, client, seen } = setUp({ roads: [road] });
    await world.pass(1000);
    server.passage = { ...server.passage, [road]: 'muted' };
    for (const session of [...server.sessions]) session.end();
    server.append('t', 2);
    await world.pass(70_000);
    expect(client.online).toBe(false);
    server.passage = { ...server.passage, [road]: 'open' };
    await world.pass(40_000);
    expect([client.online, seen]).toEqual([true, ['first', 2]]);
    client.close();
  });

  test('ROAD-5 an error in answer to hello is told', async () => {
    const { world, server, client } = setUp({ roads: [road] });
    await world.pass(1000);
    server.runs.set(server.runs.keys().next().value as string, 5);
    server.cutAll();
    const told: unknown[] = [];
    client.onStatus((s) => s.error && told.push(s.error.code));
    await world.pass(20_000);
    expect(told[0]).toBe('stale_run');
    expect(client.online).toBe(true);
    client.close();
  });

  test.each(['refused', 'hung', 'portal'] as const)(
    'a road that is %s gets no word, and is tried again',
    async (passage) => {
      const { world, server, client, seen, errors } = setUp({ roads: [road] });
      server.passage = { ws: passage, sse: passage, poll: passage, commands: passage };
      await world.pass(40_000);
      expect(['backoff', 'connecting']).toContain(client.status.state);
      server.passage = { ws: 'open', sse: 'open', poll: 'open', commands: 'open' };
      await world.pass(40_000);
      expect([client.online, seen, errors]).toEqual([true, ['first'], []]);
      client.close();
    },
  );
});

describe('down and up', () => {
  test.each(['refused', 'hung', 'muted'] as const)(
    'CONN-11 a WebSocket that is %s: over the event stream',
    async (ws) => {
      const server = new ModelServer(new World(5));
      server.passage.ws = ws;
      const { world, client, seen } = setUp({}, server);
      await world.pass(13_000);
      expect(client.status).toEqual({ state: 'live', road: 'sse' });
      const sent = client.topic('t').publish(2);
      await world.pass(1000);
      expect([(await sent).offset, seen]).toEqual([2, ['first', 2]]);
      client.close();
    },
  );

  test('CONN-11 an event stream that is held back: by polling', async () => {
    const server = new ModelServer(new World(5));
    server.passage.ws = 'refused';
    server.passage.sse = 'muted';
    const { world, client, seen } = setUp({}, server);
    await world.pass(20_000);
    expect(client.status).toEqual({ state: 'live', road: 'poll' });
    expect(seen).toEqual(['first']);
    client.close();
  });

  test('CONN-11 CONN-12 taken away one after the other and given back: every entry once', async () => {
    const { world, server, client, roads, seen } = setUp();
    const sent: Promise<unknown>[] = [];
    let n = 1;
    const talk = async (ms: number): Promise<void> => {
      for (let t = 0; t < ms; t += 1000) {
        server.append('t', ++n);
        sent.push(client.topic('u').publish(n));
        await world.pass(1000);
      }
    };
    await talk(20_000);
    server.passage.ws = 'hung';
    for (const link of server.links) link.freeze();
    await talk(60_000);
    expect(roads).toEqual(['ws', 'sse']);
    server.passage.sse = 'muted';
    for (const s of [...server.sessions]) if (s.road === 'sse') s.end();
    await talk(70_000);
    expect(roads).toEqual(['ws', 'sse', 'poll']);
    server.passage.sse = 'open';
    await talk(5 * 60_000);
    expect(client.status.road).toBe('sse');
    server.passage.ws = 'open';
    await talk(11 * 60_000);
    expect(roads).toEqual(['ws', 'sse', 'poll', 'sse', 'ws']);
    await Promise.all(sent);
    expect(seen).toEqual(['first', ...upTo(n).slice(1)]);
    expect(server.log('u').entries.map((e) => e.data)).toEqual(upTo(n).slice(1));
    client.close();
    await world.pass(60_000);
    expect([server.links.size, server.sessions.size]).toEqual([0, 0]);
  }, 60_000);

  test('CONN-12 a try that is out when the client closes leaves nothing behind', async () => {
    const server = new ModelServer(new World(5));
    server.passage.ws = 'refused';
    const { world, client } = setUp({}, server);
    await world.pass(3000);
    expect(client.status.road).toBe('sse');
    server.passage.ws = 'muted';
    while (!server.links.size) await world.pass(100);
    client.close();
    await world.pass(10_000);
    expect(server.links.size).toBe(0);
  });

  test('a fallback that is shut before it was loaded is never opened', async () => {
    const { world, server, client } = setUp({ roads: ['sse'] });
    client.close();
    await world.pass(10_000);
    expect(server.requests).toEqual([]);
  });
});

describe('the road of the last time', () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  const page = (localStorage: unknown): void => {
    stored.clear();
    vi.stubGlobal('document', new EventTarget());
    vi.stubGlobal('addEventListener', undefined);
    vi.stubGlobal('localStorage', localStorage);
  };
  const enter = async (server: ModelServer, options: Options = {}): Promise<Road[]> => {
    const { world, client, roads } = setUp(options, server);
    await world.pass(3000);
    client.close();
    return roads;
  };

  test('is taken first by the next page, for a day', async () => {
    page(storage);
    try {
      const server = new ModelServer(new World(5));
      server.passage.ws = 'refused';
      expect(await enter(server)).toEqual(['sse']);
      expect([...stored.keys()]).toEqual(['tutti:road:https://tutti.test/base/v1']);
      server.passage.ws = 'open';
      expect(await enter(server, { roads: ['poll'] })).toEqual(['poll']);
      expect(await enter(server)).toEqual(['sse']);
      await server.world.pass(86_400_000);
      expect(await enter(server)).toEqual(['ws']);
      expect([...stored]).toEqual([]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test.each([
    [
      'is forbidden',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('SecurityError');
          },
        },
      ),
    ],
    ['is missing', undefined],
    ['holds nonsense', { ...storage, getItem: () => 'carrier-pigeon 99999999999999' }],
    [
      'is full',
      {
        ...storage,
        setItem: () => {
          throw new Error('QuotaExceededError');
        },
      },
    ],
  ])('does not matter where storage %s', async (_, broken) => {
    page(broken);
    try {
      expect(await enter(new ModelServer(new World(5)))).toEqual(['ws']);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
