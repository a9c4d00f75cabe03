import { expect, test } from 'vitest';
import { text } from '../../src/text.ts';
import { Hubs } from '../hubs.ts';
import { calm, ModelServer } from '../model.ts';
import { World } from '../world.ts';
import { Device, type Page } from './device.ts';

const topic = 'text:note';

interface Tab {
  page: Page;
  note: ReturnType<Page['client']['text']>;
}

function open(device: Device): Tab {
  const page = device.page({ types: [text] });
  return { page, note: page.client.text(topic, { offline: true }) };
}

/** Tabs without a network edit what they show, one after the other: that is what it comes to. */
async function agree(seed: number, hubs: boolean): Promise<void> {
  const world = new World(seed);
  const server = new ModelServer(world);
  const device = new Device(world, server);
  if (hubs) device.hubs = new Hubs(server);
  const tabs = [open(device), open(device), open(device)];
  await world.pass(1000);
  for (let round = 0; round < 3; round++) {
    device.offline = true;
    for (const { page } of tabs) page.cut();
    await world.pass(200);
    for (let n = 0; n < 15; n++) {
      const i = world.below(tabs.length);
      const { page, note } = tabs[i] as Tab;
      const { length } = note;
      const kind = world.below(10);
      if (kind < 6) {
        let at = world.below(length + 1);
        for (const letter of `${round}${String.fromCharCode(97 + n)}😀`) {
          note.insert(at++, letter);
          await world.pass(world.below(40));
        }
      } else if (kind < 8 && length > 3) note.replace(world.below(length - 3), world.below(4), '-');
      else if (kind < 9) note.undo();
      else {
        page.kill();
        tabs[i] = open(device);
      }
      await world.pass(100);
      for (const tab of tabs) expect(tab.note.value, `seed ${seed}`).toEqual(tabs[0]?.note.value);
    }
    const before = tabs[0]?.note.value;
    device.offline = false;
    for (const { page } of tabs) page.client.connect();
    await world.pass(30_000);
    for (const { page, note } of tabs) {
      expect(note.value, `seed ${seed}`).toBe(before);
      expect([page.client.outbox.entries, page.client.outbox.dead], `seed ${seed}`).toEqual([[], []]);
    }
  }
  expect(device.errors).toEqual([]);
  for (const { page } of tabs) page.client.close();
}

/** The letters of which each is inserted once. */
const first = 0x4e00;

/** How often each letter is in a text. */
function letters(value: string): number[] {
  const found: number[] = [];
  for (const letter of value) {
    const n = (letter.codePointAt(0) as number) - first;
    if (n >= 0) found[n] = (found[n] ?? 0) + 1;
  }
  return found;
}

/**
 * Tabs and somebody else insert letters, each once, at places next to others of which it is told.
 * If it is steady no tab is killed and no document begins anew by a snapshot: then no letter that
 * was shown goes, not for a moment.
 */
async function play(seed: number, hubs: boolean, steady: boolean): Promise<void> {
  const world = new World(seed);
  const server = new ModelServer(world);
  if (steady) server.snapshots = 0;
  const device = new Device(world, server);
  if (hubs) device.hubs = new Hubs(server);
  const faults = { ...calm, refuse: 0.05, cut: 0.02, dial: 0.1 };
  let made = 0;
  const start = (): Tab => {
    const tab = open(device);
    let before: number[] = [];
    tab.note.subscribe(() => {
      if (tab.page.dead) return;
      const now = letters(tab.note.value);
      expect(Math.max(0, ...now.filter(Boolean)), `seed ${seed}: ${tab.note.value}`).toBeLessThan(2);
      if (steady)
        expect(
          before.flatMap((n, i) => (n && !now[i] ? i : [])),
          `seed ${seed}: ${tab.note.value}`,
        ).toEqual([]);
      before = now;
    });
    return tab;
  };
  const tabs = [start(), start(), start()];
  await world.pass(steady ? 3000 : 200);
  server.faults = faults;
  for (let step = 0; step < 60; step++) {
    const i = world.below(tabs.length);
    const { page, note } = tabs[i] as Tab;
    const kind = world.below(14);
    if (kind < 6) {
      note.insert(world.below(note.length + 1), String.fromCodePoint(first + made++));
    } else if (kind < 7) {
      device.slowness = world.below(3) * 20;
    } else if (kind < 8) {
      device.offline = !device.offline;
      if (device.offline) for (const { page } of tabs) page.cut();
    } else if (kind < 10) {
      page.offline = !page.offline;
      if (page.offline) page.cut();
    } else if (kind < 11) {
      const { length = 0 } = server.log(topic).text ?? {};
      server.append(topic, [[world.below(length + 1), 0, String.fromCodePoint(first + made++)]]);
    } else if (kind < 12 && !steady) {
      page.kill();
      tabs[i] = start();
    } else {
      await world.pass(world.below(3000));
    }
    await world.pass(world.below(60));
  }
  server.faults = calm;
  device.slowness = 0;
  device.offline = false;
  for (const { page } of tabs) page.offline = false;
  await world.pass(120_000);
  const text = server.log(topic).text?.text ?? '';
  // A killed tab may not have stored its last ones.
  if (steady) expect(letters(text), `seed ${seed}: ${text}`).toEqual(Array.from({ length: made }, () => 1));
  for (const { page, note } of tabs) {
    expect(note.value, `seed ${seed}`).toBe(text);
    expect([page.client.outbox.entries, page.client.outbox.dead], `seed ${seed}`).toEqual([[], []]);
    page.client.close();
  }
  expect(device.errors).toEqual([]);
}

const seeds = process.env.TUTTI_SEEDS ? Number(process.env.TUTTI_SEEDS) : 20;
test.each([
  ['each with its own connection', false],
  ['over one connection', true],
] as const)(
  'SIBLING-3 what tabs have made of a text, each on what the others had pending, stays: %s',
  { timeout: 300_000 },
  async (_, hubs) => {
    for (let seed = 0; seed < seeds; seed++) await agree(seed, hubs);
  },
);

test.each([
  ['each with its own connection', false, false],
  ['over one connection', true, false],
  ['no tab is killed', false, true],
] as const)(
  'SIBLING-1 no tab shows a letter twice, and all are in the log: %s',
  { timeout: 300_000 },
  async (_, hubs, steady) => {
    for (let seed = 0; seed < seeds; seed++) await play(seed, hubs, steady);
  },
);
