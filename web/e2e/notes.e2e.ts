import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Network } from './network.ts';
import { Notebook } from './notebook.ts';
import { Phone } from './phone.ts';
import { Server } from './server.ts';
import { stored, storedEntries } from './stored.ts';

const shots = process.env.SCREENSHOTS;

let server: Server;
let phones: { phone: Phone; network: Network }[];

/** A device, and the network between it and the server. */
async function device(...flags: string[]): Promise<{ phone: Phone; network: Network; url: string }> {
  const network = await Network.start(server.port);
  const phone = await Phone.start(...flags);
  phones.push({ phone, network });
  return { phone, network, url: `http://127.0.0.1:${network.port}/offline.html` };
}

/** Two tabs of a device. */
async function pair({ context }: Phone, url: string): Promise<readonly [Notebook, Notebook]> {
  return [await Notebook.open(context, url), await Notebook.open(context, url)];
}

beforeEach(async () => {
  server = await Server.start(inject('binary'));
  phones = [];
});

afterEach(async () => {
  for (const { phone, network } of phones) {
    await phone.end();
    await network.end();
  }
  await server.end();
});

/** What the server has as a document. */
async function value<T>(topic: string): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/v1/docs/${topic}`);
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { value: T }).value;
}

/** The titles of all notes that were ever made, in the order of the log. */
async function made(): Promise<string[]> {
  const titles: string[] = [];
  for (let after = 0; ; ) {
    const answer = await fetch(
      `http://127.0.0.1:${server.port}/v1/topics/records:notes/events?after=${after}&limit=100`,
    );
    if (answer.status === 404) return titles;
    const { entries } = (await answer.json()) as {
      entries: { offset: number; data: { value?: { title: string } } }[];
    };
    for (const { data } of entries) titles.push(String(data.value?.title ?? JSON.stringify(data)));
    const newest = entries.at(-1);
    if (!newest) return titles;
    after = newest.offset;
  }
}

const numbered = (n: number, word = 'note'): string[] => Array.from({ length: n }, (_, i) => `${word} ${i}`);
const wait = { timeout: 20_000 };

