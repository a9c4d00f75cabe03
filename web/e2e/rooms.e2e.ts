import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Stage } from './stage.ts';

const numbered = (who: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${who} ${from + i}`);

let browser: Browser;
let stage: Stage | undefined;

beforeAll(async () => {
  browser = await Browser.start();
});

afterEach(async () => {
  await stage?.end();
  stage = undefined;
});

afterAll(() => browser?.end());

async function open(): Promise<Stage> {
  stage = await Stage.open(browser, inject('binary'));
  return stage;
}

/** Both tabs say some messages at once, each in order. */
async function sayAtOnce(on: Stage, from: number, to: number): Promise<void> {
  await on.each(async (tab, i) => {
    for (const text of numbered(`tab${i}`, from, to)) await tab.say(text);
  });
}

/** Both tabs show the whole log of the chat, and in it what each said, in its order, once. */
async function expectSameChat(on: Stage, said: number): Promise<void> {
  await on.each((tab) => tab.waitForRows(2 * said));
  const [first, second] = await on.each((tab) => tab.rows());
  expect(second).toEqual(first);
  const log = await on.log('chat:lobby', 0);
  expect(first).toEqual(log.map(({ offset, data }) => ({ offset, text: JSON.parse(data).text })));
  for (const who of ['tab0', 'tab1'])
    expect(log.map(({ data }) => JSON.parse(data).text).filter((text) => text.startsWith(who))).toEqual(
      numbered(who, 1, said),
    );
}

/** Each tab got every update of the ticker between its first and its last, in order, once. */
async function expectWholeTicker(on: Stage): Promise<void> {
  for (const tab of on.tabs) {
    const updates = [...tab.updates];
    const first = updates[0]?.offset ?? 0;
    const log = await on.log('stocks:APP', first - 1);
    expect(updates.length).toBeGreaterThan(0);
    expect(updates).toEqual(log.slice(0, updates.length));
  }
}

async function expectNoFault(on: Stage): Promise<void> {
  expect(await on.each((tab) => tab.faultsCounted())).toEqual(['0 0 0 0', '0 0 0 0']);
  expect(on.tabs.flatMap((tab) => tab.faults)).toEqual([]);
}

describe('two tabs', () => {
  test('SUB-2: what both say at once, both see in the same order', async () => {
    const on = await open();
    await sayAtOnce(on, 1, 50);
    await expectSameChat(on, 50);
    await on.each((tab) => tab.waitForUpdates(2));
    await expectWholeTicker(on);
    await expectNoFault(on);
    for (const { sockets } of on.tabs) {
      expect(sockets.length).toBe(1);
      const entries = sockets.flat().filter(({ type, topic }) => type === 'entry' && topic === 'chat:lobby');
      expect(entries.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    }
  });

  test('CONN-4, SSE-3: after the network was cut both go on without a hole', async () => {
    const on = await open();
    await sayAtOnce(on, 1, 5);
    await on.each((tab) => tab.waitForUpdates(1));

    on.network.cut();
    await on.each((tab) => tab.waitFor('chat', 'backoff'));
    await on.each((tab) => tab.waitFor('ticker', 'connecting'));
    await sayAtOnce(on, 6, 10);
    expect(await on.each((tab) => tab.pending())).toEqual([numbered('tab0', 6, 10), numbered('tab1', 6, 10)]);

    on.network.restore();
    await on.each((tab) => tab.waitFor('chat', 'live'));
    await on.each((tab) => tab.waitFor('ticker', 'live'));
    await expectSameChat(on, 10);
    await on.each((tab) => tab.waitForUpdates(2));
    await expectWholeTicker(on);
    await expectNoFault(on);
    for (const { resumes } of on.tabs) {
      expect(resumes.length).toBeGreaterThan(1);
      expect(resumes[0]).toBe('');
      for (const id of resumes.slice(1)) expect(id).toMatch(/^\d+\.[\w-]+$/);
    }
  });

  test('PUB-3, PUB-5: cut again and again while both talk, nothing is lost or said twice', async () => {
    const on = await open();
    let done = false;
    const talk = sayAtOnce(on, 1, 40).finally(() => {
      done = true;
    });
    let cuts = 0;
    while (!done) {
      on.network.cut();
      await on.tabs[0].waitFor('chat', 'backoff', 'connecting');
      on.network.restore();
      await on.tabs[0].waitFor('chat', 'live');
      cuts++;
    }
    await talk;
    expect(cuts).toBeGreaterThan(0);
    await expectSameChat(on, 40);
    await expectNoFault(on);
  });

  test('TOPIC-4, PUB-3: killed and started again on its data, the server has all that it acknowledged', async () => {
    const on = await open();
    await sayAtOnce(on, 1, 10);
    await on.each((tab) => tab.waitForRows(20));
    await on.each((tab) => tab.waitForUpdates(1));

    await on.server.kill();
    await on.each((tab) => tab.waitFor('chat', 'backoff'));
    await sayAtOnce(on, 11, 15);
    expect(await on.each((tab) => tab.pending())).toEqual([
      numbered('tab0', 11, 15),
      numbered('tab1', 11, 15),
    ]);

    await on.server.start();
    await on.each((tab) => tab.waitFor('chat', 'live'));
    await on.each((tab) => tab.waitFor('ticker', 'live'));
    await expectSameChat(on, 15);
    await on.each((tab) => tab.waitForUpdates(2));
    await expectWholeTicker(on);
    await expectNoFault(on);
  });

  test('PUB-3: killed while both talk, the server has each message once', async () => {
    const on = await open();
    const talk = sayAtOnce(on, 1, 40);
    await on.tabs[0].waitForRows(10);
    await on.server.kill();
    await on.each((tab) => tab.waitFor('chat', 'backoff', 'connecting'));
    await on.server.start();
    await talk;
    await expectSameChat(on, 40);
    await expectNoFault(on);
  });
});
