import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const shots = process.env.SCREENSHOTS;

type Name = 'A' | 'B';

/** The page with its two devices, as a visitor has it. */
class Devices {
  readonly page: Page;
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  static async open(address: string): Promise<Devices> {
    const devices = new Devices(await browser.context.newPage());
    await devices.page.goto(address);
    return devices;
  }

  device(name: Name): Locator {
    return this.page.getByRole('region', { name: `Device ${name}`, exact: true });
  }

  async increment(name: Name, times = 1): Promise<void> {
    for (let i = 0; i < times; i++)
      await this.device(name).getByRole('button', { name: 'One more', exact: true }).click();
  }

  async add(name: Name, element: string): Promise<void> {
    await this.device(name).getByRole('textbox', { name: 'New element' }).fill(element);
    await this.page.keyboard.press('Enter');
  }

  async remove(name: Name, element: string): Promise<void> {
    await this.device(name)
      .getByRole('button', { name: `Remove ${element}` })
      .click();
  }

  async set(name: Name, value: string): Promise<void> {
    await this.device(name).getByRole('textbox', { name: 'New value' }).fill(value);
    await this.page.keyboard.press('Enter');
  }

  async give(from: Name): Promise<void> {
    await this.device(from).getByRole('button', { name: /^Give/ }).click();
  }

  async connect(name: Name, on = true): Promise<void> {
    await this.page.getByRole('checkbox', { name: `Device ${name} is connected` }).setChecked(on);
  }

  /** What both devices show, and have in their payloads apart from whose they are. */
  both(): Promise<unknown[]> {
    return Promise.all((['A', 'B'] as const).map((name) => this.shown(name)));
  }

  async shown(name: Name): Promise<{ count: string; set: string[]; latest: string[]; all: string[] }> {
    const texts = (selector: string) => this.device(name).locator(selector).allTextContents();
    const [count = ''] = await texts('output');
    return {
      count,
      set: await texts('.chips li:not(.none) span'),
      latest: await texts('.latest .value'),
      all: await texts('.all .value'),
    };
  }

  async payload(name: Name): Promise<Record<string, unknown>> {
    return JSON.parse((await this.device(name).locator('.payload').textContent()) ?? '');
  }

  count(name: Name, count: number): Promise<void> {
    return this.device(name)
      .locator('output', { hasText: new RegExp(`^${count}$`) })
      .waitFor();
  }

  async end(): Promise<void> {
    await this.page.close();
    expect(this.faults).toEqual([]);
  }
}

let browser: Browser;
let server: Server;
let address: string;
const open: Devices[] = [];

beforeAll(async () => {
  browser = await Browser.start();
  server = await Server.start(inject('binary'));
  address = `http://127.0.0.1:${server.port}/crdts.html`;
});

afterEach(async () => {
  for (const devices of open.splice(0)) await devices.end();
});

afterAll(async () => {
  await browser?.end();
  await server?.end();
});

async function visit(at = address): Promise<Devices> {
  const devices = await Devices.open(at);
  open.push(devices);
  return devices;
}

