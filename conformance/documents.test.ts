import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, connect, type Overridden, type Road, type WebSocketClass } from '@tutti/client';
import { type Conditions, type Simulation, simulate } from '@tutti/client/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { todoList } from './samples/todos.ts';
import { address, builtServer } from './server.ts';

const startServer = builtServer();
const patience = { timeout: 60_000 };
const clients = new Set<Client>();

interface Todo {
  text: string;
  done?: boolean;
}

afterEach(() => {
  for (const client of clients) client.close();
  clients.clear();
});

/** A client on one road over a simulated network. */
function enter(url: string, road: Road, conditions: Conditions = {}): { client: Client; network: Simulation } {
  const network = simulate(conditions, { WebSocket: WebSocket as unknown as WebSocketClass, random: seeded() });
  const client = connect(url, { roads: [road], random: () => 0, ...network.options });
  clients.add(client);
  return { client, network };
}

/** The same chance in every run. */
function seeded(): () => number {
  let state = 1;
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

test('the to-do list is the one of the guide', async () => {
  const [sample, guide] = await Promise.all(
    ['samples/todos.ts', '../docs/guides/optimistic.md'].map((file) =>
      readFile(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  expect(guide).toContain(`\`\`\`ts\n${sample}\`\`\``);
});

test('the to-do list shows what is confirmed, pending and rejected', async () => {
  const url = address(await startServer());
  const { client, network } = enter(url, 'ws');
  const list = todoList('records:list', client);
  let calls = 0;
  const stop = list.follow(() => calls++);
  const states = (): string[] => list.lines().map(({ text, done, state }) => `${text} ${done} ${state}`);
  const milk = list.add('milk');
  expect(states()).toEqual(['milk false pending']);
  await milk.server;
  network.set({ reject: ({ data }) => JSON.stringify(data).includes('beer') && 'not in this house' });
  const [toggled, beer] = [list.toggle(milk.key), list.add('beer')];
  expect(states()).toEqual(['milk true pending', 'beer false pending']);
  await expect(beer.server).rejects.toMatchObject({ code: 'rejected', message: 'not in this house' });
  await toggled.server;
  expect(states()).toEqual(['milk true confirmed', 'beer false rejected']);
  await list.remove(milk.key).server;
  expect(states()).toEqual(['beer false rejected']);
  await list.undo()?.server;
  expect(states()).toEqual(['milk true confirmed', 'beer false rejected']);
  const before = calls;
  stop();
  await list.toggle(milk.key).server;
  expect(calls).toBe(before);
  list.close();
}, 60_000);

describe.each<Road>(['ws', 'sse', 'poll'])('documents over %s', (road) => {
  test('COUNTER-1 each add of two clients counts once, whatever is lost', async () => {
    const url = address(await startServer());
    const both = [enter(url, road), enter(url, road)];
    const likes = both.map(({ client }) => client.counter('counter:likes'));
    await Promise.all(likes.map((counter) => counter.ready));
    for (const { network } of both) network.set({ loss: 0.01, ackLoss: 0.1 });
    const adds = Array.from({ length: 60 }, (_, i) => likes[i % 2]?.add(i + 1));
    expect(likes.map((counter) => counter.value)).toEqual([900, 930]);
    await Promise.all(adds.slice(0, 40).map((add) => add?.server));
    for (const { network } of both) network.set({ loss: 0, ackLoss: 0 });
    await Promise.all(adds.map((add) => add?.server));
    expect(adds.map((add) => add?.status)).toEqual(adds.map(() => 'confirmed'));
    await vi.waitFor(() => expect(likes.map((counter) => counter.value)).toEqual([1830, 1830]), patience);
    expect(await value(url, 'counter:likes')).toBe(1830);

    const last = both[0]?.client.counter('counter:last');
    const add = last?.add(3);
    last?.close();
    await add?.server;
    expect(await value(url, 'counter:last')).toBe(3);
  }, 180_000);

  test('SET-2 RECORDS-5 what was changed offline is merged', async () => {
    const url = address(await startServer());
    const [ann, bob] = [enter(url, road), enter(url, road)];
    const [anns, bobs] = [ann.client.records<Todo>('records:todos'), bob.client.records<Todo>('records:todos')];
    const [annTags, bobTags] = [ann.client.set<string>('set:tags'), bob.client.set<string>('set:tags')];
    await Promise.all([annTags.add('x', 'y').server, anns.set('a', { text: 'one', done: false }).server]);
    await vi.waitFor(() => expect([bobs.size, bobTags.size]).toEqual([1, 2]), patience);

    ann.network.set({ offline: true });
    await vi.waitFor(() => expect(ann.client.online).toBe(false), patience);
    const offline = [annTags.remove('x', 'y'), anns.patch('a', { text: 'of ann' }), anns.set('b', { text: 'b' })];
    expect(offline.map((m) => m.status)).toEqual(['pending', 'pending', 'pending']);
    expect([anns.get('a'), anns.confirmed('a')?.text, anns.size, annTags.size]).toEqual([
      { text: 'of ann', done: false },
      'one',
      2,
      0,
    ]);
    const lost: Overridden[] = [];
    bobs.onOverridden((overridden) => lost.push(overridden));
    await Promise.all([bobTags.add('x').server, bobs.patch('a', { text: 'of bob', done: true }).server]);
    ann.network.set({ offline: false });
    ann.client.connect();
    await Promise.all(offline.map((m) => m.server));

    const merged = { a: { text: 'of ann', done: true }, b: { text: 'b' } };
    await vi.waitFor(() => {
      for (const todos of [anns, bobs]) expect(Object.fromEntries(todos.entries())).toEqual(merged);
      for (const tags of [annTags, bobTags]) expect([...tags]).toEqual(['x']);
    }, patience);
    expect([await value(url, 'records:todos'), await value(url, 'set:tags')]).toEqual([merged, ['x']]);
    expect(lost).toEqual([
      {
        key: 'a',
        field: 'text',
        before: 'of bob',
        lost: { offset: 2, client: bob.client.id },
        won: { offset: 3, client: ann.client.id },
      },
    ]);
  }, 120_000);

  test('RECORDS-6 RECORDS-7 RECORDS-12 rejections take their changes back, and undo only what is one’s own', async () => {
    const url = address(await startServer());
    const [ann, bob] = [enter(url, road), enter(url, road)];
    const anns = ann.client.records<Todo>('records:todos');
    const bobs = bob.client.records<Todo>('records:todos');
    await anns.set('a', { text: 'one', done: false }).server;
    await vi.waitFor(() => expect(bobs.size).toBe(1), patience);

    const refused = [
      anns.patch('a', { text: 'two' }, { if: [{ field: 'text', equals: 'else' }] }),
      anns.set('a', { text: 'three' }, { if: [{ is: 'absent' }] }),
      anns.patch('nowhere', { text: 'four' }),
    ];
    const kept = anns.patch('a', { done: true });
    await kept.server;
    expect(refused.map((m) => [m.status, m.error?.code])).toEqual([
      ['rejected', 'precondition_failed'],
      ['rejected', 'precondition_failed'],
      ['rejected', 'missing'],
    ]);
    expect(anns.get('a')).toEqual({ text: 'one', done: true });

    ann.network.set({ reject: () => 'not today' });
    const rejected = anns.patch('a', { text: 'rejected' });
    expect(rejected.local?.text).toBe('rejected');
    await expect(rejected.server).rejects.toMatchObject({ code: 'rejected', message: 'not today' });
    expect(anns.get('a')?.text).toBe('one');
    ann.network.set({ reject: undefined });

    await anns.patch('a', { text: 'mine', done: false }).server;
    await vi.waitFor(() => expect(bobs.get('a')?.text).toBe('mine'), patience);
    await bobs.patch('a', { text: 'theirs' }).server;
    await vi.waitFor(() => expect(anns.get('a')?.text).toBe('theirs'), patience);
    await anns.undo()?.server;
    expect(anns.get('a')).toEqual({ text: 'theirs', done: true });
    await anns.redo()?.server;
    await vi.waitFor(() => expect(bobs.get('a')).toEqual({ text: 'theirs', done: false }), patience);
  }, 120_000);

  test('DOC-10 DOC-16 a server that is killed and started again loses and doubles nothing', async () => {
    const server = await startServer();
    const url = address(server);
    const { client } = enter(url, road);
    const likes = client.counter('counter:likes');
    await likes.add(1).server;
    const adds = Array.from({ length: 50 }, () => likes.add(1));
    await server.kill();
    const down = Array.from({ length: 50 }, () => likes.add(1));
    expect(likes.value).toBe(101);
    await server.start();
    await Promise.all([...adds, ...down].map((add) => add.server));
    expect(likes.value).toBe(101);
    const late = enter(url, road).client.counter('counter:likes');
    await late.ready;
    expect(late.value).toBe(101);
  }, 120_000);

  test('DOC-8 a topic of another type says so', async () => {
    const url = address(await startServer());
    const { client } = enter(url, road);
    const wrong = client.set('counter:likes');
    const told: string[] = [];
    wrong.onError((error) => told.push(error.code));
    const mutation = wrong.add('x');
    await expect(wrong.ready).rejects.toMatchObject({ code: 'wrong_type' });
    await expect(mutation.server).rejects.toMatchObject({ code: 'wrong_type' });
    expect(told).toEqual(['wrong_type']);
    expect(client.online).toBe(true);
  }, 60_000);
});
