import { beforeAll, describe, expect, test } from 'vitest';
import type { RecordCell } from '../../src/doc/cell.ts';
import { type Client, connect, type Mutation } from '../../src/index.ts';
import { calm, ModelServer, type Passage } from '../model.ts';
import { World } from '../world.ts';

const open = { ws: 'open', sse: 'open', poll: 'open', commands: 'open' } as const;
const passages: Passage[] = ['open', 'open', 'open', 'refused', 'hung', 'muted', 'portal'];

/** Whatever happens on the way, in the end all show what the log makes, and each add counts once. */
async function play(seed: number): Promise<void> {
  const world = new World(seed);
  const server = new ModelServer(world);
  server.faults = { ...calm, refuse: 0.05, reject: 0.05, cut: 0.03, expire: 0.3, dial: 0.2 };
  const thrown: unknown[] = [];
  const adds: { n: number; mutation: Mutation<number> }[] = [];
  const mutations: Mutation[] = [];
  const users = [0, 1, 2].map(() => {
    const client: Client = connect('http://tutti.test/base', {
      token: async () => 'jwt',
      WebSocket: server.WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
      onError: (e) => thrown.push(e),
    });
    const counter = client.counter('counter:c');
    const records = client.records<{ n: number }>('records:r');
    const seen: number[] = [];
    client.topic('counter:c').subscribe((_, entry) => seen.push(entry.offset));
    return { client, counter, records, seen };
  });
  const any = <A>(all: readonly A[]): A => all[world.below(all.length)] as A;

  for (let step = 0; step < 150; step++) {
    const { client, counter, records } = any(users);
    const dice = world.random();
    const n = 1 + world.below(9);
    const timeout = world.chance(0.2) ? 1 + world.below(3000) : 0;
    if (dice < 0.06) any([...server.sessions])?.cut(1006);
    else if (dice < 0.08) {
      const road = any(['ws', 'ws', 'sse', 'poll', 'commands'] as const);
      server.passage[road] = any(passages);
      if (road === 'ws') for (const link of server.links) link.freeze();
      else for (const session of [...server.sessions]) if (session.road === road) session.end();
    } else if (dice < 0.1) server.append('records:r', { op: 'set', key: 'backend', value: { n } });
    else if (dice < 0.12) client.connect();
    else if (dice < 0.15) client.counter('counter:c').close();
    else if (dice < 0.5) adds.push({ n, mutation: counter.add(n, { timeout }) });
    else if (dice < 0.7) mutations.push(records.set(any(['a', 'b', 'c']), { n }));
    else if (dice < 0.85) mutations.push(records.patch(any(['a', 'b', 'c']), { n }, { ifUnseen: 'reject' }));
    else if (dice < 0.9) mutations.push(records.delete(any(['a', 'b', 'c'])));
    else if (dice < 0.95) records.undo();
    else any([...mutations, ...adds.map(({ mutation }) => mutation)])?.cancel();
    await world.pass(world.below(world.chance(0.03) ? 60_000 : 200));
  }
  server.faults = calm;
  server.passage = { ...open };
  await world.pass(10 * 60_000);

  const total = server.log('counter:c').cells.get('') ?? 0;
  const confirmed = adds.filter(({ mutation }) => mutation.status === 'confirmed');
  expect(confirmed.reduce((sum, { n }) => sum + n, 0)).toBe(total);
  for (const { status } of [...mutations, ...adds.map(({ mutation }) => mutation)])
    expect(['confirmed', 'rejected', 'cancelled']).toContain(status);
  const { cells } = server.log('records:r');
  const value = Object.fromEntries([...cells].map(([key, cell]) => [key, (cell as RecordCell).fields]));
  for (const { counter, records, seen } of users) {
    expect(counter.value).toBe(total);
    expect(Object.fromEntries(records.entries())).toEqual(value);
    expect(records.entries().flatMap(([key]) => records.pending(key))).toEqual([]);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  }
  expect(thrown).toEqual([]);
  for (const { client } of users) client.close();
  await world.pass(60_000);
  expect([server.links.size, server.sessions.size]).toEqual([0, 0]);
}

// So that no seed waits for the disk when a client loads it.
beforeAll(() => import('../../src/fallback.ts'));

describe('documents, whatever happens', () => {
  const seeds = process.env.TUTTI_SEEDS ? Number(process.env.TUTTI_SEEDS) : 40;
  test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
    'DOC-15 DOC-16 DOC-18 DOC-20 COUNTER-1 seed %i',
    play,
    60_000,
  );
});
