import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const shots = process.env.SCREENSHOTS;

/** A line as a window shows it. */
interface Row {
  text: string;
  done: boolean;
  state: string;
  notes: string;
}

/** A window with the list, used as a visitor does. */
class List {
  readonly page: Page;
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  static async open(address: string): Promise<List> {
    const list = new List(await browser.context.newPage());
    await list.page.goto(address);
    await list.page.waitForSelector('.status[data-state="live"]');
    await list.latency(0);
    return list;
  }

  async add(...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.page.getByRole('textbox', { name: 'What is to be done' }).fill(text);
      await this.page.keyboard.press('Enter');
    }
  }

  async edit(before: string, after: string): Promise<void> {
    await (await this.row(before)).getByRole('textbox').fill(after);
    await this.page.keyboard.press('Enter');
  }

  async tick(text: string): Promise<void> {
    await this.page.getByRole('checkbox', { name: `Done: ${text}`, exact: true }).click();
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button, exact: true }).click();
  }

  async turn(on: boolean, name: RegExp): Promise<void> {
    await this.page.getByRole('checkbox', { name }).setChecked(on);
  }

  offline(on: boolean): Promise<void> {
    return this.turn(on, /^Offline/);
  }

  async latency(milliseconds: number): Promise<void> {
    await this.page.getByRole('slider', { name: /^Latency/ }).fill(String(milliseconds));
  }

  rows(): Promise<Row[]> {
    return this.page.$$eval('.todos > li', (items) =>
      items.map((item) => ({
        text: item.querySelector<HTMLInputElement>('.text')?.value ?? '',
        done: item.querySelector<HTMLInputElement>('.done')?.checked ?? false,
        state: item.dataset.state ?? '',
        notes: item.querySelector('.notes')?.textContent ?? '',
      })),
    );
  }

  async texts(): Promise<string[]> {
    return (await this.rows()).map(({ text }) => text);
  }

  /** Waits until the window shows these lines, with nothing pending. */
  async settle(...texts: string[]): Promise<void> {
    await this.page.waitForFunction(
      (wanted) =>
        !document.querySelector('.todos > li[data-state="pending"]') &&
        JSON.stringify(
          [...document.querySelectorAll<HTMLInputElement>('.todos .text')].map((t) => t.value),
        ) === wanted,
      JSON.stringify(texts),
    );
  }

  async row(text: string): Promise<Locator> {
    const key = await this.page.$$eval(
      '.todos > li',
      (items, wanted) =>
        items.find((item) => item.querySelector<HTMLInputElement>('.text')?.value === wanted)?.dataset.key,
      text,
    );
    if (key === undefined) throw new Error(`no line says ${text}`);
    return this.page.locator(`.todos > li[data-key="${key}"]`);
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
  const address = `http://127.0.0.1:${server.port}/todos.html`;
  mine = await List.open(address);
  theirs = await List.open(address);
});

afterEach(async () => {
  const windows = [mine, theirs];
  for (const { page } of windows) await page.close();
  await server?.end();
  expect(windows.flatMap(({ faults }) => faults)).toEqual([]);
});

afterAll(() => browser?.end());

