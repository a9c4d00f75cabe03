import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, connect, type Road, type TextHandle, type WebSocketClass } from '@tutti/client';
import { text } from '@tutti/client/text';
import { type Conditions, type Simulation, simulate } from '@tutti/client/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { collaborator } from './samples/collaborator.ts';
import { address, builtServer } from './server.ts';

const startServer = builtServer();
const patience = { timeout: 60_000 };
const clients = new Set<Client>();

afterEach(() => {
  for (const client of clients) client.close();
  clients.clear();
});

/** A client on one road over a simulated network. */
function enter(url: string, road: Road, conditions: Conditions = {}): { client: Client; network: Simulation } {
  const network = simulate(conditions, { WebSocket: WebSocket as unknown as WebSocketClass, random: seeded(1) });
  const client = connect(url, { roads: [road], random: () => 0, types: [text], ...network.options });
  clients.add(client);
  return { client, network };
}

/** The same chance in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A document's value as the server tells it. */
async function value(url: string, topic: string): Promise<unknown> {
  const response = await fetch(`${url}/v1/docs/${topic}`);
  return ((await response.json()) as { value: unknown }).value;
}

/** What an editor shows that is told the changes of a text and nothing else. */
function editor(shared: TextHandle): () => string {
  let shown = [...shared.value];
  shared.onChange(({ op }) => {
    for (const [at, n, inserted] of op) shown = [...shown.slice(0, at), ...inserted, ...shown.slice(at + n)];
    expect(shown.join('')).toBe(shared.value);
  });
  return () => shown.join('');
}

test('the collaborator is the one of the guide, and works', async () => {
  const [sample, guide] = await Promise.all(
    ['samples/collaborator.ts', '../docs/guides/text.md'].map((file) =>
      readFile(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  expect(guide).toContain(`\`\`\`ts\n${sample}\`\`\``);
  const url = address(await startServer());
  const [ann, bob] = [0, 1].map(() => collaborator('text:guide', enter(url, 'ws').client));
  let calls = 0;
  const stop = bob?.follow(() => calls++);
  ann?.insert(0, 'shared');
  ann?.delete(0, 1);
  await vi.waitFor(() => expect(bob?.text()).toBe('hared'), patience);
  ann?.undo();
  await vi.waitFor(() => expect(bob?.text()).toBe('shared'), patience);
  stop?.();
  const before = calls;
  bob?.insert(6, '!');
  await vi.waitFor(() => expect(ann?.text()).toBe('shared!'), patience);
  expect([before > 0, calls]).toEqual([true, before]);
  ann?.close();
});

test('a rejection takes back one edit of many in flight, and it alone', async () => {
  const url = address(await startServer());
  const { client, network } = enter(url, 'ws', { latency: 5 });
  const shared = client.text('text:rejected');
  const shown = editor(shared);
  await shared.insert(0, '.').server;
  network.set({ reject: ({ data }) => JSON.stringify(data).includes('five') && 'no five' });
  const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
  const made = words.map((word) => shared.insert(shared.length - 1, ` ${word}`));
  expect(shared.value).toBe(` ${words.join(' ')}.`);
  const ends = await Promise.allSettled(made.map(({ server }) => server));
  expect(ends.map(({ status }, i) => (status === 'rejected' ? [words[i]] : [])).flat()).toEqual(['five']);
  expect(made[4]?.error).toMatchObject({ code: 'rejected', message: 'no five' });
  const left = ` ${words.filter((word) => word !== 'five').join(' ')}.`;
  expect([shared.value, shown(), await value(url, 'text:rejected')]).toEqual([left, left, left]);
});

test('what one writes the other reads, and undo takes back one’s own alone', async () => {
  const url = address(await startServer());
  const [ann, bob] = [0, 1].map(() => enter(url, 'ws').client.text('text:note')) as [TextHandle, TextHandle];
  const shown = [editor(ann), editor(bob)];
  ann.insert(0, 'Hello');
  await ann.insert(5, ' world').server;
  await vi.waitFor(() => expect(bob.value).toBe('Hello world'), patience);
  await bob.replace(6, 5, '𝕨orld!').server;
  await vi.waitFor(() => expect(ann.value).toBe('Hello 𝕨orld!'), patience);
  expect([ann.length, ann.toUnits(12), ann.toPosition(8)]).toEqual([12, 13, 7]);
  await ann.undo()?.server;
  expect([ann.value, ann.canUndo, ann.canRedo]).toEqual(['𝕨orld!', false, true]);
  await ann.redo()?.server;
  expect(await value(url, 'text:note')).toBe(ann.value);
  await vi.waitFor(() => expect(shown.map((s) => s())).toEqual([ann.value, ann.value]), patience);
});

test('a paste of 1 MB is several operations, and one step of undo', async () => {
  const url = address(await startServer());
  const { client } = enter(url, 'ws');
  const shared = client.text('text:large');
  await shared.insert(0, 'before').server;
  const large = 'zwölf "Boxkämpfer" 🥊\n'.repeat(32_000);
  await shared.insert(6, large).server;
  expect(await value(url, 'text:large')).toBe(`before${large}`);
  await shared.undo()?.server;
  expect(await value(url, 'text:large')).toBe('before');
  await shared.redo()?.server;
  expect(await value(url, 'text:large')).toBe(`before${large}`);
}, 60_000);

describe.each<Road>(['ws', 'sse', 'poll'])('over %s', (road) => {
  test('writers over bad networks come to the same text', async () => {
    const url = address(await startServer());
    const random = seeded(7);
    const below = (n: number): number => Math.floor(random() * n);
    const writers = [0, 1, 2].map(() => enter(url, road, { latency: [0, 15], loss: 0.01, ackLoss: 0.02 }));
    const texts = writers.map(({ client }) => client.text('text:shared'));
    const shown = texts.map(editor);
    let n = 0;
    for (let round = 0; round < 60; round++) {
      for (const [i, shared] of texts.entries()) {
        const at = below(shared.length + 1);
        if (below(10) === 0) shared.undo();
        else if (below(4) === 0) shared.delete(at, Math.min(below(5), shared.length - at));
        else shared.insert(at, `<${n++}>`);
        if (below(40) === 0) writers[i]?.network.cut();
      }
      await new Promise((resolve) => setTimeout(resolve, below(20)));
    }
    await vi.waitFor(() => expect(texts.flatMap((shared) => shared.pending)).toEqual([]), patience);
    const end = await value(url, 'text:shared');
    await vi.waitFor(() => expect(texts.map((shared) => shared.value)).toEqual([end, end, end]), patience);
    expect(shown.map((s) => s())).toEqual([end, end, end]);
  }, 90_000);
});