describe('what is written without a network', () => {
  test('OUT-2: shows at once, survives a reload in flight, and arrives once', async () => {
    const { phone, url } = await device();
    const notes = await Notebook.open(phone.context, url);
    let deaf = false;
    await notes.page.routeWebSocket(/v1\/ws/, (socket) => {
      const upstream = socket.connectToServer();
      upstream.onMessage((message) => deaf || socket.send(message));
    });
    await notes.reload();
    await notes.live();
    // What is sent now arrives, and the page does not hear of it.
    deaf = true;
    await notes.add(...numbered(10));
    expect(await notes.titles()).toEqual(numbered(10));
    await expect.poll(made, wait).toEqual(numbered(10));
    await expect.poll(() => storedEntries(notes.page), wait).toBeGreaterThan(0);
    await notes.page.unrouteAll();
    deaf = false;
    await notes.reload();
    await expect.poll(() => notes.titles(), wait).toEqual(numbered(10));
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    await notes.offline(true);
    await notes.add('offline');
    await notes.open('offline');
    await notes.write('written in a tunnel');
    await notes.tag('travel');
    await expect.poll(() => storedEntries(notes.page), wait).toBe(3);
    await notes.reload();
    await notes.open('offline');
    await expect.poll(() => notes.text(), wait).toBe('written in a tunnel');
    await expect.poll(() => notes.tags(), wait).toEqual(['travel']);
    await notes.offline(false);
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    expect(await made()).toEqual([...numbered(10), 'offline']);
    expect(await notes.titles()).toEqual([...numbered(10), 'offline']);
    expect(notes.faults).toEqual([]);
  });

  test('OUT-3: is there when the browser was killed, without a network, and arrives once', async () => {
    const { phone, network, url } = await device();
    const before = await Notebook.open(phone.context, url);
    await before.live();
    await before.add('confirmed');
    await before.open('confirmed');
    await before.write('on the server');
    await expect.poll(() => before.waiting(), wait).toBe(0);
    await kept(before);
    network.cut();
    await before.add(...numbered(98));
    await before.open('note 7');
    await before.write('written offline');
    await before.tag('seven');
    await expect.poll(() => before.waiting(), wait).toBe(100);
    await expect.poll(() => storedEntries(before.page), wait).toBe(100);
    await phone.kill();
    await phone.start();
    const after = await Notebook.open(phone.context, url);
    await expect.poll(() => after.titles(), wait).toEqual(['confirmed', ...numbered(98)]);
    await expect.poll(() => after.waiting(), wait).toBe(100);
    await after.open('note 7');
    await expect.poll(() => after.text(), wait).toBe('written offline');
    await expect.poll(() => after.tags(), wait).toEqual(['seven']);
    await after.open('confirmed');
    await expect.poll(() => after.text(), wait).toBe('on the server');
    expect(await made()).toEqual(['confirmed']);
    network.restore();
    await expect.poll(() => after.waiting(), wait).toBe(0);
    expect(await made()).toEqual(['confirmed', ...numbered(98)]);
    expect(await value('set:note-tags')).toEqual([[expect.any(String), 'seven']]);
  });

  test('OUT-3: of two tabs arrives by one, when the browser was killed', async () => {
    const { phone, network, url } = await device();
    const tabs = await pair(phone, url);
    for (const tab of tabs) await tab.live();
    network.cut();
    await tabs[0].add(...numbered(10, 'left'));
    await tabs[1].add(...numbered(10, 'right'));
    await expect.poll(() => storedEntries(tabs[0].page), wait).toBe(20);
    await phone.kill();
    network.restore();
    await phone.start();
    const tab = await Notebook.open(phone.context, url);
    const all = [...numbered(10, 'left'), ...numbered(10, 'right')];
    await expect.poll(async () => (await tab.titles()).sort(), wait).toEqual(all);
    await expect.poll(async () => (await made()).sort(), wait).toEqual(all);
    await expect.poll(() => storedEntries(tab.page), wait).toBe(0);
    const inOrder = (word: string) => made().then((titles) => titles.filter((t) => t.startsWith(word)));
    expect(await inOrder('left')).toEqual(numbered(10, 'left'));
    expect(await inOrder('right')).toEqual(numbered(10, 'right'));
  });

  test('OUT-3: of a tab that is closed arrives by one that is open', async () => {
    const { phone, network, url } = await device();
    const [first, second] = await pair(phone, url);
    for (const tab of [first, second]) await tab.live();
    network.cut();
    await first.add('of the first');
    await expect.poll(() => second.titles(), wait).toEqual(['of the first']);
    await first.page.close();
    network.restore();
    await expect.poll(made, wait).toEqual(['of the first']);
    await expect.poll(() => storedEntries(second.page), wait).toBe(0);
    expect(await second.titles()).toEqual(['of the first']);
    expect(second.faults).toEqual([]);
  });

  test('SIBLING-1 SIBLING-2: shows in the other tab, which goes on with it, and comes to the same in both', async () => {
    const { phone, network, url } = await device();
    const tabs = await pair(phone, url);
    for (const tab of tabs) await tab.live();
    network.cut();
    await tabs[0].add('of the first');
    await expect.poll(() => tabs[1].titles(), wait).toEqual(['of the first']);
    await tabs[1].add('of the second');
    await tabs[1].open('of the first');
    await tabs[1].tag('seen');
    await tabs[0].open('of the first');
    await expect.poll(() => tabs[0].tags(), wait).toEqual(['seen']);
    const later = await Notebook.open(phone.context, url);
    const all = ['of the first', 'of the second'];
    for (const tab of [...tabs, later]) await expect.poll(() => tab.titles(), wait).toEqual(all);
    network.restore();
    for (const tab of tabs) await expect.poll(() => tab.waiting(), wait).toBe(0);
    await expect.poll(() => storedEntries(later.page), wait).toBe(0);
    expect((await made()).sort()).toEqual(all);
    for (const tab of [...tabs, later]) {
      expect(await tab.titles()).toEqual(all);
      expect(tab.faults).toEqual([]);
    }
  });

  test('SIBLING-1 SIBLING-3: a text shows in the other tab, which mends it, and outlives the browser', async () => {
    const { phone, network, url } = await device();
    const [first, second] = await pair(phone, url);
    await first.add('draft');
    await expect.poll(() => second.titles(), wait).toEqual(['draft']);
    for (const tab of [first, second]) {
      await tab.open('draft');
      await expect.poll(() => tab.waiting(), wait).toBe(0);
    }
    network.cut();
    await first.write('teh end');
    await expect.poll(() => second.text(), wait).toBe('teh end');
    await second.page.evaluate(() => {
      const box = document.querySelector('textarea') as HTMLTextAreaElement;
      box.focus();
      box.setSelectionRange(1, 3);
    });
    await second.page.keyboard.type('he');
    await expect.poll(() => first.text(), wait).toBe('the end');
    await kept(second);
    await phone.kill();
    await phone.start();
    const again = await Notebook.open(phone.context, url);
    await again.open('draft');
    await expect.poll(() => again.text(), wait).toBe('the end');
    network.restore();
    await expect.poll(() => again.waiting(), wait).toBe(0);
    await expect.poll(() => storedEntries(again.page), wait).toBe(0);
    expect(await again.text()).toBe('the end');
    for (const tab of [first, second, again]) expect(tab.faults).toEqual([]);
  });

  test('COPY-2: of two devices is on both, when both were killed and opened offline', async () => {
    const devices = [await device(), await device()] as const;
    const first = await Notebook.open(devices[0].phone.context, devices[0].url);
    await first.add('shared');
    await first.open('shared');
    await first.write('both');
    await expect.poll(() => first.waiting(), wait).toBe(0);
    const second = await Notebook.open(devices[1].phone.context, devices[1].url);
    await expect.poll(() => second.titles(), wait).toEqual(['shared']);
    await second.open('shared');
    await expect.poll(() => second.text(), wait).toBe('both');
    for (const [i, tab] of [first, second].entries()) {
      await kept(tab);
      devices[i]?.network.cut();
      await tab.write(` of ${i}`);
      await tab.add(`of ${i} alone`);
      await tab.open(`of ${i} alone`);
      await tab.write('mine');
      await expect.poll(() => storedEntries(tab.page), wait).toBe(3);
    }
    for (const { phone } of devices) await phone.kill();
    const again: Notebook[] = [];
    for (const [i, { phone, url }] of devices.entries()) {
      await phone.start();
      const tab = await Notebook.open(phone.context, url);
      await expect.poll(() => tab.titles(), wait).toEqual(['shared', `of ${i} alone`]);
      await tab.open(`of ${i} alone`);
      await expect.poll(() => tab.text(), wait).toBe('mine');
      await tab.open('shared');
      await expect.poll(() => tab.text(), wait).toBe(`both of ${i}`);
      again.push(tab);
    }
    for (const { network } of devices) network.restore();
    for (const tab of again) {
      await expect
        .poll(async () => (await tab.titles()).sort(), wait)
        .toEqual(['of 0 alone', 'of 1 alone', 'shared']);
      await expect.poll(() => tab.waiting(), wait).toBe(0);
    }
    const [one, two] = again as [Notebook, Notebook];
    await expect.poll(() => one.text(), wait).toMatch(/^both(?: of 0 of 1| of 1 of 0)$/);
    await expect.poll(() => two.text(), wait).toBe(await one.text());
    expect((await made()).sort()).toEqual(['of 0 alone', 'of 1 alone', 'shared']);
  });
});

