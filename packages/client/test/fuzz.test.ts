import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect, type Entry, type Publication, type TuttiError } from '../src/index.ts';
import { Hubs } from './hubs.ts';
import { calm, ModelServer, type Passage } from './model.ts';
import { World } from './world.ts';

interface Reading {
  topic: string;
  /** Offsets of the log before which it began; undefined until told. */
  start?: number;
  seen: Entry[];
  stop: () => void;
  stopped: boolean;
}

interface Sending {
  topic: string;
  data: string;
  key: string | undefined;
  publication: Publication;
  ended?: { offset?: number; error?: TuttiError } | undefined;
}

const topics = ['chat:a', 'chat:b'];
const open = { ws: 'open', sse: 'open', poll: 'open', commands: 'open' } as const;
const bad = ['no\n', 'no\ud800', 'é'.repeat(128)];
const passages: Passage[] = ['open', 'open', 'open', 'refused', 'hung', 'muted', 'portal'];
const keys = [undefined, undefined, '', 'k', '"é', 'x'.repeat(255), ...bad];
const taken = new Set<string>();
/** How many clients shared a connection in the end. */
const shares: number[] = [];

/** Whatever happens on the way, in the end all agree with the log. */
async function play(seed: number, shared = false): Promise<void> {
  const world = new World(seed);
  const server = new ModelServer(world);
  const hubs = shared ? new Hubs(server) : undefined;
  server.faults = { ...calm, refuse: 0.05, reject: 0.05, cut: 0.03, expire: 0.3, dial: 0.2 };
  const readings: Reading[] = [];
  const sendings: Sending[] = [];
  const thrown: unknown[] = [];
  const told = new Map<Client, Map<string, number[]>>();
  const clients = [0, 1, 2].map(() => {
    const client = connect('http://tutti.test/base', {
      token: async () => 'jwt',
      WebSocket: (hubs ?? server).WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
      onError: (e) => thrown.push(e),
    });
    const mine = new Map<string, number[]>(topics.map((t) => [t, []]));
    told.set(client, mine);
    client.onStatus((s) => s.state === 'live' && s.road && taken.add(s.road));
    client.onMessage((_, entry, topic) => mine.get(topic)?.push(entry.offset));
    for (const topic of topics) client.topic(topic).subscribe(() => {});
    return client;
  });
  const any = <A>(all: readonly A[]): A => all[world.below(all.length)] as A;

  const read = (client: Client, topic: string): void => {
    const from = any(['new', 'earliest', { last: world.below(5) }] as const);
    const reading: Reading = { topic, seen: [], stop: () => {}, stopped: false };
    const quits = world.chance(0.2) ? 1 + world.below(8) : Infinity;
    const unsubscribe = client.topic<string>(topic).subscribe(
      (data, entry) => {
        expect(reading.stopped).toBe(false);
        expect(data).toBe(entry.data);
        reading.seen.push(entry);
        if (reading.seen.length === quits) reading.stop();
        if (world.chance(0.05)) write(client, any(topics));
        if (world.chance(0.02)) throw new Error('a bad handler');
      },
      {
        from,
        onStart: (s) => {
          expect(s.recovered).toBe(true);
          expect(reading.start).toBeUndefined();
          reading.start = s.offset;
        },
      },
    );
    reading.stop = () => {
      reading.stopped = true;
      unsubscribe();
      unsubscribe();
    };
    readings.push(reading);
  };

  const write = (client: Client, topic: string): void => {
    const data = `${sendings.length}`;
    const key = any(keys);
    const controller = new AbortController();
    const publication = client.topic(topic).publish(data, {
      ...(world.chance(0.2) && { timeout: 1 + world.below(3000) }),
      ...(key !== undefined && { key }),
      signal: controller.signal,
    });
    if (world.chance(0.1)) world.after(world.below(500), () => controller.abort());
    const sending: Sending = { topic, data, key, publication };
    sendings.push(sending);
    const end = (e: Sending['ended']): void => {
      expect(sending.ended).toBeUndefined();
      sending.ended = e;
    };
    publication.then(
      ({ offset }) => end(offset === undefined ? {} : { offset }),
      (error: TuttiError) => end({ error }),
    );
  };

  const network = (): void => {
    const road = any(['ws', 'ws', 'sse', 'poll', 'commands'] as const);
    server.passage[road] = any(passages);
    if (road === 'ws') for (const link of server.links) link.freeze();
    else for (const session of [...server.sessions]) if (session.road === road) session.end();
  };

  const writers = new Map<Client, Sending[]>(clients.map((c) => [c, []]));
  for (let step = 0; step < 150; step++) {
    const client = any(clients);
    const topic = any(topics);
    const dice = world.random();
    if (dice < 0.1) read(client, topic);
    else if (dice < 0.15) readings[world.below(readings.length)]?.stop();
    else if (dice < 0.2) any([...server.sessions])?.cut(1006);
    else if (dice < 0.22) network();
    else if (hubs && dice < 0.24) hubs.kill(world.chance(0.3));
    else if (dice < 0.25) server.append(topic, 'from a backend');
    else if (dice < 0.28) client.connect();
    else {
      const from = sendings.length;
      write(client, topic);
      writers.get(client)?.push(...sendings.slice(from, from + 1));
    }
    await world.pass(world.below(world.chance(0.03) ? 60_000 : 200));
  }
  server.faults = calm;
  server.passage = { ...open };
  await world.pass(10 * 60_000);

  if (hubs) expect(server.links.size - hubs.directs.size, 'one connection').toBe(hubs.links.size ? 1 : 0);
  if (hubs) shares.push(hubs.links.size);
  for (const s of sendings) {
    const logged = server.log(s.topic).entries.filter((e) => e.data === s.data);
    const places = logged.map((e) => e.offset);
    for (const e of logged) expect(e.key).toBe(s.key || undefined);
    expect(places.length, `${s.data} is in the log at most once`).toBeLessThan(2);
    expect(s.ended, `${s.data} is settled`).toBeDefined();
    if (bad.includes(s.key ?? '')) expect(s.ended?.error?.code).toBe('bad_message');
    const { status } = s.publication;
    if (status === 'acknowledged') expect(places).toEqual([s.ended?.offset]);
    else if (status === 'rejected') expect(places, `${s.data}: ${s.ended?.error?.code}`).toEqual([]);
    else expect([status, s.ended?.error?.code]).toEqual(['unconfirmed', 'timeout']);
  }
  for (const mine of writers.values()) {
    for (const topic of topics) {
      const data = mine.filter((s) => s.topic === topic).map((s) => s.data);
      const logged = server
        .log(topic)
        .entries.map((e) => e.data)
        .filter((d) => data.includes(d as string));
      expect(logged, 'a client is logged in the order in which it published').toEqual(
        data.filter((d) => logged.includes(d)),
      );
    }
  }
  for (const r of readings) {
    if (r.start === undefined) expect([r.stopped, r.seen]).toEqual([true, []]);
    const after = server.log(r.topic).entries.slice(r.start ?? 0);
    expect(r.seen).toEqual(r.stopped ? after.slice(0, r.seen.length) : after);
  }
  for (const mine of told.values())
    for (const offsets of mine.values()) expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
  for (const e of thrown) expect((e as Error).message).toBe('a bad handler');

  for (const client of clients) {
    expect(client.online).toBe(true);
    const last = client.topic(topics[0] as string).publish('too late to be sent');
    client.close();
    await expect(last).rejects.toMatchObject({ code: 'closed' });
    expect(client.status.state).toBe('closed');
  }
  await world.pass(60_000);
  expect([server.links.size, server.sessions.size]).toEqual([0, 0]);
}

// So that no seed waits for the disk when a client loads it.
beforeAll(() => import('../src/fallback.ts'));

describe('so it is when tabs share a connection, and it ends', () => {
  const seeds = process.env.TUTTI_SEEDS ? Number(process.env.TUTTI_SEEDS) : 60;
  test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
    'TABS-1 TABS-2 TABS-4 seed %i',
    (seed) => play(seed, true),
    60_000,
  );

  afterAll(() => expect(Math.max(...shares)).toBe(3));
});

describe('whatever happens, all settle and every handler sees exactly the log', () => {
  const seeds = process.env.TUTTI_SEEDS ? Number(process.env.TUTTI_SEEDS) : 60;
  test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
    'PUB-4 PUB-5 CONN-4 CONN-7 CONN-10 CONN-11 CONN-12 seed %i',
    (seed) => play(seed),
    60_000,
  );

  afterAll(() => expect([...taken].sort()).toEqual(['poll', 'sse', 'ws']));
});
