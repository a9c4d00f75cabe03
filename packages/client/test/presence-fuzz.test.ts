import { beforeAll, describe, expect, test } from 'vitest';
import { connect, type Presence } from '../src/index.ts';
import { Hubs } from './hubs.ts';
import { calm, ModelServer, type Passage } from './model.ts';
import { World } from './world.ts';

const topics = ['chat:a', 'chat:b'];
const open = { ws: 'open', sse: 'open', poll: 'open', commands: 'open' } as const;
const passages: Passage[] = ['open', 'open', 'open', 'refused', 'hung', 'muted', 'portal'];
const users = ['ann', 'bob', 'ann', 'cat', 'ann'];

/** One that listens to who comes and goes. */
interface Watching {
  presence: Presence;
  /** Users who are there, as far as it was told. */
  there: Set<string> | undefined;
  stop(): void;
}

/** Whatever happens on the way, in the end every client shows who is there. */
async function play(seed: number, shared = false): Promise<void> {
  const world = new World(seed);
  const server = new ModelServer(world);
  const hubs = shared ? new Hubs(server) : undefined;
  server.userOf = (token) => ({ user: token });
  server.faults = { ...calm, refuse: 0.1, cut: 0.03, expire: 0.3, dial: 0.2 };
  const thrown: unknown[] = [];
  const clients = (shared ? ['ann', 'ann', 'ann'] : users).map((user) =>
    connect('http://tutti.test', {
      token: async () => user,
      WebSocket: (hubs ?? server).WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
      onError: (e) => thrown.push(e),
    }),
  );
  const any = <A>(all: readonly A[]): A => all[world.below(all.length)] as A;
  const watchings = new Set<Watching>();
  const meant = new Map<Presence, unknown>();

  const watch = (presence: Presence): void => {
    const watching: Watching = { presence, there: undefined, stop: () => {} };
    const stop = presence.onChange(({ joins, leaves, updates }) => {
      const joined = joins.map(({ id }) => id);
      const left = leaves.map(({ id }) => id);
      const now = presence.users.map(({ id }) => id);
      // Of the first list nothing is told.
      watching.there ??= new Set([...now.filter((id) => !joined.includes(id)), ...left]);
      const { there } = watching;
      for (const { id } of updates) expect(there.has(id), `${id} stays`).toBe(true);
      for (const id of left) expect(there.delete(id), `${id} leaves`).toBe(true);
      for (const id of joined) expect(there.has(id), `${id} joins`).toBe(false);
      for (const id of joined) there.add(id);
      expect([...there].sort()).toEqual(now.sort());
    });
    watching.stop = () => {
      stop();
      watchings.delete(watching);
    };
    watchings.add(watching);
  };

  const network = (): void => {
    const road = any(['ws', 'ws', 'sse', 'poll', 'commands'] as const);
    server.passage[road] = any(passages);
    if (road === 'ws') for (const link of server.links) link.freeze();
    else for (const session of [...server.sessions]) if (session.road === road) session.end();
  };

  let n = 0;
  for (let step = 0; step < 150; step++) {
    const presence = any(clients).presence(any(topics));
    const dice = world.random();
    if (dice < 0.1 && ![...watchings].some((w) => w.presence === presence)) watch(presence);
    else if (dice < 0.14) any([...watchings])?.stop();
    else if (dice < 0.2) any([...server.sessions])?.cut(1006);
    else if (dice < 0.22) network();
    else if (dice < 0.24) server.restart();
    else if (hubs && dice < 0.27) hubs.kill(world.chance(0.3));
    else if (dice < 0.4) {
      meant.delete(presence);
      presence.leave();
    } else if (dice < 0.5) {
      meant.set(presence, n);
      presence.enter(n++);
    } else if (presence.me) {
      if (world.chance(0.2)) presence.signal('wave', n);
      meant.set(presence, n);
      presence.update(n++);
    }
    await world.pass(world.below(world.chance(0.03) ? 60_000 : 200));
  }
  server.faults = calm;
  server.passage = { ...open };
  await world.pass(10 * 60_000);

  for (const topic of topics) {
    const room = [...server.room(topic).members.values()];
    const wanted = clients.flatMap((client) => {
      const state = meant.get(client.presence(topic));
      return state === undefined ? [] : [[client.id, state]];
    });
    expect(room.map(({ client, state }) => [client, state]).sort()).toEqual(wanted.sort());
  }
  for (const { presence, there } of watchings) {
    const room = [...server.room(presence.topic).members.values()];
    const truth = room.map(({ by: _, gone: __, ...member }) => member);
    expect(presence.members).toEqual(truth);
    expect(presence.users.map(({ id }) => id)).toEqual(server.room(presence.topic).users);
    expect(presence.count).toBe(presence.users.length);
    if (there) expect([...there].sort()).toEqual(presence.users.map(({ id }) => id).sort());
  }
  expect(thrown).toEqual([]);
  for (const client of clients) client.close();
  await world.pass(60_000);
  for (const topic of topics) expect(server.room(topic).users).toEqual([]);
}

// So that no seed waits for the disk when a client loads it.
beforeAll(() => import('../src/fallback.ts'));

const seeds = Array.from({ length: Number(process.env.TUTTI_SEEDS ?? 40) }, (_, i) => i + 1);

describe('whatever happens, all show who is there', () => {
  test.each(seeds)('PRES-5 PRES-9 PRES-13 PRES-22 seed %i', (seed) => play(seed), 60_000);
});

describe('so it is when tabs share a connection, and it ends', () => {
  test.each(seeds)('PRES-5 PRES-9 PRES-13 TABS-7 seed %i', (seed) => play(seed, true), 60_000);
});
