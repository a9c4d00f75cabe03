import { expect, test } from 'vitest';
import type { Entry } from '../src/protocol.ts';
import { Hubs } from './hubs.ts';
import { Life, Storage } from './life.ts';
import { calm, ModelServer } from './model.ts';
import { World } from './world.ts';

type Words = { key: number; version: number };
type End = 'acknowledged' | 'failed' | 'unconfirmed';

const entries = ['chat:a', 'chat:b'];
const document = 'ops:a';

/** Clients die at any moment, and new ones go on with what is stored. */
async function play(seed: number, { shared = false, breaks = false } = {}): Promise<void> {
  const world = new World(seed);
  const server = new ModelServer(world);
  server.mortal = true;
  server.faults = { ...calm, refuse: 0.05, reject: 0.05, cut: 0.02, expire: 0.2, dial: 0.1 };
  const hubs = shared ? new Hubs(server) : undefined;
  const storage = new Storage();
  const published = new Map<number, string>();
  const ends = new Map<number, End>();
  let keys = 0;
  let lives = 0;
  let life!: Life;

  const publish = (): void => {
    const key = ++keys;
    const base = world.chance(0.3) ? { base: 0, positional: world.chance(0.5) } : {};
    const topic = 'base' in base ? document : (entries[world.below(2)] as string);
    const timeout = world.chance(0.2) ? 1 + world.below(3000) : 0;
    const data: Words = { key, version: 0 };
    published.set(key, topic);
    life.step({ kind: 'publish', key, topic, data, bytes: 9, timeout, ...base });
  };
  const act = (): void => {
    const key = 1 + world.below(keys + 1);
    const what = world.random();
    if (what < 0.6) publish();
    else if (what < 0.7) life.step({ kind: 'abort', key });
    else if (what < 0.9)
      life.step({ kind: 'amend', key, base: 0, data: { key, version: world.below(9) }, bytes: 9 });
    else if (breaks && world.chance(0.5)) storage.broken = !storage.broken;
    else if (hubs && world.chance(0.5)) hubs.kill(world.chance(0.3));
    else server.cutAll();
  };
  const beBorn = (): void => {
    lives++;
    life = new Life(
      server,
      () => (hubs ?? server).WebSocket,
      storage,
      ({ key, ...end }) => {
        expect(ends.has(key), `${key} is settled once in a life`).toBe(false);
        ends.set(key, !('error' in end) ? 'acknowledged' : end.unconfirmed ? 'unconfirmed' : 'failed');
      },
    );
    for (let n = world.below(3); n > 0; n--) publish();
    // Of what is still here, the storage was not told how it ended: that is forgotten with the life.
    for (const key of storage.rows.keys()) ends.delete(key);
    life.step({ kind: 'restore', ...storage.read(world.now) });
    life.step({ kind: 'subscribe', handler: lives, topic: document, doc: 'counter' });
    life.step({ kind: 'connect' });
  };

  beBorn();
  for (let n = 5 + world.below(10); n > 0; n--) {
    for (let acts = world.below(30); acts > 0; acts--) {
      act();
      await world.pass(world.below(world.chance(0.1) ? 2000 : 60));
    }
    if (world.chance(0.3)) continue;
    life.die();
    await world.pass(world.below(200));
    beBorn();
  }
  server.faults = calm;
  storage.broken = false;
  for (let n = 0; storage.rows.size > 0; n++) {
    expect(n, 'all that is stored comes to its end').toBeLessThan(1000);
    await world.pass(1000);
  }

  for (const topic of [...entries, document]) {
    const log = server.log(topic).entries as (Entry & { data: Words })[];
    const order = log.map(({ data }) => data.key);
    expect(order, topic).toEqual([...new Set(order)].sort((a, b) => a - b));
    if (!breaks)
      for (const key of order)
        expect(storage.seen.has(key), `${key} in ${topic} was never stored`).toBe(true);
    for (const [key, end] of ends) {
      if (published.get(key) !== topic || end === 'unconfirmed') continue;
      expect(order.includes(key), `${key} ${end} in ${topic}`).toBe(end === 'acknowledged');
    }
  }
  for (const key of storage.seen) expect(ends.has(key), `${key} was stored`).toBe(true);
}

const seeds = process.env.TUTTI_SEEDS ? Number(process.env.TUTTI_SEEDS) : 60;
test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
  'OUT-1 OUT-2 OUT-4 whoever dies, what was stored arrives once and in order, and nothing else: seed %i',
  (seed) => play(seed),
  60_000,
);

test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
  'TABS-1 TABS-4 so it is by way of hubs, which die too: seed %i',
  (seed) => play(seed, { shared: true }),
  60_000,
);

test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
  'OUT-10 nothing is twice, out of order or lost that was stored, whatever cannot be: seed %i',
  (seed) => play(seed, { breaks: true }),
  60_000,
);
