import { createHmac } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const topic = 'chat:shared';

const secret = 'a secret of thirty-two bytes or more';
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const words = `${part({ alg: 'HS256' })}.${part({ sub: 'ann', grants: [{ topics: '*', verbs: ['read', 'publish'] }] })}`;
const token = `${words}.${createHmac('sha256', secret).update(words).digest('base64url')}`;

/** A text, since the import is the page's and not the test's. */
const script = `import('/v1/client.js').then(({ connect }) => {
  window.read = [];
  window.tutti = connect(location.origin, { share: true, roads: ['ws'], token: '${token}' });
  window.tutti.topic('${topic}').subscribe((data) => window.read.push(data), { from: 'earliest' });
})`;

/** The part of the client that the pages use. */
interface Client {
  readonly id?: string;
  readonly status: { state: string };
  topic(name: string): {
    publish(data: string): Promise<unknown>;
  };
}

type Tab = Window & { tutti: Client; read: string[] };

let browser: Browser;
let server: Server;

beforeEach(async () => {
  browser = await Browser.start();
  server = await Server.start(inject('binary'), {
    dev: false,
    environment: { TUTTI_AUTH_KEYS: JSON.stringify([{ secret }]), TUTTI_NAMESPACES: '{chat: {}}' },
  });
});

afterEach(async () => {
  await browser.end();
  await server.end();
});

async function open(): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(`http://127.0.0.1:${server.port}/healthz`);
  await page.evaluate(script);
  await page.waitForFunction(() => (window as never as Tab).tutti?.status.state === 'live');
  return page;
}

const say = (page: Page, word: string): Promise<unknown> =>
  page.evaluate(
    ([name, data]) => (window as never as Tab).tutti.topic(name as string).publish(data as string),
    [topic, word],
  );

/** Waits until a tab has read so much, and returns it. */
async function read(page: Page, count: number): Promise<string[]> {
  await page.waitForFunction((n) => (window as never as Tab).read.length >= n, count);
  return page.evaluate(() => (window as never as Tab).read);
}

/** How many WebSockets the server has. */
async function connections(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Number(/^tutti_connections\{road="ws"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

describe('five tabs of one user', () => {
  test('TABS-1 TABS-5 have one connection, and each reads all once', async () => {
    const tabs = await Promise.all(Array.from({ length: 5 }, open));
    expect(await connections()).toBe(1);
    await Promise.all(tabs.map((tab, i) => say(tab, `from ${i}`)));
    const [first, ...others] = await Promise.all(tabs.map((tab) => read(tab, 5)));
    expect([...(first as string[])].sort()).toEqual(tabs.map((_, i) => `from ${i}`));
    for (const other of others) expect(other).toEqual(first);
    await tabs[0]?.close();
    await say(tabs[1] as Page, 'later');
    expect(await read(tabs[4] as Page, 6)).toEqual([...(first as string[]), 'later']);
    expect(await connections()).toBe(1);
  });

  test.each(['killed', 'frozen'] as const)(
    'TABS-5 TABS-6 without a SharedWorker one tab leads, and is replaced when it is %s',
    async (end) => {
      await browser.context.addInitScript(() => Object.assign(window, { SharedWorker: undefined }));
      const leader = await open();
      const tabs = [await open(), await open(), await open(), await open()];
      expect(await connections()).toBe(1);
      await say(leader, 'from the leader');
      for (const tab of tabs) await read(tab, 1);
      if (end === 'killed') {
        await leader.close();
      } else {
        const session = await browser.context.newCDPSession(leader);
        const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
        await session.send('Debugger.enable');
        await session.send('Debugger.pause');
        await paused; // by what it is told the next time: it does nothing more
      }
      await Promise.all(tabs.map((tab, i) => say(tab, `from ${i}`)));
      for (const tab of tabs)
        expect([...(await read(tab, 5))].sort()).toEqual([
          'from 0',
          'from 1',
          'from 2',
          'from 3',
          'from the leader',
        ]);
      const ids = await Promise.all(tabs.map((tab) => tab.evaluate(() => (window as never as Tab).tutti.id)));
      expect(new Set(ids).size).toBe(4);
      await expect.poll(connections, { timeout: 20_000 }).toBeLessThanOrEqual(end === 'killed' ? 1 : 2);
    },
  );
});