describe('a list in two windows', () => {
  test('DOC-15: a change shows at once while the server is slow, and elsewhere when it is confirmed', async () => {
    await mine.latency(3000);
    await mine.add('Tune the oboes');
    expect(await mine.rows()).toEqual([{ text: 'Tune the oboes', done: false, state: 'pending', notes: '' }]);
    await mine.tick('Tune the oboes');
    expect(await mine.rows()).toMatchObject([{ done: true, state: 'pending' }]);
    expect(await theirs.rows()).toEqual([]);
    await mine.settle('Tune the oboes');
    await theirs.settle('Tune the oboes');
    const settled = [{ text: 'Tune the oboes', done: true, state: 'confirmed', notes: '' }];
    expect([await mine.rows(), await theirs.rows()]).toEqual([settled, settled]);
  });

  test('DOC-17: a rejection takes back that change alone, and says why', async () => {
    await mine.add('oboes', 'horns');
    await mine.settle('oboes', 'horns');
    await theirs.settle('oboes', 'horns');
    await mine.latency(3000);
    await mine.turn(true, /^Reject/);
    await mine.edit('oboes', 'bagpipes');
    expect((await mine.rows())[0]).toMatchObject({ text: 'bagpipes', state: 'pending' });
    await mine.turn(false, /^Reject/);
    await mine.tick('horns');
    expect((await mine.rows())[1]).toMatchObject({ text: 'horns', done: true, state: 'pending' });
    await mine.settle('oboes', 'horns');
    expect(await mine.rows()).toMatchObject([
      { text: 'oboes', state: 'rejected' },
      { text: 'horns', done: true, state: 'confirmed', notes: '' },
    ]);
    const [{ notes } = { notes: '' }] = await mine.rows();
    expect(notes).toContain('“bagpipes” was rejected: The server is in no mood for changes. (rejected)');
    await theirs.page.getByRole('checkbox', { name: 'Done: horns', checked: true }).waitFor();
    expect(await theirs.texts()).toEqual(['oboes', 'horns']);
    await mine.press('Dismiss');
    expect(await mine.rows()).toMatchObject([{ state: 'confirmed', notes: '' }, {}]);
  });

  test('a rejected line stays to be read, and goes when it is dismissed', async () => {
    await mine.turn(true, /^Reject/);
    await mine.add('bagpipes');
    await mine.settle('bagpipes');
    expect(await mine.rows()).toMatchObject([{ text: 'bagpipes', state: 'rejected' }]);
    await mine.press('Dismiss: bagpipes');
    expect(await mine.rows()).toEqual([]);
    expect(await theirs.rows()).toEqual([]);
  });

  test('what was changed offline arrives later', async () => {
    await mine.add('oboes', 'horns');
    await theirs.settle('oboes', 'horns');
    await mine.settle('oboes', 'horns');
    await mine.offline(true);
    await mine.page.waitForSelector('.status[data-state="backoff"]');
    await mine.add('harps');
    await mine.tick('oboes');
    await mine.press('Delete: horns');
    await theirs.add('flutes');
    await theirs.settle('oboes', 'horns', 'flutes');
    expect(await mine.rows()).toMatchObject([
      { text: 'oboes', done: true, state: 'pending' },
      { text: 'harps', state: 'pending' },
    ]);
    await mine.offline(false);
    await mine.page.waitForSelector('.status[data-state="live"]');
    await theirs.page.getByRole('checkbox', { name: 'Done: harps' }).waitFor();
    const [here, there] = [(await mine.texts()).toSorted(), (await theirs.texts()).toSorted()];
    expect([here, there]).toEqual([
      ['flutes', 'harps', 'oboes'],
      ['flutes', 'harps', 'oboes'],
    ]);
    expect(await theirs.rows()).toContainEqual({ text: 'oboes', done: true, state: 'confirmed', notes: '' });
  });

  test('RECORDS-7: the server rejects what would overwrite something unseen', async () => {
    await mine.add('oboes');
    await mine.settle('oboes');
    await theirs.settle('oboes');
    await mine.turn(true, /^Do not let me overwrite/);
    await mine.offline(true);
    await mine.edit('oboes', 'harps');
    await theirs.edit('oboes', 'flutes');
    await theirs.settle('flutes');
    expect(await mine.texts()).toEqual(['harps']);
    await mine.offline(false);
    await mine.settle('flutes');
    expect(await mine.rows()).toMatchObject([{ text: 'flutes', state: 'rejected' }]);
    expect((await mine.rows())[0]?.notes).toMatch(/^“harps” was rejected: .+ \(overwrites_unseen\)/);
    expect(await theirs.rows()).toEqual([{ text: 'flutes', done: false, state: 'confirmed', notes: '' }]);
  });

  test('RECORDS-10: both are told what was overwritten unseen', async () => {
    await mine.add('oboes');
    await mine.settle('oboes');
    await theirs.settle('oboes');
    await mine.offline(true);
    await mine.edit('oboes', 'harps');
    await theirs.edit('oboes', 'flutes');
    await theirs.settle('flutes');
    await mine.offline(false);
    await mine.settle('harps');
    await theirs.settle('harps');
    await mine.page.getByText('You overwrote the text “flutes”').waitFor();
    await theirs.page.getByText('Somebody who had not seen it overwrote the text “flutes”').waitFor();
  });

  test('RECORDS-11, RECORDS-12: lines are moved, and each window undoes its own', async () => {
    await mine.add('oboes', 'horns', 'harps');
    await mine.settle('oboes', 'horns', 'harps');
    await theirs.settle('oboes', 'horns', 'harps');
    await mine.press('Move up: harps');
    await theirs.settle('oboes', 'harps', 'horns');
    await mine.press('Move down: oboes');
    await theirs.settle('harps', 'oboes', 'horns');
    expect(await mine.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Move down: oboes',
    );
    await theirs.edit('horns', 'tubas');
    await mine.settle('harps', 'oboes', 'tubas');
    await mine.press('Undo');
    await theirs.settle('oboes', 'harps', 'tubas');
    await mine.press('Redo');
    await theirs.settle('harps', 'oboes', 'tubas');
    await theirs.press('Undo');
    await mine.settle('harps', 'oboes', 'horns');
  });
});

describe('the page', () => {
  test('is used by keyboard alone', async () => {
    const { page } = mine;
    await page.focus('#text');
    for (const key of ['o', 'b', 'o', 'e', 'Enter', 'Tab', 'Tab', 'Space', 'Tab', 'End', 's', 'Enter'])
      await page.keyboard.press(key);
    await theirs.settle('oboes');
    await mine.settle('oboes');
    expect(await mine.rows()).toMatchObject([{ text: 'oboes', done: true }]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await theirs.settle();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('text');
  });

  test('fits every width, light and dark, whatever it tells', async () => {
    const { page } = mine;
    await mine.add('Tune the oboes', 'Copy the parts of the second violins', 'Book the hall');
    await mine.tick('Tune the oboes');
    await mine.settle('Tune the oboes', 'Copy the parts of the second violins', 'Book the hall');
    await theirs.edit('Book the hall', 'Book the great hall');
    await mine.settle('Tune the oboes', 'Copy the parts of the second violins', 'Book the great hall');
    await mine.turn(true, /^Reject/);
    await mine.add('Learn the bagpipes');
    await mine.edit('Book the great hall', 'Cancel everything');
    await mine.page.locator('[data-state="rejected"]').nth(1).waitFor();
    await mine.turn(false, /^Reject/);
    await mine.offline(true);
    await mine.add('Print the programmes');
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const width of [360, 820, 1400]) {
        await page.setViewportSize({ width, height: 900 });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        if (!shots) continue;
        await mkdir(shots, { recursive: true });
        await page.screenshot({ path: join(shots, `todos-${scheme}-${width}.png`), fullPage: true });
      }
    }
  });
});
