import { createHmac } from 'node:crypto';
import type { Client } from '@tutti/client';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Phone } from './phone.ts';
import { Server } from './server.ts';
import { storedEntries } from './stored.ts';

const secret = 'thirty-two bytes that nobody knows';
const environment = {
  TUTTI_AUTH_KEYS: `[{secret: "${secret}"}]`,
  TUTTI_NAMESPACES: '{chat: {}}',
};
/** The seconds for which the server still takes a token that has expired. */
const leeway = 10;
const wait = { timeout: 20_000 };

let server: Server;
let phone: Phone;
/** What the application's backend answers when the page asks it for a token. */
let backend: () => string | undefined;
let asked: number;
/** How many WebSockets pages have opened. */
let sockets: number;

beforeEach(async () => {
  server = await Server.start(inject('binary'), { dev: false, environment });
  phone = await Phone.start();
  asked = 0;
  sockets = 0;
});

afterEach(async () => {
  await phone.end();
  await server.end();
});

/** A token of Ann's that expires in so many seconds. */
function token(seconds: number, key = secret): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const grants = [{ topics: 'chat:*', verbs: ['read', 'publish', 'history'] }];
  const claims = { sub: 'ann', exp: Math.floor(Date.now() / 1000) + seconds, grants };
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${said}.${createHmac('sha256', key).update(said).digest('base64url')}`;
}

/** A page of an application, of Ann's. */
async function open(): Promise<Page> {
  const page = await phone.context.newPage();
  page.on('websocket', () => sockets++);
  await page.route('**/token', (route) => {
    asked++;
    const body = backend();
    return route.fulfill(body === undefined ? { status: 503 } : { contentType: 'text/plain', body });
  });
  // A page that the test itself answers for might not open a WebSocket to this machine.
  await page.goto(`http://127.0.0.1:${server.port}/healthz`);
  await page.evaluate(`(async () => {
    const { connect } = await import('/v1/client.js');
    const token = async () => {
      const answer = await fetch('/token');
      if (!answer.ok) throw new Error('the backend is down');
      return answer.text();
    };
    window.client = connect({ user: 'ann', token });
  })()`);
  await page.waitForFunction(() => (window as unknown as App).client?.outbox.durable);
  return page;
}

interface App {
  client?: Client;
}

const publish = (page: Page, from: number, to: number): Promise<void> =>
  page.evaluate(
    ([from, to]) => {
      const topic = (window as unknown as Required<App>).client.topic('chat:a');
      for (let i = from; i < to; i++) topic.publish(i);
    },
    [from, to] as const,
  );
const state = (page: Page): Promise<string> =>
  page.evaluate(() => (window as unknown as Required<App>).client.status.state);
const waiting = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as Required<App>).client.outbox.entries.length);

async function log(): Promise<unknown[]> {
  const found: { offset: number; data: unknown }[] = [];
  for (let more = true; more; ) {
    const after = found.at(-1)?.offset ?? 0;
    const answer = await fetch(
      `http://127.0.0.1:${server.port}/v1/topics/chat:a/events?after=${after}&limit=100`,
      { headers: { authorization: `Bearer ${token(60)}` } },
    );
    const { entries } = (await answer.json()) as { entries: typeof found };
    found.push(...entries);
    more = entries.length > 0;
  }
  return found.map(({ data }) => data);
}

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('a token that expires while entries wait', () => {
  test('OUT-6: is renewed, and what waited is sent on the same connection', async () => {
    backend = () => token(asked === 1 ? 2 - leeway : 3600);
    const page = await open();
    await expect.poll(() => state(page), wait).toBe('live');
    let n = 0;
    while (asked < 2) {
      await publish(page, n, n + 5);
      n += 5;
    }
    await publish(page, n, n + 5);
    await expect.poll(() => waiting(page), wait).toBe(0);
    expect(await log()).toEqual(numbers(n + 5));
    expect([await state(page), sockets]).toEqual(['live', 1]);
  });

  test('OUT-6: and cannot be had is asked for again, and nothing is dropped, nor by a reload', async () => {
    let down = true;
    backend = () => (asked === 1 ? token(5 - leeway) : down ? undefined : token(3600));
    const page = await open();
    await expect.poll(() => state(page), wait).toBe('live');
    await expect.poll(() => state(page), wait).toBe('backoff');
    await publish(page, 0, 50);
    await expect.poll(() => storedEntries(page), wait).toBe(50);
    await phone.kill();
    await phone.start();
    const again = await open();
    await expect.poll(() => waiting(again), wait).toBe(50);
    await expect.poll(() => state(again), wait).toBe('backoff');
    await publish(again, 50, 60);
    down = false;
    await expect.poll(() => waiting(again), wait).toBe(0);
    expect(await log()).toEqual(numbers(60));
  });

  test('OUT-6: and is not accepted parks all that waits, until the application has a good one', async () => {
    backend = () => token(3600, 'another key of thirty-two bytes..');
    const page = await open();
    await publish(page, 0, 50);
    await expect.poll(() => state(page), wait).toBe('parked');
    const sync = () => page.evaluate(() => (window as unknown as Required<App>).client.sync);
    await expect.poll(sync, wait).toMatchObject({ state: 'blocked', pending: 0, blocked: 50, durable: true });
    backend = () => token(3600);
    await page.evaluate(() => (window as unknown as Required<App>).client.connect());
    await expect.poll(() => waiting(page), wait).toBe(0);
    expect(await log()).toEqual(numbers(50));
  });
});
