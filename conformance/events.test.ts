import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventSource } from 'eventsource';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchPrices } from './samples/events.ts';
import { address, builtServer } from './server.ts';

const topic = 'prices:APP';
const startServer = builtServer();
const patience = { timeout: 40_000 };

beforeEach(() => {
  vi.stubGlobal('EventSource', EventSource);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Publishes as the guide does with curl. */
async function publish(url: string, entry: { name?: string; data: unknown }): Promise<void> {
  const response = await fetch(`${url}/v1/topics/${topic}/events`, {
    method: 'POST',
    body: JSON.stringify(entry),
  });
  expect(response.status).toBe(201);
}

const price = (n: number) => ({ name: 'stock-update', data: { price: n } });

test('the sample is short, and its listeners are those of the guide', async () => {
  const [sample, guide] = await Promise.all(
    ['samples/events.ts', '../docs/guides/events.md'].map((file) =>
      readFile(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  const lines = sample?.split('\n') ?? [];
  expect(lines.length).toBeLessThan(30);
  const listeners = lines.map((line) => line.trim()).filter((line) => /^prices\./.test(line));
  expect(listeners).toHaveLength(2);
  for (const line of listeners) expect(guide).toContain(line);
});

test('a typed and a generic listener see what is theirs, also past a killed server', async () => {
  const server = await startServer();
  const url = address(server);
  const prices: number[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await publish(url, price(1));

  const stop = watchPrices(`${url}/v1/sse?topic=${topic}&last=1`, (n) => prices.push(n));
  await vi.waitFor(() => expect(prices).toEqual([1]), patience);
  await publish(url, { data: 'a\u2028b\r\nc' });
  await publish(url, price(2));
  await vi.waitFor(() => expect(prices).toEqual([1, 2]), patience);
  expect(log.mock.calls).toEqual([['without a name:', JSON.stringify('a\u2028b\r\nc')]]);

  await server.kill();
  await server.start();
  await publish(url, price(3));
  await publish(url, { data: 'back' });
  await publish(url, price(4));
  await vi.waitFor(() => expect(prices).toEqual([1, 2, 3, 4]), patience);
  expect(log).toHaveBeenCalledTimes(2);
  expect(log).toHaveBeenLastCalledWith('without a name:', '"back"');

  stop();
  await publish(url, price(5));
  const seen: number[] = [];
  const stopLast = watchPrices(`${url}/v1/sse?topic=${topic}&last=1`, (n) => seen.push(n));
  await vi.waitFor(() => expect(seen).toEqual([5]), patience);
  stopLast();
  expect(prices).toEqual([1, 2, 3, 4]);
}, 90_000);
