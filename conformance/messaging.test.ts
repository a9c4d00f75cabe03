import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@tutti/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { messages } from './samples/messaging.ts';
import { address, builtServer } from './server.ts';

const topic = 'chat:lobby';
const startServer = builtServer();
const patience = { timeout: 40_000 };

interface Line {
  from: string;
  n: number;
}

/** What the sample has connected; it keeps its clients to itself. */
const connected = new Set<Client>();

beforeEach(() => {
  const original = Client.prototype.topic;
  vi.spyOn(Client.prototype, 'topic').mockImplementation(function (this: Client, name: string) {
    connected.add(this);
    return original.call(this, name);
  });
});

afterEach(() => {
  for (const client of connected) client.close();
  connected.clear();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Leaves the platform this road alone, and those below it. */
function only(road: 'ws' | 'sse' | 'poll'): void {
  vi.stubGlobal('WebSocket', road === 'ws' ? WebSocket : undefined);
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    road === 'poll' && url.endsWith('/v1/sse')
      ? Promise.reject(new TypeError('fetch failed'))
      : fetch(url, init),
  );
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

const numbers = (lines: Line[], from: string): number[] =>
  lines.filter((line) => line.from === from).map((line) => line.n);

/** A manager whose subscription has begun when it is returned, and what it saw since. */
async function enter(url: string, from: string) {
  const manager = messages<Line>(topic, url);
  const seen: Line[] = [];
  const begun = new Promise<void>((resolve) => {
    manager.subscribe((line) => {
      if (line.n > 0) seen.push(line);
      else if (line.from === from) resolve();
    });
  });
  await Promise.all([begun, manager.send({ from, n: 0 })]);
  const say = (ns: number[]) => ns.map((n) => manager.send({ from, n }));
  return { ...manager, seen, say };
}

/** What the log holds, read over HTTP. */
async function log(url: string): Promise<Line[]> {
  const response = await fetch(`${url}/v1/topics/${topic}/events?limit=1000`);
  const { entries } = (await response.json()) as { entries: { data: Line }[] };
  return entries.map((entry) => entry.data).filter((line) => line.n > 0);
}

test('the sample is the one of the guide, and short', async () => {
  const [sample, guide] = await Promise.all(
    ['samples/messaging.ts', '../docs/guides/messaging.md'].map((file) =>
      readFile(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  expect(guide).toContain(`\`\`\`ts\n${sample}\`\`\``);
  expect(sample?.split('\n').length).toBeLessThan(30);
});

describe.each(['ws', 'sse', 'poll'] as const)('over %s', (road) => {
  beforeEach(() => only(road));
  afterEach(() => {
    expect([...connected].map((client) => client.status.road)).toEqual([...connected].map(() => road));
  });

  test('200 messages each way are seen by both, in one order, once', async () => {
    const url = address(await startServer());
    const [ann, bob] = await Promise.all([enter(url, 'ann'), enter(url, 'bob')]);
    const sent = upTo(200).flatMap((n) => [...ann.say([n]), ...bob.say([n])]);
    await Promise.all(sent);
    await vi.waitFor(() => expect([ann.seen.length, bob.seen.length]).toEqual([400, 400]), patience);
    expect(sent.map((publication) => publication.status)).toEqual(sent.map(() => 'acknowledged'));
    expect(bob.seen).toEqual(ann.seen);
    expect(await log(url)).toEqual(ann.seen);
    expect(numbers(ann.seen, 'ann')).toEqual(upTo(200));
    expect(numbers(ann.seen, 'bob')).toEqual(upTo(200));
  }, 60_000);

  test('unsubscribing within a handler, and twice, takes that handler out alone', async () => {
    const { subscribe, send, seen } = await enter(address(await startServer()), 'ann');
    const once: number[] = [];
    const leave = subscribe((line) => {
      leave();
      once.push(line.n);
    });
    const after: number[] = [];
    const leaveLate = subscribe((line) => after.push(line.n));
    await send({ from: 'ann', n: 1 });
    await vi.waitFor(() => expect(after).toEqual([1]), patience);
    leave();
    await send({ from: 'ann', n: 2 });
    await vi.waitFor(() => expect(after).toEqual([1, 2]), patience);
    leaveLate();
    leaveLate();
    await send({ from: 'ann', n: 3 });
    await vi.waitFor(() => expect(numbers(seen, 'ann')).toEqual([1, 2, 3]), patience);
    expect(once).toEqual([1]);
    expect(after).toEqual([1, 2]);
  }, 60_000);

  test('a server that is killed in the middle and started again: nothing is missed or doubled', async () => {
    const server = await startServer();
    const url = address(server);
    const [ann, bob] = await Promise.all([enter(url, 'ann'), enter(url, 'bob')]);
    const half = new Promise<void>((resolve) => {
      ann.subscribe(() => {
        if (ann.seen.length === 50) resolve();
      });
    });
    const sent = [...ann.say(upTo(200)), ...bob.say(upTo(200))];
    await half;
    await server.kill();
    const down = [...ann.say([201]), ...bob.say([201])];
    await server.start();
    await Promise.all([...sent, ...down]);
    await vi.waitFor(() => expect([ann.seen.length, bob.seen.length]).toEqual([402, 402]), patience);
    expect(bob.seen).toEqual(ann.seen);
    expect(await log(url)).toEqual(ann.seen);
    expect(numbers(ann.seen, 'ann')).toEqual(upTo(201));
    expect(numbers(ann.seen, 'bob')).toEqual(upTo(201));
  }, 90_000);
});
