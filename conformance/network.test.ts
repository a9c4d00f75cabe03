import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { networkService } from './samples/network.ts';

const patience = { timeout: 40_000 };

/** A backend of no library, that stops and starts on one port. */
class Backend {
  readonly seen: { key: string; body: string }[] = [];
  /** What it answers to the n-th request. */
  status: (n: number) => number = () => 201;
  port = 0;
  #server: Server | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.method !== 'POST') return void response.end();
      const status = this.status(this.seen.length + 1);
      this.seen.push({ key: String(request.headers['idempotency-key']), body });
      response.writeHead(status).end(body);
    });
    await once(this.#server.listen(this.port, '127.0.0.1'), 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    this.#server = undefined;
  }
}

let backend: Backend;
let service: ReturnType<typeof networkService>;
let statuses: string[];

beforeEach(async () => {
  backend = new Backend();
  await backend.start();
  service = networkService({ probe: `${backend.url}/healthz` });
  statuses = [];
  service.onStatusChange((status) => statuses.push(status));
});

afterEach(async () => {
  service.close();
  await backend.stop();
});

test('the sample is the one of the guide, and shorter than what it replaces', async () => {
  const [sample, guide] = await Promise.all(
    ['samples/network.ts', '../docs/guides/network.md'].map((file) =>
      readFile(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  const [theirs, ours] = guide?.match(/(?<=```ts\n)[\s\S]*?(?=```)/g) ?? [];
  expect(ours).toBe(sample);
  expect(sample?.split('\n').length).toBeLessThan(theirs?.split('\n').length ?? 0);
});

const get = async (path: string): Promise<number> => (await fetch(backend.url + path)).status;

describe('a network service', () => {
  test('NET-5 runs what is executed now, or in order when the network is back, each failure its own', async () => {
    expect(await service.execute(() => get('/now'))).toBe(200);
    await backend.stop();
    await expect(service.execute(() => get('/gone'))).rejects.toThrow('fetch failed');
    await vi.waitFor(() => expect(statuses).toEqual(['offline']), patience);
    const order: number[] = [];
    const jobs = [1, 2, 3].map((n) =>
      service.execute(async () => {
        order.push(n);
        if (n === 2) throw new Error('its own');
        return get(`/${n}`);
      }),
    );
    const ends = Promise.allSettled(jobs);
    expect(order).toEqual([]);
    await backend.start();
    expect((await ends).map((end) => (end.status === 'fulfilled' ? end.value : end.reason.message))).toEqual([
      200,
      'its own',
      200,
    ]);
    expect([order, statuses]).toEqual([
      [1, 2, 3],
      ['offline', 'online'],
    ]);
  }, 60_000);

  test('NET-6 NET-7 NET-8 saves each once and in order, through refusals and a server that is gone', async () => {
    let restarted = false;
    backend.status = (n) => (n === 2 || n === 5 || (n > 8 && !restarted) ? 503 : 201);
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const saved = numbers.map((n) => service.save(`${backend.url}/notes`, n));
    await vi.waitFor(() => expect(backend.seen.length).toBeGreaterThan(8), patience);
    await backend.stop();
    await vi.waitFor(() => expect(statuses).toEqual(['offline']), patience);
    restarted = true;
    await backend.start();
    const answers = await Promise.all(saved);
    expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 201));
    const once = new Map(backend.seen.map(({ key, body }) => [key, Number(body)]));
    expect([...once.values()]).toEqual(numbers);
  }, 60_000);
});
