import { createHmac } from 'node:crypto';
import type { Client, Options, Presence } from '@tutti/client';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const topic = 'chat:lobby';

type Tab = Window & { tutti: Client; here: Presence<string>; lines: string[] };

const secret = 'a secret of thirty-two bytes or more';

/** A token by which a hub knows whose tabs it carries. */
function signed(sub: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const grants = [{ topics: '*', verbs: ['read', 'presence'] }];
  const words = `${part({ alg: 'HS256' })}.${part({ sub, grants })}`;
  return `${words}.${createHmac('sha256', secret).update(words).digest('base64url')}`;
}

let browser: Browser;
let server: Server;

beforeEach(async () => {
  browser = await Browser.start();
  server = await Server.start(inject('binary'));
});

afterEach(async () => {
  await browser.end();
  await server.end();
});

/** Makes a page a member, and lets it write down who comes and goes. A text, since the import is the page's. */
const script = (token: string, options: Options): string => `import('/v1/client.js').then(({ connect }) => {
  window.lines = [];
  window.tutti = connect(location.origin, ${JSON.stringify({ storage: false, ...options, token })});
  window.here = tutti.presence('${topic}');
  here.onJoin(({ id }) => lines.push('+' + id));
  here.onLeave(({ id }) => lines.push('-' + id));
  return here.enter('here');
})`;

/** A tab of a user, or the same again. */
async function open(token: string, options: Options = {}, page?: Page): Promise<Page> {
  const tab = page ?? (await browser.context.newPage());
  await tab.goto(`http://127.0.0.1:${server.port}/healthz`);
  await tab.evaluate(script(token, options));
  return tab;
}

const lines = (page: Page): Promise<string[]> => page.evaluate(() => (window as never as Tab).lines);

const sessions = (page: Page): Promise<[string, number][]> =>
  page.evaluate(() =>
    (window as never as Tab).here.users.map(({ id, sessions }) => [id, sessions.length] as [string, number]),
  );

const patience = { timeout: 15_000 };

test.each(['ws', 'sse', 'poll'] as const)(
  'PRES-5 PRES-7 over %s a reload is no leave, and a closed tab is',
  async (road) => {
    const options: Options = { roads: [road] };
    const watching = await open('eve');
    await expect.poll(() => sessions(watching), patience).toEqual([['eve', 1]]);
    const tab = await open('ann', options);
    await expect
      .poll(() => sessions(watching), patience)
      .toEqual([
        ['eve', 1],
        ['ann', 1],
      ]);
    await open('ann', options, tab);
    await watching.waitForTimeout(8000);
    expect((await lines(watching)).filter((line) => line !== '+eve')).toEqual(['+ann']);
    expect(await sessions(watching)).toEqual([
      ['eve', 1],
      ['ann', 1],
    ]);
    const closed = Date.now();
    await tab.close();
    await expect.poll(async () => (await lines(watching)).at(-1), patience).toBe('-ann');
    const took = Date.now() - closed;
    expect(took).toBeGreaterThan(4000);
    expect(took).toBeLessThan(8000);
  },
);

test('PRES-5 a page that the browser keeps is gone meanwhile, and enters again', async () => {
  const watching = await open('eve');
  const tab = await open('ann');
  await expect.poll(() => lines(watching), patience).toContain('+ann');
  await tab.goto('about:blank');
  await expect.poll(() => lines(watching), patience).toContain('-ann');
  await tab.goBack();
  const kept = await tab.evaluate(() => 'tutti' in window);
  if (!kept) await tab.evaluate(script('ann', {}));
  await expect
    .poll(() => sessions(watching), patience)
    .toEqual([
      ['eve', 1],
      ['ann', 1],
    ]);
});

test('PRES-2 TABS-7 tabs that share a connection are members each', async () => {
  await server.end();
  server = await Server.start(inject('binary'), {
    dev: false,
    environment: { TUTTI_AUTH_KEYS: JSON.stringify([{ secret }]), TUTTI_NAMESPACES: '{chat: {}}' },
  });
  const options: Options = { share: true, roads: ['ws'] };
  const [ann, eve] = [signed('ann'), signed('eve')];
  const watching = await open(eve);
  const tabs = [await open(ann, options), await open(ann, options)];
  await expect
    .poll(() => sessions(watching), patience)
    .toEqual([
      ['eve', 1],
      ['ann', 2],
    ]);
  const third = await open(ann, options);
  await expect
    .poll(() => sessions(third), patience)
    .toEqual([
      ['eve', 1],
      ['ann', 3],
    ]);
  const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  expect(/^tutti_connections\{road="ws"\} (\d+)/m.exec(metrics)?.[1]).toBe('2');
  await tabs[0]?.close();
  await expect
    .poll(() => sessions(third), patience)
    .toEqual([
      ['eve', 1],
      ['ann', 2],
    ]);
  await server.kill();
  await server.start();
  await expect.poll(() => third.evaluate(() => (window as never as Tab).tutti.online), patience).toBe(true);
  await expect.poll(() => sessions(watching), { timeout: 30_000 }).toHaveLength(2);
  await watching.waitForTimeout(7000);
  expect((await sessions(watching)).sort()).toEqual([
    ['ann', 2],
    ['eve', 1],
  ]);
  expect((await lines(watching)).filter((line) => line !== '+eve')).toEqual(['+ann']);
});
