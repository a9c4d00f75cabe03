import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const shots = process.env.SCREENSHOTS;

/** A window with the list. */
class List {
  readonly page: Page;
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load'))
        this.faults.push(message.text());
    });
  }

  static async open(): Promise<List> {
    const list = new List(await browser.context.newPage());
    await list.page.goto(`http://127.0.0.1:${server?.port}/react.html`);
    await list.page.waitForSelector('.status[data-state="live"]');
    await list.latency(0);
    return list;
  }

  latency(milliseconds: number): Promise<void> {
    return this.page.getByRole('slider', { name: /^Latency/ }).fill(String(milliseconds));
  }

  async add(...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.page.getByRole('textbox', { name: 'What is to be done' }).fill(text);
      await this.page.keyboard.press('Enter');
    }
  }

  press(button: string): Promise<void> {
    return this.page.getByRole('button', { name: button, exact: true }).click();
  }

  turn(on: boolean, name: RegExp): Promise<void> {
    return this.page.getByRole('checkbox', { name }).setChecked(on);
  }

  /** What each line says and how far it is. */
  rows(): Promise<string[]> {
    return this.page.$$eval('.todos > li', (items) =>
      items.map((item) => {
        const text = item.querySelector<HTMLInputElement>('.text')?.value;
        const done = item.querySelector<HTMLInputElement>('.done')?.checked ? ' done' : '';
        return `${text}${done}: ${item.dataset.state}`;
      }),
    );
  }

  renders(): Promise<number[]> {
    return this.page.$$eval('.renders', (all) => all.map(({ textContent }) => Number(textContent)));
  }

  /** Waits until the lines are these. */
  async settle(...rows: string[]): Promise<void> {
    await expect.poll(() => this.rows(), { timeout: 20_000 }).toEqual(rows);
  }
}

let browser: Browser;
let server: Server | undefined;
let mine: List;
let theirs: List;

beforeAll(async () => {
  browser = await Browser.start();
});

beforeEach(async () => {
  server = await Server.start(inject('binary'));
  mine = await List.open();
  theirs = await List.open();
});

afterEach(async () => {
  const windows = [mine, theirs];
  for (const { page } of windows) await page.close();
  await server?.end();
  expect(windows.flatMap(({ faults }) => faults)).toEqual([]);
});

afterAll(() => browser?.end());

test('DOC-17: three are in flight, and the rejected one in the middle goes alone', async () => {
  await mine.latency(1000);
  await mine.press('Three at once');
  expect(await mine.rows()).toEqual([
    'Tune the oboes: pending',
    'Learn the bagpipes: pending',
    'Book the hall: pending',
  ]);
  await mine.page.getByText('3 of those added here pending').waitFor();
  await mine.page.getByText('Sending 3 changes…').waitFor();
  await mine.settle('Tune the oboes: confirmed', 'Book the hall: confirmed', 'Learn the bagpipes: rejected');
  await theirs.settle('Tune the oboes: confirmed', 'Book the hall: confirmed');
  await mine.page
    .getByText('“Learn the bagpipes” was rejected: The server is in no mood for that.')
    .waitFor();
  await mine.press('Dismiss: Learn the bagpipes');
  await mine.settle('Tune the oboes: confirmed', 'Book the hall: confirmed');
});

test('DOC-15: a change of one line renders that line alone, here and elsewhere', async () => {
  await mine.add('oboes', 'horns', 'harps');
  await theirs.settle('oboes: confirmed', 'horns: confirmed', 'harps: confirmed');
  await mine.settle('oboes: confirmed', 'horns: confirmed', 'harps: confirmed');
  const [before, there] = [await mine.renders(), await theirs.renders()];
  await mine.page.getByRole('checkbox', { name: 'Done: horns' }).click();
  await theirs.settle('oboes: confirmed', 'horns done: confirmed', 'harps: confirmed');
  await mine.settle('oboes: confirmed', 'horns done: confirmed', 'harps: confirmed');
  const [after, thereAfter] = [await mine.renders(), await theirs.renders()];
  expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  expect(after[1]).toBeGreaterThan(before[1] as number);
  expect(thereAfter).toEqual(there.map((n, i) => (i === 1 ? n + 1 : n)));
});

test('what is changed offline arrives later, and the banner says so until then', async () => {
  await mine.add('oboes');
  await theirs.settle('oboes: confirmed');
  await mine.turn(true, /^Offline/);
  await mine.page.waitForSelector('.status[data-state="backoff"]');
  await mine.add('harps');
  const text = mine.page.locator('.todos .text').first();
  await text.fill('horns');
  await text.press('Enter');
  await mine.settle('horns: pending', 'harps: pending');
  await mine.page.getByText(/2 changes will be sent later/).waitFor();
  await mine.turn(false, /^Offline/);
  await theirs.settle('horns: confirmed', 'harps: confirmed');
  await mine.settle('horns: confirmed', 'harps: confirmed');
  await expect.poll(() => mine.page.locator('.tutti-banner').textContent()).toBe('');
  await mine.press('Undo');
  await theirs.settle('oboes: confirmed', 'harps: confirmed');
});

test('the page fits every width, light and dark, whatever it tells', async () => {
  const { page } = mine;
  await mine.add('Tune the oboes', 'Copy the parts of the second violins', 'Book the hall');
  await theirs.settle(
    'Tune the oboes: confirmed',
    'Copy the parts of the second violins: confirmed',
    'Book the hall: confirmed',
  );
  await page.getByRole('checkbox', { name: 'Done: Tune the oboes' }).click();
  await mine.add('Learn the bagpipes');
  await page.locator('[data-state="rejected"]').waitFor();
  await mine.turn(true, /^Offline/);
  await mine.add('Print the programmes');
  await page.getByText(/1 change will be sent later/).waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [360, 820, 1400]) {
      await page.setViewportSize({ width, height: 900 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      if (!shots) continue;
      await mkdir(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `react-${colorScheme}-${width}.png`), fullPage: true });
    }
  }
});