describe('what cannot be sent', () => {
  test('OUT-7: is a dead letter when its page is gone, and is sent again as it was mended', async () => {
    const { phone, url } = await device();
    const notes = await Notebook.open(phone.context, url);
    await notes.live();
    await notes.offline(true);
    await notes.add('oboes', 'bagpipes', 'horns');
    await notes.page.getByRole('checkbox', { name: /^Reject/ }).check();
    await expect.poll(() => storedEntries(notes.page), wait).toBe(3);
    await notes.reload();
    expect(await notes.titles()).toEqual(['oboes', 'bagpipes', 'horns']);
    await notes.offline(false);
    const letter = notes.page.locator('.dead li');
    await letter.getByText('We have no bagpipes. (rejected)').waitFor();
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    expect(await notes.titles()).toEqual(['oboes', 'horns']);
    expect(await made()).toEqual(['oboes', 'horns']);
    await notes.page.getByText('1 change could not be sent.').waitFor();
    await notes.reload();
    const words = letter.getByLabel('What it says');
    await words.fill((await words.inputValue()).replace('bagpipes', 'flutes'));
    await letter.getByRole('button', { name: 'Send again' }).click();
    await letter.waitFor({ state: 'detached' });
    await expect.poll(made, wait).toEqual(['oboes', 'horns', 'flutes']);
    await expect.poll(async () => (await notes.titles()).sort(), wait).toEqual(['flutes', 'horns', 'oboes']);
    await notes.reload();
    await notes.live();
    expect(await letter.count()).toBe(0);
  });

  test('OUT-11: of one user is neither shown to another, nor sent as another', async () => {
    const { phone, url } = await device();
    const notes = await Notebook.open(phone.context, url);
    await notes.live();
    await notes.offline(true);
    await notes.add(...numbered(30));
    await expect.poll(() => storedEntries(notes.page), wait).toBe(30);
    const turn = async (user: string): Promise<void> => {
      await notes.page.getByRole('combobox', { name: 'You are' }).selectOption(user);
      await notes.page.waitForURL(`**/offline.html?user=${user}`);
      await notes.ready();
    };
    await turn('Bob');
    expect([await notes.titles(), await notes.waiting()]).toEqual([[], 0]);
    await notes.offline(false);
    await notes.add('of Bob');
    await expect.poll(made, wait).toEqual(['of Bob']);
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    expect(await notes.titles()).toEqual(['of Bob']);
    await turn('Ann');
    await expect.poll(made, wait).toEqual(['of Bob', ...numbered(30)]);
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    expect((await notes.titles()).length).toBe(31);
  });

  test('OUT-12: is forgotten when the user wants it to be', async () => {
    const { phone, url } = await device();
    const notes = await Notebook.open(phone.context, url);
    await notes.live();
    await notes.offline(true);
    await notes.add(...numbered(3));
    await expect.poll(() => storedEntries(notes.page), wait).toBe(3);
    const other = await Notebook.open(phone.context, url);
    await other.live();
    await other.offline(true);
    await other.add('of the other');
    await expect.poll(() => other.waiting(), wait).toBe(1);
    await notes.page.getByRole('button', { name: /^Forget/ }).click();
    await expect.poll(() => other.waiting(), wait).toBe(0);
    await other.page.close();
    await notes.page.locator('.empty:not([hidden])').waitFor();
    await notes.ready();
    expect((await stored(notes.page)).filter((key) => !/\/(?:client|topic)\//.test(key))).toEqual([]);
    await notes.offline(false);
    expect([await made(), await notes.titles()]).toEqual([[], []]);
  });
});

describe('a storage that fails', () => {
  test('OUT-10: is written anew when its rows were deleted', async () => {
    const { phone, url } = await device();
    const notes = await Notebook.open(phone.context, url);
    await notes.live();
    await notes.add('confirmed');
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    await kept(notes);
    await notes.offline(true);
    await notes.add(...numbered(5));
    await expect.poll(() => storedEntries(notes.page), wait).toBe(5);
    const session = await phone.context.newCDPSession(notes.page);
    await session.send('Storage.clearDataForOrigin', {
      origin: new URL(url).origin,
      storageTypes: 'indexeddb',
    });
    await expect.poll(() => storedEntries(notes.page), wait).toBe(5);
    await notes.add('later');
    await expect.poll(() => storedEntries(notes.page), wait).toBe(6);
    expect(await notes.durable()).toBe(true);
    await notes.reload();
    expect([await notes.waiting(), await notes.titles()]).toEqual([
      6,
      ['confirmed', ...numbered(5), 'later'],
    ]);
    await notes.offline(false);
    await expect.poll(() => notes.titles(), wait).toEqual(['confirmed', ...numbered(5), 'later']);
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    expect(await made()).toEqual(['confirmed', ...numbered(5), 'later']);
  });

  test('OUT-10: is told when it is full, and what cannot be stored is sent from memory', async () => {
    const { phone, url } = await device();
    const { origin } = new URL(url);
    // What room there is the browser looks up when a database is first used, and not for each write.
    const other = await phone.context.newPage();
    await other.goto(`${origin}/icon.svg`);
    const session = await phone.context.newCDPSession(other);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    const notes = await Notebook.open(phone.context, url);
    await notes.live();
    await notes.offline(true);
    await notes.add(...numbered(3));
    await expect.poll(() => notes.durable(), wait).toBe(false);
    expect(notes.faults[0]).toMatch(/could not be stored: QuotaExceededError/);
    await notes.offline(false);
    await expect.poll(made, wait).toEqual(numbered(3));
    await expect.poll(() => notes.waiting(), wait).toBe(0);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await expect.poll(() => notes.durable(), wait).toBe(true);
    await notes.reload();
    await notes.live();
    await expect.poll(() => notes.titles(), wait).toEqual(numbered(3));
    expect(await made()).toEqual(numbered(3));
  });

  test('STORE-5: is done without where a browser forbids it, which is told', async () => {
    const { phone, url } = await device();
    await phone.forbidStorage();
    const notes = await Notebook.open(phone.context, url);
    await notes.live();
    expect(await notes.durable()).toBe(false);
    await notes.offline(true);
    await notes.add(...numbered(3));
    await notes.page.getByText('3 changes will be sent later. Keep this page open.').waitFor();
    expect(await notes.titles()).toEqual(numbered(3));
    await notes.offline(false);
    await expect.poll(made, wait).toEqual(numbered(3));
    await expect.poll(() => notes.waiting(), wait).toBe(0);
  });
});

test('the page fits every width, light and dark', async () => {
  const { phone, url } = await device();
  const notes = await Notebook.open(phone.context, url);
  const { page } = notes;
  await notes.live();
  await notes.add('Rehearsal', 'Programme of the evening');
  await notes.open('Programme of the evening');
  await notes.write('Mahler, the fourth symphony in G major\n\nMozart, the concerto for two pianos');
  await notes.tag('orchestra');
  await notes.tag('to be printed');
  await expect.poll(() => notes.waiting(), wait).toBe(0);
  await notes.offline(true);
  await notes.add('Learn the bagpipes');
  await page.getByRole('checkbox', { name: /^Reject/ }).check();
  await expect.poll(() => storedEntries(notes.page), wait).toBe(1);
  await notes.reload();
  await notes.offline(false);
  await page.locator('.dead li').waitFor();
  await notes.offline(true);
  await notes.open('Rehearsal');
  await notes.write('At nine, in the small hall.');
  await notes.tag('travel');
  await notes.add('Buy rosin, strings, and reeds for the oboes');
  await notes.open('Rehearsal');
  await page.getByText('You are offline.').waitFor();
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [360, 820, 1400]) {
      await page.setViewportSize({ width, height: 900 });
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      if (!shots) continue;
      await mkdir(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `offline-${scheme}-${width}.png`), fullPage: true });
    }
  }
});

/** Waits until the page's worker has all that the page is made of. */
async function kept(notes: Notebook): Promise<void> {
  await notes.page.waitForFunction(async () => {
    const cache = await caches.open('notes-offline');
    const names = (await cache.keys()).map(({ url }) => new URL(url).pathname);
    const needed = performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name).pathname)
      .filter((path) => path.startsWith('/assets/'));
    return names.includes('/offline.html') && needed.every((path) => names.includes(path));
  });
}
