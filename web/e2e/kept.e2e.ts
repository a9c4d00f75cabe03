import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from './browser.ts';

const origin = 'http://127.0.0.1:8081';
/** A page with a counter that is kept in the storage, under the browser's locks. */
const html = `<!doctype html><title>kept</title><script type="module">
  import { GCounter, open } from '/crdt.js';
  window.kept = await open(GCounter, 'visits', { storage: localStorage, locks: navigator.locks });
</script>`;
const library = join(import.meta.dirname, '../../packages/crdt/dist/crdt.js');

let browser: Browser;

beforeEach(async () => {
  browser = await Browser.start();
  const body = await readFile(library, 'utf8');
  await browser.context.route(`${origin}/**`, (route) =>
    route.request().url().endsWith('/crdt.js')
      ? route.fulfill({ contentType: 'text/javascript', body })
      : route.fulfill({ contentType: 'text/html', body: html }),
  );
});

afterEach(() => browser.end());

async function open(): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => 'kept' in window);
  return page;
}

/** What a test looks at of what `open` returns. */
interface Kept {
  replica: { increment(): void; readonly value: number; readonly replicaId: string };
  saved(): Promise<void>;
}

const id = (page: Page): Promise<string> =>
  page.evaluate(() => (window as unknown as { kept: Kept }).kept.replica.replicaId);
const value = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { kept: Kept }).kept.replica.value);
const increment = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const { kept } = window as unknown as { kept: Kept };
    kept.replica.increment();
    await kept.saved();
  });

describe('a replica that is kept in a browser', () => {
  test('CRDT-7: two tabs have two ids, and lose nothing', async () => {
    const [one, two] = [await open(), await open()];
    const ids = [await id(one), await id(two)];
    expect(new Set(ids).size).toBe(2);
    for (const tab of [one, two, one, two, two]) await increment(tab);
    await one.close();
    const three = await open();
    expect([await id(three), await value(three)]).toEqual([ids[0], 5]);
    await increment(three);
    for (const tab of [two, three]) await tab.close();
    expect(await value(await open())).toBe(6);
  });

  test('CRDT-7: a tab that was killed leaves its id and its state to the next', async () => {
    const one = await open();
    const was = await id(one);
    for (let i = 0; i < 3; i++) await increment(one);
    const session = await browser.context.newCDPSession(one);
    const gone = one.waitForEvent('crash');
    session.send('Page.crash').catch(() => {});
    await gone;
    const two = await open();
    expect([await id(two), await value(two)]).toEqual([was, 3]);
  });
});
