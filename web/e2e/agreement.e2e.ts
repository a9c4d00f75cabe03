import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, inject, test } from 'vitest';
import { type Agent, Program, Tab } from './agents.ts';
import { Browser } from './browser.ts';
import { Network } from './network.ts';
import { Server } from './server.ts';

const topics = { counter: 'counter:visits', set: 'set:tags', records: 'records:tasks', text: 'text:notes' };

/** A client and the network between it and the server. */
interface Side {
  agent: Agent;
  network: Network;
}

let server: Server | undefined;
let browser: Browser | undefined;
let sides: Side[] = [];

afterEach(async () => {
  for (const { agent, network } of sides) {
    await agent.end();
    await network.end();
  }
  sides = [];
  await browser?.end();
  await server?.end();
});

/** A Go program, a Node program and a page, each behind a network of its own, with all documents open. */
async function start(): Promise<readonly [Side, Side, Side]> {
  server = await Server.start(inject('binary'));
  browser = await Browser.start();
  const agent = join(import.meta.dirname, '../../conformance/agents/agent.mjs');
  const networks = await Promise.all([1, 2, 3].map(() => Network.start(server?.port ?? 0)));
  const base = (i: number) => `http://127.0.0.1:${networks[i]?.port}`;
  const agents = [
    new Program('go', inject('agent')),
    new Program('node', process.execPath, [agent]),
    await Tab.start(browser, base(2)),
  ];
  sides = agents.map((agent, i) => ({ agent, network: networks[i] as Network }));
  for (const [i, { agent }] of sides.entries()) {
    agent.connect(base(i));
    for (const [kind, topic] of Object.entries(topics)) agent.open(kind, topic);
  }
  await until(() => sides.every(({ agent }) => agent.state === 'live'));
  return sides as unknown as readonly [Side, Side, Side];
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; !(await holds()); i++) {
    if (i > 600) throw new Error('it never came about');
    await sleep(50);
  }
}

