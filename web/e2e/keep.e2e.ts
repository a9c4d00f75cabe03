import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Pages } from './keep/page.ts';
import { Phone } from './phone.ts';
import { type Struck, struck } from './scripts.ts';
import { Server } from './server.ts';
import { storedEntries } from './stored.ts';

/** How many entries are queued, keys are struck, and times a text is opened. */
const entries = Number(process.env.ENTRIES ?? 1000);
const keys = Number(process.env.KEYS ?? 30);
const openings = Number(process.env.OPENINGS ?? 3);
const wait = { timeout: 60_000, interval: 20 };

let server: Server;
let phone: Phone;
let built: Rolldown.RolldownOutput;

beforeAll(async () => {
  server = await Server.start(inject('binary'));
  phone = await Phone.start();
  built = (await build({
    configFile: false,
    logLevel: 'silent',
    base: './',
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: { input: join(import.meta.dirname, 'keep/page.ts') },
    },
  })) as Rolldown.RolldownOutput;
});

afterAll(async () => {
  await phone?.end();
  await server?.end();
});

/** A page with what is measured. The page itself comes from the server, so that it may open WebSockets to it. */
async function open(): Promise<Page> {
  const page = await phone.context.newPage();
  for (const file of built.output)
    if (file.type === 'chunk')
      await page.route(`**/${file.fileName}`, (route) =>
        route.fulfill({ contentType: 'text/javascript', body: file.code }),
      );
  await page.goto(`http://127.0.0.1:${server.port}/healthz`);
  await page.evaluate(`import('/${built.output[0].fileName}')`);
  return page;
}

const at = (sorted: number[], part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;

/** Reads how many bytes of memory a page uses. */
async function meter(page: Page): Promise<() => Promise<number>> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0;
  };
}

/** The most memory that a page uses while something is done, in MB. */
async function peak<T>(page: Page, act: () => Promise<T>): Promise<[T, number]> {
  const read = await meter(page);
  let most = 0;
  let done = false;
  const watch = async (): Promise<void> => {
    while (!done) {
      most = Math.max(most, await read());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const watching = watch();
  const result = await act().finally(() => {
    done = true;
  });
  await watching;
  return [result, most / 1e6];
}

async function log(topic: string): Promise<unknown[]> {
  const found: { offset: number; data: unknown }[] = [];
  for (let more = true; more; ) {
    const from = found.at(-1)?.offset ?? 0;
    const answer = await fetch(
      `http://127.0.0.1:${server.port}/v1/topics/${topic}/events?after=${from}&limit=100`,
    );
    const page = ((await answer.json()) as { entries: typeof found }).entries;
    found.push(...page);
    more = page.length > 0;
  }
  return found.map(({ data }) => data);
}

test(`${entries} entries are queued, survive a kill, and are drained once`, {
  timeout: 300_000,
}, async () => {
  const first = await open();
  const began = performance.now();
  const [made, queued] = await peak(first, async () => {
    const took = await first.evaluate((n) => (window as unknown as { pages: Pages }).pages.queue(n), entries);
    await expect.poll(() => storedEntries(first), wait).toBe(entries);
    return took;
  });
  const stored = performance.now() - began;
  await phone.kill();
  await phone.start();
  const second = await open();
  const [{ read, sent }, drained] = await peak(second, () =>
    second.evaluate((n) => (window as unknown as { pages: Pages }).pages.drain(n), entries),
  );
  console.log(
    `${entries} entries: made in ${made.toFixed(0)} ms, stored after ${stored.toFixed(0)} ms, heap ${queued.toFixed(1)} MB;`,
    `read in ${read.toFixed(0)} ms, sent and settled in ${sent.toFixed(0)} ms, heap ${drained.toFixed(1)} MB`,
  );
  expect(await log('chat:queue')).toEqual(Array.from({ length: entries }, (_, i) => i));
});

test(`${keys} keys are struck in a text of 100 kB`, { timeout: 300_000 }, async () => {
  for (const kept of [true, false]) {
    const topic = `text:keys-${kept}`;
    const page = await open();
    await page.evaluate(
      ([topic, kept]) => (window as unknown as { pages: Pages }).pages.write(topic, 99_999, kept),
      [topic, kept] as const,
    );
    const times = await struck(phone.context.browser() as Browser, async () => {
      for (let i = 0; i < keys; i++) {
        await page.keyboard.press('x');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    expect(times).toHaveLength(keys);
    const told = (of: keyof Struck): string => {
      const sorted = times.map((time) => time[of]).sort((a, b) => a - b);
      return [0.5, 0.99].map((part) => at(sorted, part).toFixed(2)).join(' and ');
    };
    console.log(
      `${kept ? 'kept' : 'not kept'}: ms of scripts, in the middle and at p99:`,
      `${told('key')} before a key can be shown, ${told('all')} with all that comes of it`,
    );
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/docs/${topic}`);
    const { value } = (await answer.json()) as { value: string };
    expect([value.length, value.split('x').length]).toEqual([99_999 + keys, keys + 1]);
    await page.close();
  }
});

test('a text of 1 MB opens from what is kept', { timeout: 300_000 }, async () => {
  const first = await open();
  await first.evaluate(() => (window as unknown as { pages: Pages }).pages.write('text:big', 999_999, true));
  await expect.poll(() => storedEntries(first), wait).toBe(0);
  await first.close();
  // With the modules to be loaded, over the test's own network, and without.
  const cold: number[] = [];
  const times: number[] = [];
  for (let i = 0; i < openings; i++) {
    const page = await open();
    const opened = () => page.evaluate(() => (window as unknown as { pages: Pages }).pages.open('text:big'));
    cold.push((await opened()).took);
    const { took, length } = await opened();
    expect(length).toBe(999_999);
    times.push(took);
    await page.close();
  }
  for (const all of [cold, times]) all.sort((a, b) => a - b);
  const told = (part: number): string => `${at(times, part).toFixed(0)} ms (${at(cold, part).toFixed(0)} ms)`;
  console.log(`opened (modules loaded too) in ${told(0.5)} in the middle, ${told(1)} at most`);
});
