import { expect, test } from 'vitest';
import type { Mutation } from '../../src/index.ts';
import type { Device } from './device.ts';
import { Tabs } from './tabs.ts';

const topic = 'counter:sum';
const offline = { offline: true };
/** So many numbers can be added up, each as a digit of its own. */
const most = 32;

/** How often each number is in a sum of powers of 3. */
function digits(sum: number): number[] {
  return sum
    .toString(3)
    .split('')
    .reverse()
    .map((digit) => Number(digit));
}

/**
 * Tabs add powers of 3: so each sum says which of them it holds, and which twice. If it is
 * steady no tab is killed and no document begins anew by a snapshot: then nothing that was
 * shown goes, not for a moment.
 */
async function play(seed: number, hubs: boolean, steady: boolean): Promise<void> {
  const tabs = new Tabs(seed, hubs, (device) => {
    const page = device.page();
    const sum = page.client.counter(topic, offline);
    let before: number[] = [];
    sum.subscribe(() => {
      if (page.ended) return;
      const now = digits(sum.value);
      expect(Math.max(...now), `seed ${seed}: ${now}`).toBe(1);
      if (steady)
        expect(
          before.filter((digit, i) => digit !== 0 && !now[i]),
          `seed ${seed}: ${now}`,
        ).toEqual([]);
      before = now;
    });
    return { page, sum };
  });
  const { world, server, device } = tabs;
  let made = 0;
  await tabs.wander(steady, ({ sum }) => {
    if (made < most) sum.add(3 ** made++);
  });
  // What is stored shows in all of them.
  tabs.goOffline();
  await world.pass(30_000);
  const before = tabs.all.map(({ sum }) => sum.value);
  for (const row of await device.rows('entry')) {
    const { data, seq, place } = JSON.parse(row);
    // What was sent, and not answered, may be in a snapshot: whether it is, the answer tells.
    if (seq !== undefined && !place) continue;
    const digit = Math.round(Math.log(data.n) / Math.log(3));
    for (const value of before) expect(digits(value)[digit], `seed ${seed}: ${row}`).toBe(1);
  }
  await tabs.settle();
  const [value] = tabs.all.map(({ sum }) => sum.value);
  for (const { page, sum } of tabs.all) {
    expect(sum.value, `seed ${seed}`).toBe(value);
    expect(page.client.outbox.entries, `seed ${seed}`).toEqual([]);
  }
  expect(server.log(topic).cells.get('') ?? 0).toBe(value);
  expect(device.errors).toEqual([]);
  tabs.close();
}

function open(device: Device) {
  const page = device.page();
  const tasks = page.client.records<Record<string, number>>('records:tasks', offline);
  return { page, tasks, tags: page.client.set<number>('set:tags', offline) };
}

function shown({ tasks, tags }: ReturnType<typeof open>): unknown {
  return [[...tasks.entries()].sort(), [...tags.values()].sort()];
}

/** Tabs without a network change what they show, one after the other: that is what it comes to. */
async function agree(seed: number, hubs: boolean): Promise<void> {
  const tabs = new Tabs(seed, hubs, open);
  const { world } = tabs;
  const any = <T>(all: readonly T[]): T | undefined => all[world.below(all.length)];
  await world.pass(1000);
  for (let round = 0; round < 3; round++) {
    tabs.goOffline();
    await world.pass(200);
    const made: Mutation[] = [];
    for (let n = 0; n < 12; n++) {
      const [{ tasks, tags }, i] = tabs.any();
      const key = any([...tasks.entries()])?.[0];
      const kind = world.below(9);
      if (kind < 2 || !key) made.push(tasks.set(`k${world.below(6)}`, { [`f${world.below(2)}`]: n }));
      else if (kind < 4) made.push(tasks.patch(key, { [`f${world.below(2)}`]: n }, { ifUnseen: 'reject' }));
      else if (kind < 5) made.push(tasks.delete(key));
      else if (kind < 7) made.push(tags.add(world.below(4)));
      else if (kind < 8) made.push(tags.remove(any([...tags.values()]) ?? 0));
      else tabs.renew(i);
      await world.pass(100);
    }
    const [before, ...others] = tabs.all.map(shown);
    for (const other of others) expect(other, `seed ${seed}`).toEqual(before);
    tabs.goOnline();
    await world.pass(30_000);
    for (const tab of tabs.all) {
      expect(shown(tab), `seed ${seed}`).toEqual(before);
      expect(tab.page.client.outbox.dead, `seed ${seed}`).toEqual([]);
    }
    for (const { status } of made) expect(status, `seed ${seed}`).not.toBe('rejected');
  }
  expect(tabs.device.errors).toEqual([]);
  tabs.close();
}

const seeds = process.env.TUTTI_SEEDS ? Number(process.env.TUTTI_SEEDS) : 40;
test.each([
  ['each with its own connection', false, false],
  ['over one connection', true, false],
  ['no tab is killed', false, true],
] as const)(
  'SIBLING-1 no tab shows anything twice, and all show what is stored: %s',
  { timeout: 300_000 },
  async (_, hubs, steady) => {
    for (let seed = 0; seed < seeds; seed++) await play(seed, hubs, steady);
  },
);

test.each([
  ['each with its own connection', false],
  ['over one connection', true],
] as const)(
  'SIBLING-2 what tabs show without a network is what it comes to: %s',
  { timeout: 300_000 },
  async (_, hubs) => {
    for (let seed = 0; seed < seeds; seed++) await agree(seed, hubs);
  },
);