async function stored(topic: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${server?.port}/v1/docs/${topic}`);
  return ((await response.json()) as { value: unknown }).value;
}

/** Waits until everyone shows what the server has of each document; returns that. */
async function agreed(): Promise<Record<keyof typeof topics, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [kind, topic] of Object.entries(topics)) {
    const value = await stored(topic);
    values[kind] = value;
    await until(async () => {
      const shown = await Promise.all(sides.map(({ agent }) => agent.look(topic)));
      return shown.every((one) => same(one, value));
    }).catch(async () => {
      for (const { agent } of sides)
        expect(await agent.look(topic), `${agent.name}: ${topic}`).toEqual(value);
    });
  }
  return values as Record<keyof typeof topics, unknown>;
}

/** Objects are compared whatever the order of their members. */
function same(a: unknown, b: unknown): boolean {
  const sorted = (_: string, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
      : value;
  return JSON.stringify(a, sorted) === JSON.stringify(b, sorted);
}

test('COUNTER-1 SET-2 RECORDS-5 a Go program, a Node program and a page change the same documents, online and cut off', async () => {
  const [go, node, page] = await start();
  const { counter, set, records } = topics;

  const online = await Promise.all([
    go.agent.edit(counter, 'add', 1),
    node.agent.edit(counter, 'add', 10),
    page.agent.edit(counter, 'add', 100),
    go.agent.edit(set, 'add', 'urgent'),
    node.agent.edit(set, 'add', { nested: ['ü', 1] }),
    go.agent.edit(records, 'set', 'a', { title: 'go', done: false }),
    node.agent.edit(records, 'set', 'b', { title: 'node', done: false }),
    page.agent.edit(records, 'set', 'c', { title: 'page', done: false }),
  ]);
  expect(online).toEqual(online.map(() => undefined));
  expect(await agreed()).toEqual({
    counter: 111,
    set: ['urgent', { nested: ['ü', 1] }],
    records: {
      a: { title: 'go', done: false },
      b: { title: 'node', done: false },
      c: { title: 'page', done: false },
    },
    text: '',
  });

  for (const { network } of sides) network.cut();
  await until(() => sides.every(({ agent }) => agent.state !== 'live' && agent.state !== 'probing'));
  const offline = [
    ...sides.map(({ agent }, i) => agent.edit(counter, 'add', i - 1 || 5)),
    go.agent.edit(set, 'remove', 'urgent'),
    page.agent.edit(set, 'add', 'urgent'), // has not seen the remove: the add wins
    ...sides.map(({ agent }) => agent.edit(records, 'patch', 'a', { title: `${agent.name} offline` })),
    node.agent.edit(records, 'patch', 'b', { done: true }),
    page.agent.edit(records, 'delete', 'c'),
  ];
  expect(await page.agent.look(records)).toEqual({
    a: { title: 'browser offline', done: false },
    b: { title: 'node', done: false },
  });
  for (const { network } of sides) network.restore();
  expect(await Promise.all(offline)).toEqual(offline.map(() => undefined));
  const end = await agreed();
  expect(end.counter).toBe(116);
  expect(end.set).toEqual(['urgent', { nested: ['ü', 1] }]);
  expect(Object.keys(end.records as object)).toEqual(['a', 'b']);
});

test('RECORDS-6 RECORDS-7 RECORDS-12 conditions and undo are judged alike for all three', async () => {
  const [go] = await start();
  const { records } = topics;
  await go.agent.edit(records, 'set', 'a', { title: 'one' });
  await agreed();
  for (const { agent } of sides) {
    const wrong = { if: [{ field: 'title', equals: 'another' }] };
    expect(await agent.edit(records, 'patch', 'a', { title: agent.name }, wrong)).toBe('precondition_failed');
    expect(await agent.edit(records, 'patch', 'gone', { title: agent.name })).toBe('missing');
    expect(await agent.edit(records, 'patch', 'a', {})).toBe('bad_operation');
    const right = { if: [{ field: 'title', equals: 'one' }] };
    expect(await agent.edit(records, 'patch', 'a', { title: agent.name }, right)).toBeUndefined();
    expect(await agent.edit(records, 'undo')).toBeUndefined();
    expect((await agreed()).records).toEqual({ a: { title: 'one' } });
  }
});

test('DOC-10 DOC-16 three clients edit at random while their networks are cut, and agree', async () => {
  await start();
  const random = generator(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const edits: Promise<string | undefined>[] = [];
  let sum = 0;
  for (let i = 0; i < 300; i++) {
    const { agent, network } = pick(sides);
    const key = pick(['a', 'b', 'c', 'd']);
    const n = Math.ceil(random() * 5);
    const make = [
      () => {
        sum += n;
        return agent.edit(topics.counter, 'add', n);
      },
      () => agent.edit(topics.set, 'add', key),
      () => agent.edit(topics.set, 'remove', key),
      () => agent.edit(topics.records, 'set', key, { n, by: agent.name }),
      () => agent.edit(topics.records, 'patch', key, { [pick(['n', 'm'])]: n }),
      () => agent.edit(topics.records, 'delete', key),
      () => agent.edit(topics.records, 'patch', key, { n }, { ifUnseen: 'reject' }),
      () => agent.edit(topics.records, 'move', key, ''),
      () => agent.edit(topics.records, 'undo'),
    ];
    const chance = random();
    if (chance < 0.06) network.cut();
    else if (chance < 0.15) for (const side of sides) side.network.restore();
    else edits.push(pick(make)());
    if (i % 20 === 0) await sleep(50);
    if (i === 150) {
      await server?.kill();
      await server?.start();
    }
  }
  for (const { network } of sides) network.restore();
  const ends = new Set(await Promise.all(edits));
  expect([...ends].filter((end) => end && !['missing', 'overwrites_unseen'].includes(end))).toEqual([]);
  expect(ends).toContain(undefined);
  expect((await agreed()).counter).toBe(sum);
});

test('TEXT-5 TEXT-7 TEXT-10 a Go program, a Node program and a page write one text, online and cut off', async () => {
  const [go, node, page] = await start();
  const { text } = topics;
  expect(await go.agent.edit(text, 'type', 0, 0, 'Go, ')).toBeUndefined();
  await agreed();
  expect(await node.agent.edit(text, 'type', 1, 0, 'Node 𝕒nd ')).toBeUndefined();
  await agreed();
  expect(await page.agent.edit(text, 'type', 1, 0, 'a page')).toBeUndefined();
  expect((await agreed()).text).toBe('Go, Node 𝕒nd a page');

  for (const { network } of sides) network.cut();
  await until(() => sides.every(({ agent }) => agent.state !== 'live' && agent.state !== 'probing'));
  const offline = [
    ...[...'write'].map((letter) => go.agent.edit(text, 'type', 1, 0, letter)),
    node.agent.edit(text, 'type', 0, 4, ''),
    page.agent.edit(text, 'undo'),
    page.agent.edit(text, 'type', 1, 0, 'I '),
  ];
  expect(await page.agent.look(text)).toBe('Go, Node 𝕒nd I ');
  for (const { network } of sides) network.restore();
  expect(await Promise.all(offline)).toEqual(offline.map(() => undefined));
  const { text: end } = await agreed();
  expect(['Node 𝕒nd writeI ', 'Node 𝕒nd I write']).toContain(end);

  const random = generator(3);
  const edits: Promise<string | undefined>[] = [];
  for (let i = 0; i < 300; i++) {
    const { agent, network } = sides[Math.floor(random() * 3)] as Side;
    const chance = random();
    if (chance < 0.05) network.cut();
    else if (chance < 0.15) for (const side of sides) side.network.restore();
    else if (chance < 0.3) edits.push(agent.edit(text, chance < 0.22 ? 'undo' : 'redo'));
    else
      edits.push(agent.edit(text, 'type', random(), Math.floor(random() * 4), chance < 0.5 ? '' : `<${i}>`));
    if (i % 20 === 0) await sleep(50);
    if (i === 150) {
      await server?.kill();
      await server?.start();
    }
  }
  for (const { network } of sides) network.restore();
  expect(new Set(await Promise.all(edits))).toEqual(new Set([undefined]));
  await agreed();
});

test('CRDT-4 CRDT-9 payloads handed over directly, in any order and repeatedly, with no server', async () => {
  const [go, node, page] = await start();
  for (const { network } of sides) network.cut();
  const payloads = [
    await go.agent.tally({ by: 2 }),
    await node.agent.tally({ by: 1 }),
    await page.agent.tally({ by: 4 }),
  ].map(({ payload }) => payload);
  for (const { agent } of sides)
    for (const payload of [...payloads, ...payloads.toReversed()]) await agent.tally({ payload });
  for (const { agent } of sides) expect((await agent.tally({})).value).toBe(7);
});

/** Numbers from 0 up to 1 that a seed decides (Park and Miller, 1988, with their later multiplier). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
