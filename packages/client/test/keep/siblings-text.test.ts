import { expect, test } from 'vitest';
import { text } from '../../src/text.ts';
import type { Device, Page } from './device.ts';
import { Tabs } from './tabs.ts';

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
  const tabs = new Tabs(seed, hubs, open);
  const { world } = tabs;
  await world.pass(1000);
  for (let round = 0; round < 3; round++) {
    tabs.goOffline();
    await world.pass(200);
    for (let n = 0; n < 15; n++) {
      const [{ note }, i] = tabs.any();
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
      else tabs.renew(i);
      await world.pass(100);
      for (const tab of tabs.all) expect(tab.note.value, `seed ${seed}`).toEqual(tabs.all[0]?.note.value);
    }
    const before = tabs.all[0]?.note.value;
    tabs.goOnline();
    await world.pass(30_000);
    for (const { page, note } of tabs.all) {
      expect(note.value, `seed ${seed}`).toBe(before);
      expect([page.client.outbox.entries, page.client.outbox.dead], `seed ${seed}`).toEqual([[], []]);
    }
  }
  expect(tabs.device.errors).toEqual([]);
  tabs.close();
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
  const tabs = new Tabs(seed, hubs, (device) => {
    const { page, note } = open(device);
    let before: number[] = [];
    note.subscribe(() => {
      if (page.ended) return;
      const now = letters(note.value);
      expect(Math.max(0, ...now.filter(Boolean)), `seed ${seed}: ${note.value}`).toBeLessThan(2);
      if (steady)
        expect(
          before.flatMap((n, i) => (n && !now[i] ? i : [])),
          `seed ${seed}: ${note.value}`,
        ).toEqual([]);
      before = now;
    });
    return { page, note };
  });
  const { world, server } = tabs;
  let made = 0;
  await tabs.wander(steady, ({ note }) => {
    const letter = String.fromCodePoint(first + made++);
    if (world.below(6) > 0) note.insert(world.below(note.length + 1), letter);
    else server.append(topic, [[world.below((server.log(topic).text?.length ?? 0) + 1), 0, letter]]);
  });
  await tabs.settle();
  const text = server.log(topic).text?.text ?? '';
  // A killed tab may not have stored its last ones.
  if (steady) expect(letters(text), `seed ${seed}: ${text}`).toEqual(Array.from({ length: made }, () => 1));
  for (const { page, note } of tabs.all) {
    expect(note.value, `seed ${seed}`).toBe(text);
    expect([page.client.outbox.entries, page.client.outbox.dead], `seed ${seed}`).toEqual([[], []]);
  }
  tabs.close();
  expect(tabs.device.errors).toEqual([]);
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
