import { join } from 'node:path';
import { connect, type WebSocketClass } from '@tutti/client';
import type { Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { WebSocket } from 'ws';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

/** How many seconds of changes there are, and how many changes in each. */
const seconds = Number(process.env.SECONDS ?? 4);
const rate = 50;
const size = 1000;

interface Seen {
  lists: number;
  rows: number;
  longTasks: { startTime: number; duration: number }[];
}

let browser: Browser;
let server: Server;
let built: Rolldown.RolldownOutput;

beforeAll(async () => {
  browser = await Browser.start();
  server = await Server.start(inject('binary'));
  built = (await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, rolldownOptions: { input: join(import.meta.dirname, 'list/page.tsx') } },
  })) as Rolldown.RolldownOutput;
});

afterAll(async () => {
  await browser?.end();
  await server?.end();
});

/** Tells how many milliseconds the page's thread has been busy, and of these with scripts. */
async function meter(page: Page): Promise<() => Promise<{ tasks: number; scripts: number }>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const ms = (wanted: string) => 1000 * (metrics.find(({ name }) => name === wanted)?.value ?? 0);
    return { tasks: ms('TaskDuration'), scripts: ms('ScriptDuration') };
  };
}

test(
  `of a list of ${size} records nothing renders but what has changed`,
  async () => {
    const url = `http://127.0.0.1:${server.port}`;
    const remote = connect(url, { WebSocket: WebSocket as unknown as WebSocketClass });
    const records = remote.records<{ text: string; n: number }>('records:list');
    const keys = Array.from({ length: size }, (_, i) => `r${String(i).padStart(4, '0')}`);
    for (const part of [keys.slice(0, 500), keys.slice(500)])
      await records.batch((batch) => {
        for (const key of part) batch.set(key, { text: `Line ${key}`, n: 0 });
      }).server;

    const page = await browser.context.newPage();
    page.on('pageerror', (error) => console.error(error));
    const [{ fileName }] = built.output;
    const body = `<!doctype html><body><script type="module" src="${fileName}"></script>`;
    await page.route('**/list.html', (route) => route.fulfill({ contentType: 'text/html', body }));
    for (const file of built.output)
      if (file.type === 'chunk')
        await page.route(`**/${file.fileName}`, (route) =>
          route.fulfill({ contentType: 'text/javascript', body: file.code }),
        );
    await page.goto(`${url}/list.html`);
    await page.waitForFunction((n) => document.querySelectorAll('li').length === n, size);
    const seen = () => page.evaluate(() => ({ ...(window as unknown as { seen: Seen }).seen }));
    const busy = await meter(page);

    const began = await page.evaluate(() => performance.now());
    const [before, busyBefore] = [await seen(), await busy()];
    const changes = seconds * rate;
    for (let i = 0; i < changes; i++) {
      records.patch(keys[(i * 7) % size] as string, { n: i + 1 });
      await new Promise((resolve) => setTimeout(resolve, 1000 / rate));
    }
    await page.waitForFunction(
      (n) => [...document.querySelectorAll('li')].some(({ textContent }) => textContent?.endsWith(` ${n}`)),
      changes,
    );
    const [after, busyAfter] = [await seen(), await busy()];
    remote.close();

    const per = (what: 'tasks' | 'scripts') => ((busyAfter[what] - busyBefore[what]) / changes).toFixed(2);
    const long = (during: boolean) => {
      const tasks = after.longTasks.filter(({ startTime }) => startTime >= began === during);
      return tasks.map(({ duration }) => `${Math.round(duration)} ms`).join(', ') || 'none';
    };
    console.log(
      `${size} records, ${changes} remote changes at ${rate} a second:`,
      `${after.rows - before.rows} rows and ${after.lists - before.lists} lists rendered;`,
      `the page was busy for ${per('tasks')} ms a change, ${per('scripts')} ms of it in scripts;`,
      `tasks over 50 ms: ${long(true)}, and before, while it was opened: ${long(false)}`,
    );
    expect(after.rows - before.rows).toBe(changes);
    expect(after.lists - before.lists).toBe(0);
  },
  60_000 + 2000 * seconds,
);