describe('two devices without a server', () => {
  test('CRDT-4: two increments here and one there are three on both, whoever gives first', async () => {
    for (const order of [['A', 'B'] as const, ['B', 'A'] as const]) {
      const on = await visit();
      await on.page.context().setOffline(true);
      await on.increment('A', 2);
      await on.increment('B');
      expect([(await on.shown('A')).count, (await on.shown('B')).count]).toEqual(['2', '1']);
      for (const from of order) await on.give(from);
      await on.count('A', 3);
      await on.count('B', 3);
      await on.page.getByText('Both hold the same.').waitFor();
      await on.page.context().setOffline(false);
    }
  });

  test('CRDT-4: payloads given again and again change nothing', async () => {
    const on = await visit();
    await on.increment('A', 2);
    await on.add('A', 'oboe');
    await on.set('B', 'presto');
    await on.give('A');
    await on.give('B');
    const payloads = [await on.payload('A'), await on.payload('B')];
    for (const from of ['A', 'B', 'B', 'A', 'A'] as const) {
      await on.give(from);
      await on
        .device(from === 'A' ? 'B' : 'A')
        .getByText('nothing has changed')
        .waitFor();
    }
    expect([await on.payload('A'), await on.payload('B')]).toEqual(payloads);
  });

  test('CRDT-13, CRDT-15, CRDT-16: an add that a remove has not seen survives it; of values set at once one register keeps one and one all', async () => {
    const on = await visit();
    await on.add('A', 'oboe');
    await on.give('A');
    await on.remove('B', 'oboe');
    await on.add('A', 'oboe');
    await on.set('A', 'largo');
    await on.set('B', 'presto');
    await on.give('B');
    await on.give('A');
    const [a, b] = [await on.shown('A'), await on.shown('B')];
    expect(a).toEqual(b);
    expect(a.set).toEqual(['oboe']);
    expect(a.all).toEqual(['largo', 'presto']);
    expect(a.latest).toEqual(['presto']);
    await on.set('A', 'andante');
    await on.give('A');
    expect((await on.shown('B')).all).toEqual(['andante']);
  });

  test('CRDT-8: an id that lives twice is refused, and taken in when it was renewed', async () => {
    const on = await visit();
    await on.increment('A');
    await on.page.getByRole('button', { name: 'Copy the storage of A onto B' }).click();
    await on.increment('B');
    const before = await on.payload('A');
    await on.give('B');
    await on.device('A').getByRole('alert').getByText('replica_reused').waitFor();
    expect(await on.payload('A')).toEqual(before);
    if (shots) await shoot(on.page, 'crdts-reused');

    await on.page.getByRole('button', { name: 'Give A a fresh id' }).click();
    expect(await on.device('A').locator('.fault').textContent()).toBe('');
    await on.give('B');
    await on.count('A', 2);
  });
});

describe('through the server', () => {
  test('CRDT-4: devices that were changed offline come to the same when they are connected', async () => {
    const on = await visit();
    await on.increment('A', 2);
    await on.increment('B');
    await on.connect('A');
    await on.page.waitForSelector('#sync .status[data-state="live"]');
    await on.connect('B');
    await on.count('A', 3);
    await on.count('B', 3);

    await on.connect('B', false);
    await on.increment('A', 2);
    await on.add('B', 'flute');
    await on.connect('B');
    await on.count('B', 5);
    await on.device('A').locator('.chips', { hasText: 'flute' }).waitFor();
    await on.page.getByText('Both hold the same.').waitFor();
  });

  test('a second window on the same address takes in what the first has', async () => {
    const first = await visit();
    await first.increment('A', 3);
    await first.connect('A');
    const link = first.page.getByRole('link', { name: 'in a second window' });
    const second = await visit(new URL((await link.getAttribute('href')) ?? '', address).href);
    await second.connect('B');
    await second.count('B', 3);
    await second.increment('B');
    await first.count('A', 4);
  });
});

async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(shots as string, { recursive: true });
  await page.screenshot({ path: join(shots as string, `${name}.png`), fullPage: true });
}

describe('the page', () => {
  test.each(
    (['light', 'dark'] as const).flatMap((scheme) => [360, 820, 1400].map((width) => ({ scheme, width }))),
  )('fits $width pixels, $scheme', async ({ scheme, width }) => {
    const on = await visit();
    await on.page.emulateMedia({ colorScheme: scheme });
    await on.page.setViewportSize({ width, height: 900 });
    await on.increment('A', 2);
    await on.increment('B');
    for (const element of ['oboe', 'flute', 'bassoon']) await on.add('A', element);
    await on.set('A', 'largo');
    await on.set('B', 'presto');
    await on.give('A');
    await on.add('B', 'horn');
    const overflow = await on.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    if (shots) await shoot(on.page, `crdts-${scheme}-${width}`);
  });
});
