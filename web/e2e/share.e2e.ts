import { createHmac } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const topic = 'chat:shared';

const secret = 'a secret of thirty-two bytes or more';
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokenOf(sub: string, topics = '*', times: object = {}): string {
  const words = `${part({ alg: 'HS256' })}.${part({ ...times, sub, grants: [{ topics, verbs: ['read', 'publish'] }] })}`;
  return `${words}.${createHmac('sha256', secret).update(words).digest('base64url')}`;
}

interface Opening {
  /** The tokens that it asks for, one after the other. */
  tokens?: string[];
  roads?: string[];
}

/** A text, since the import is the page's and not the test's. */
const script = ({ tokens, ...options }: Opening): string => `import('/v1/client.js').then(({ connect }) => {
  window.read = [];
  const tokens = ${JSON.stringify(tokens)};
  const token = async () => (tokens.length > 1 ? tokens.shift() : tokens[0]);
  const options = ${JSON.stringify({ share: true, roads: ['ws'], ...options })};
  window.tutti = connect(location.origin, { ...options, ...(tokens && { token }) });
  window.tutti.topic('${topic}').subscribe((data) => window.read.push(data), { from: 'earliest' });
})`;

/** The part of the client that the pages use. */
interface Client {
  readonly id?: string;
  readonly status: { state: string };
  topic(name: string): {
    publish(data: string): Promise<unknown>;
    subscribe(handler: () => void): () => void;
  };
}

type Tab = Window & { tutti: Client; read: string[] };

let browser: Browser;
let server: Server;

beforeEach(async () => {
  browser = await Browser.start();
  await serve();
});

afterEach(async () => {
  await browser.end();
  await server.end();
});

async function serve(limits: Record<string, string> = {}, dev = false): Promise<void> {
  const keys = { TUTTI_AUTH_KEYS: JSON.stringify([{ secret }]) };
  const environment = { ...(!dev && keys), TUTTI_NAMESPACES: '{chat: {}}', ...limits };
  server = await Server.start(inject('binary'), { dev, environment });
}

/** Serves otherwise than most tests want it. */
async function serveAnew(...how: Parameters<typeof serve>): Promise<void> {
  await server.end();
  await serve(...how);
}

async function open(options: Opening = { tokens: [tokenOf('ann')] }): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(`http://127.0.0.1:${server.port}/healthz`);
  await page.evaluate(script(options));
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

/** How many connections the server has. */
async function connections(road = 'ws'): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Number(new RegExp(`^tutti_connections\\{road="${road}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

describe('five tabs of one user', () => {
  test('TABS-1 TABS-5 have one connection, and each reads all once', async () => {
    const tabs = await Promise.all(Array.from({ length: 5 }, () => open()));
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

describe('a tab', () => {
  /** All read and publish, each once. */
  async function agree(tabs: Page[]): Promise<void> {
    await Promise.all(tabs.map((tab, i) => say(tab, `from ${i}`)));
    for (const tab of tabs)
      expect([...(await read(tab, tabs.length))].sort()).toEqual(tabs.map((_, i) => `from ${i}`));
  }

  test('TABS-2 that is one more than a connection may have connects by itself', async () => {
    await serveAnew({ TUTTI_LIMITS_CLIENTS: '2' });
    const tabs = [await open(), await open(), await open()];
    expect(await connections()).toBe(2);
    await agree(tabs);
  });

  test('TABS-2 that reads a topic more than a connection may has one of its own', async () => {
    await serveAnew({ TUTTI_LIMITS_TOPICS: '2' });
    const tabs = [await open(), await open()];
    for (const [i, tab] of tabs.entries())
      await tab.evaluate(
        (name) => void (window as never as Tab).tutti.topic(name).subscribe(() => {}),
        `chat:of-${i}`,
      );
    await agree(tabs);
    await expect.poll(connections).toBe(2);
  });

  test('TABS-3 of another user has another connection, and one without a token has its own', async () => {
    const tabs = await Promise.all(
      ['ann', 'bob', 'ann', 'bob'].map((sub) => open({ tokens: [tokenOf(sub)] })),
    );
    expect(await connections()).toBe(2);
    await agree(tabs);
    await Promise.all([open({}), open({})]);
    expect(await connections()).toBe(4);
  });

  test('TABS-3 whose token says something else has another connection, and its own rights', async () => {
    const tabs = [await open(), await open({ tokens: [tokenOf('ann', '*', { iat: 1 })] })];
    expect(await connections()).toBe(1);
    const other = await open({ tokens: [tokenOf('ann', 'other:*')] });
    expect(await connections()).toBe(2);
    await agree(tabs);
    expect(await read(other, 0)).toEqual([]);
  });

  test('TABS-3 whose renewed token says something else goes to another connection', async () => {
    const tabs = [await open(), await open()];
    expect(await connections()).toBe(1);
    // The server asks for a token when one expires; the page gives one that it had in store.
    const soon = tokenOf('ann', '*', { exp: Math.floor(Date.now() / 1000) - 7 });
    const other = await open({ tokens: [soon, tokenOf('ann', 'chat:*')] });
    expect(await connections()).toBe(1);
    await expect.poll(connections, { timeout: 20_000 }).toBe(2);
    await agree([...tabs, other]);
  });

  test('TABS-3 on another road has a connection of its own', async () => {
    const tabs = [await open(), await open(), await open({ tokens: [tokenOf('ann')], roads: ['sse'] })];
    expect([await connections(), await connections('sse')]).toEqual([1, 1]);
    await agree(tabs);
  });

  test('TABS-3 whom the server knows by another name than the token has one of its own', async () => {
    await serveAnew({}, true);
    const tabs = [await open(), await open(), await open()];
    expect(await connections()).toBe(3);
    await agree(tabs);
  });
});
