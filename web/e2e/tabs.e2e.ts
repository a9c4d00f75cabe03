import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const pages = readdirSync(join(import.meta.dirname, '../dist')).filter((file) => file.endsWith('.html'));

let browser: Browser | undefined;
let server: Server | undefined;

afterEach(async () => {
  await browser?.end();
  await server?.end();
});

/** Takes roads from every page before it runs. */
async function leave(road: 'ws' | 'sse' | 'poll', context: Browser['context']): Promise<void> {
  await context.addInitScript((left) => {
    if (left === 'ws') return;
    Object.assign(window, { WebSocket: undefined });
    const { fetch } = window;
    window.fetch = (input, init) =>
      left === 'poll' && String(input).endsWith('/v1/sse')
        ? Promise.reject(new TypeError('Failed to fetch'))
        : fetch(input, init);
  }, road);
}

/** Waits until everything on the page that tells a state is live. */
function waitUntilLive(page: Page): Promise<unknown> {
  return page.waitForFunction(() => {
    const told = [...document.querySelectorAll<HTMLElement>('.status[data-state]')];
    return told.length > 0 && told.every((status) => status.dataset.state === 'live');
  });
}

// A browser opens six connections to an origin over HTTP/1.1, for all its tabs together: a WebSocket is none of them.
const cases = [
  { road: 'ws' as const, files: pages },
  ...(['sse', 'poll'] as const).flatMap((road) => pages.map((file) => ({ road, files: [file] }))),
];

describe.each(cases)('two tabs at once of $files, over $road', ({ road, files }) => {
  test('are all live, and leave room for requests', async () => {
    browser = await Browser.start();
    const { context } = browser;
    await leave(road, context);
    server = await Server.start(inject('binary'));
    const base = `http://127.0.0.1:${server.port}`;
    const tabs = await Promise.all(
      [...files, ...files].map(async (file) => {
        const page = await context.newPage();
        await page.goto(`${base}/${file}`);
        for (const box of await page.getByRole('checkbox', { name: /is connected$/ }).all())
          await box.check();
        return page;
      }),
    );
    await Promise.all(tabs.map(waitUntilLive));
    const roads = await Promise.all(
      tabs.map((page) =>
        page.$$eval('.status[data-road]', (all) => all.map((status) => (status as HTMLElement).dataset.road)),
      ),
    );
    expect(new Set(roads.flat())).toEqual(new Set([road]));
    const answers = await Promise.all(
      tabs.map((page) => page.evaluate(() => fetch('healthz').then((answer) => answer.text()))),
    );
    expect(answers).toEqual(tabs.map(() => 'ok\n'));

    const chats = tabs.filter((_, i) => files[i % files.length] === 'index.html');
    for (const [i, page] of chats.entries()) {
      await page.fill('#text', `tab ${i}`);
      await page.press('#text', 'Enter');
    }
    for (const page of chats)
      for (const i of chats.keys()) await page.locator('#chat .log .text', { hasText: `tab ${i}` }).waitFor();
  });
});
