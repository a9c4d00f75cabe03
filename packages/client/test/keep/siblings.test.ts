import { describe, expect, test } from 'vitest';
import type { Client } from '../../src/index.ts';
import { text } from '../../src/text.ts';
import { type Page, type Scene, setUp } from './device.ts';

const offline = { offline: true };

interface Tab {
  page: Page;
  client: Client;
  likes: ReturnType<Client['counter']>;
  tags: ReturnType<Client['set']>;
  tasks: ReturnType<typeof tasksOf>;
  /** All that was shown, one after the other. */
  shown: unknown[];
}

const tasksOf = (client: Client) => client.records<Record<string, unknown>>('records:tasks', offline);

/** A tab with documents that are kept. */
function open({ device }: Scene): Tab {
  const page = device.page();
  const { client } = page;
  const tab = {
    page,
    client,
    likes: client.counter('counter:likes', offline),
    tags: client.set('set:tags', offline),
    tasks: tasksOf(client),
    shown: [] as unknown[],
  };
  const note = (): void => void tab.shown.push(show(tab));
  for (const handle of [tab.likes, tab.tags, tab.tasks]) handle.subscribe(note);
  return tab;
}

function show({ likes, tags, tasks }: Pick<Tab, 'likes' | 'tags' | 'tasks'>): unknown {
  return [likes.value, [...tags.values()], Object.fromEntries(tasks.entries())];
}

/** Two tabs, whose documents are open, and that have no network any more. */
async function two(seed?: number): Promise<Scene & { a: Tab; b: Tab }> {
  const scene = setUp(seed);
  const { world, server, device } = scene;
  server.append('set:tags', { op: 'add', values: ['old'] }, {});
  server.append('records:tasks', { op: 'set', key: 'old', value: { by: 'x' } }, {});
  const a = open(scene);
  await world.pass(200);
  const b = open(scene);
  await world.pass(1000);
  device.offline = true;
  for (const { page } of [a, b]) page.cut();
  await world.pass(200);
  a.shown = [];
  b.shown = [];
  return { ...scene, a, b };
}

describe('what one tab has pending', () => {
  test('SIBLING-1 shows in the other as soon as it is stored, and once when it is confirmed', async () => {
    const { world, device, a, b } = await two();
    b.likes.add(2);
    b.tags.add('new');
    b.tasks.set('t', { by: 'b' });
    await world.pass(50);
    const all = [2, ['new', 'old'], { old: { by: 'x' }, t: { by: 'b' } }];
    expect([show(a), show(b)]).toEqual([all, all]);
    a.shown = [];
    b.shown = [];
    device.offline = false;
    await world.pass(60_000);
    expect(a.client.outbox.entries.concat(b.client.outbox.entries)).toEqual([]);
    expect([a.shown, b.shown]).toEqual([[], []]); // nothing looked different on the way
    expect([show(a), show(b)]).toEqual([all, all]);
  });

  test('SIBLING-1 shows in a tab that opens later, without a network', async () => {
    const scene = await two();
    const { world, a, b } = scene;
    b.likes.add(2);
    b.tasks.patch('old', { by: 'b' });
    await world.pass(50);
    a.likes.add(3);
    a.tasks.patch('old', { by: 'a' });
    await world.pass(50);
    const c = open(scene);
    await world.pass(200);
    expect(show(c)).toEqual([5, ['old'], { old: { by: 'a' } }]);
    expect(show(a)).toEqual(show(c));
    expect(show(b)).toEqual(show(c));
  });

  test('SIBLING-1 goes when it is taken back, and when it is rejected', async () => {
    const { world, server, device, a, b } = await two();
    const taken = b.likes.add(2);
    b.tasks.set('bad', { by: 'b' });
    await world.pass(50);
    expect(show(a)).toEqual([2, ['old'], { old: { by: 'x' }, bad: { by: 'b' } }]);
    taken.cancel();
    await world.pass(50);
    expect(show(a)).toEqual([0, ['old'], { old: { by: 'x' }, bad: { by: 'b' } }]);
    server.rejects = (data) => JSON.stringify(data).includes('bad');
    device.offline = false;
    await world.pass(60_000);
    for (const tab of [a, b]) expect(show(tab)).toEqual([0, ['old'], { old: { by: 'x' } }]);
  });

  test('SIBLING-1 shows when its tab is dead, until another has sent it', async () => {
    const scene = await two();
    const { world, device, a, b } = scene;
    b.likes.add(2);
    await world.pass(50);
    b.page.kill();
    await world.pass(50);
    expect(a.likes.value).toBe(2);
    device.offline = false;
    await world.pass(20_000);
    a.shown = [];
    const c = open(scene); // it goes on as the dead one
    await world.pass(20_000);
    expect([a.likes.value, c.likes.value]).toEqual([2, 2]);
    expect(a.shown).toEqual([]);
  });

  test('SIBLING-1 does not show where its page is of another version of the application', async () => {
    const { world, device } = await two();
    const [old, now] = [1, 2].map((version) =>
      device.page({ version }).client.counter('counter:likes', offline),
    );
    await world.pass(200);
    old?.add(2);
    await world.pass(200);
    const later = device.page({ version: 2 }).client.counter('counter:likes', offline);
    await world.pass(200);
    expect([old?.value, now?.value, later.value]).toEqual([2, 0, 0]);
    device.offline = false;
    await world.pass(60_000);
    expect([old?.value, now?.value, later.value]).toEqual([2, 2, 2]);
  });

  test('SIBLING-1 does not show when it could not be stored, until it is confirmed, once', async () => {
    const { world, server, device, a, b } = await two();
    b.likes.add(2);
    await world.pass(50);
    expect(a.likes.value).toBe(2);
    device.full = true;
    b.likes.add(3);
    await world.pass(200);
    expect(a.likes.value).toBe(2);
    device.offline = false;
    await world.pass(60_000);
    expect([a.likes.value, b.likes.value]).toEqual([2, 5]);
    device.full = false;
    await world.pass(60_000);
    expect([a.likes.value, b.likes.value, server.log('counter:likes').entries.length]).toEqual([5, 5, 2]);
    expect(Math.max(...a.shown.map((shown) => (shown as [number])[0]))).toBe(5);
  });

  test('SIBLING-1 shows as soon as a later try has stored it', async () => {
    const { world, device, a, b } = await two();
    device.full = true;
    b.likes.add(3);
    await world.pass(200);
    expect(a.likes.value).toBe(0);
    device.full = false;
    await world.pass(20_000);
    expect(await device.rows('entry')).toHaveLength(1);
    expect(a.likes.value).toBe(3);
    device.offline = false;
    await world.pass(60_000);
    expect([a.likes.value, b.likes.value]).toEqual([3, 3]);
    expect(Math.max(...a.shown.map((shown) => (shown as [number])[0]))).toBe(3);
  });
});

test('SIBLING-4 what a sibling has stored with it does not show twice in the next life of its page', async () => {
  const scene = await two();
  const { world, server, device, a, b } = scene;
  device.offline = false;
  for (const { client } of [a, b]) client.connect();
  await world.pass(20_000);
  b.likes.add(2);
  while (!server.log('counter:likes').entries.length) await world.pass(1);
  b.page.kill();
  await world.pass(1000); // a has read and stored it
  expect(a.likes.value).toBe(2);
  device.offline = true;
  const next = open(scene);
  await world.pass(1000);
  expect(await device.rows('entry')).toHaveLength(1);
  expect(next.likes.value).toBe(2);
  device.offline = false;
  next.client.connect();
  await world.pass(20_000);
  expect([next.likes.value, server.log('counter:likes').entries.length]).toEqual([2, 1]);
});

describe('what is made on what a sibling has pending', () => {
  test('SIBLING-2 is sent behind it', async () => {
    const { world, server, device, a, b } = await two();
    b.tasks.set('t', { by: 'b' });
    await world.pass(50);
    const patched = a.tasks.patch('t', { done: true });
    await world.pass(50);
    b.page.offline = true;
    device.offline = false;
    await world.pass(5000);
    expect(patched.status).toBe('pending');
    expect(server.log('records:tasks').entries).toHaveLength(1);
    b.page.offline = false;
    b.client.connect();
    await world.pass(20_000);
    expect(patched.status).toBe('confirmed');
    for (const { tasks } of [a, b]) expect(tasks.get('t')).toEqual({ by: 'b', done: true });
  });

  test('SIBLING-2 is sent without it when that does not come for 10 s of a connection', async () => {
    const { world, device, a, b } = await two();
    b.tasks.patch('old', { by: 'b' });
    await world.pass(50);
    const patched = a.tasks.patch('old', { done: true });
    await world.pass(30_000);
    b.page.offline = true;
    device.offline = false;
    await world.pass(8000);
    expect(patched.status).toBe('pending');
    await world.pass(22_000);
    expect(patched.status).toBe('confirmed');
    expect(a.tasks.get('old')).toEqual({ by: 'b', done: true });
    b.page.offline = false;
    b.client.connect();
    await world.pass(30_000);
    for (const { tasks } of [a, b]) expect(tasks.get('old')).toEqual({ by: 'b', done: true });
  });

  test('SIBLING-2 waits no more when that is taken back', async () => {
    const { world, device, a, b } = await two();
    const by = b.tasks.patch('old', { by: 'b' });
    await world.pass(50);
    const patched = a.tasks.patch('old', { done: true });
    by.cancel();
    await world.pass(50);
    b.page.offline = true;
    device.offline = false;
    await world.pass(5000);
    expect(patched.status).toBe('confirmed');
  });

  test('SIBLING-2 waits in the next life of its page too', async () => {
    const scene = await two();
    const { world, server, device, a, b } = scene;
    b.tasks.set('t', { by: 'b' });
    await world.pass(50);
    a.tasks.patch('t', { done: true });
    await world.pass(50);
    a.page.kill();
    b.page.offline = true;
    device.offline = false;
    const next = open(scene);
    await world.pass(5000);
    expect(next.tasks.get('t')).toEqual({ by: 'b', done: true });
    expect(server.log('records:tasks').entries).toHaveLength(1);
    b.page.offline = false;
    b.client.connect();
    await world.pass(20_000);
    for (const { tasks } of [next, b]) expect(tasks.get('t')).toEqual({ by: 'b', done: true });
    expect(server.log('records:tasks').entries.map(({ data }) => (data as { op: string }).op)).toEqual([
      'set',
      'set',
      'patch',
    ]);
  });

  test('SIBLING-2 has seen it: what a sibling added is removed', async () => {
    const { world, device, a, b } = await two();
    b.tags.add('new');
    await world.pass(50);
    a.tags.remove('new');
    await world.pass(50);
    expect([[...a.tags.values()], [...b.tags.values()]]).toEqual([['old'], ['old']]);
    a.shown = [];
    b.shown = [];
    device.offline = false;
    await world.pass(20_000);
    expect([[...a.tags.values()], [...b.tags.values()]]).toEqual([['old'], ['old']]);
    expect([a.shown, b.shown]).toEqual([[], []]);
  });

  test('SIBLING-2 and nothing else: what another user added meanwhile stays', async () => {
    const { world, server, device, a, b } = await two();
    b.tags.add('new');
    await world.pass(50);
    a.tags.remove('new');
    await world.pass(50);
    server.append('set:tags', { op: 'add', values: ['new'] }, { client: 'other', seq: 1, base: 1 });
    device.offline = false;
    await world.pass(20_000);
    expect([[...a.tags.values()], [...b.tags.values()]]).toEqual([
      ['new', 'old'],
      ['new', 'old'],
    ]);
  });

  test('SIBLING-2 may overwrite it where what was not seen is not to be', async () => {
    const { world, device, a, b } = await two();
    b.tasks.patch('old', { by: 'b' });
    await world.pass(50);
    const patched = a.tasks.patch('old', { by: 'a' }, { ifUnseen: 'reject' });
    device.offline = false;
    await world.pass(20_000);
    expect(patched.status).toBe('confirmed');
    for (const { tasks } of [a, b]) expect(tasks.get('old')).toEqual({ by: 'a' });
  });
});

/** Two tabs with a text that both have read, and no network any more. */
async function notes(value = ''): Promise<Scene & { a: Note; b: Note }> {
  const scene = setUp();
  const { world, server, device } = scene;
  if (value) server.append('text:note', [[0, 0, value]], {});
  const a = openNote(scene);
  await world.pass(200);
  const b = openNote(scene);
  await world.pass(1000);
  device.offline = true;
  for (const { page } of [a, b]) page.cut();
  await world.pass(200);
  a.changes.splice(0);
  b.changes.splice(0);
  return { ...scene, a, b };
}

interface Note {
  page: Page;
  note: ReturnType<Client['text']>;
  changes: unknown[];
}

function openNote({ device }: Scene): Note {
  const page = device.page({ types: [text] });
  const note = page.client.text('text:note', offline);
  const changes: unknown[] = [];
  note.onChange(({ op }) => changes.push(op));
  return { page, note, changes };
}

/** The network is there again, for the pages that it is there for. */
async function online({ world, device }: Scene, ...all: Note[]): Promise<void> {
  device.offline = false;
  for (const { page } of all) page.client.connect();
  await world.pass(20_000);
}

describe('of a text', () => {
  test('SIBLING-1 what one tab has pending shows in the other, and is confirmed without a change', async () => {
    const scene = await notes();
    const { world, a, b } = scene;
    a.note.insert(0, 'hello');
    await world.pass(100);
    expect([b.note.value, b.changes]).toEqual(['hello', [[[0, 0, 'hello']]]]);
    a.note.insert(5, '!');
    await world.pass(100);
    expect([b.note.value, b.changes.slice(1)]).toEqual(['hello!', [[[5, 0, '!']]]]);
    await online(scene, a, b);
    expect([a.note.value, b.note.value, b.changes.length]).toEqual(['hello!', 'hello!', 2]);
  });

  test('SIBLING-1 it goes when it is taken back, and from beneath what was made on it', async () => {
    const scene = await notes('[]');
    const { world, a, b } = scene;
    const made = a.note.insert(1, 'hello');
    await world.pass(100);
    b.note.insert(3, '-');
    await world.pass(100);
    expect([a.note.value, b.note.value]).toEqual(['[he-llo]', '[he-llo]']);
    made.cancel();
    await world.pass(100);
    expect([a.note.value, b.note.value]).toEqual(['[-]', '[-]']);
    await online(scene, a, b);
    expect([a.note.value, b.note.value]).toEqual(['[-]', '[-]']);
  });

  test('SIBLING-3 what is made on it is sent behind it, at its place in it', async () => {
    const scene = await notes();
    const { world, server, device, a, b } = scene;
    a.note.insert(0, 'teh end');
    await world.pass(100);
    const mended = b.note.replace(1, 2, 'he');
    await world.pass(100);
    const more = a.note.insert(7, '.');
    await world.pass(100);
    a.page.offline = true;
    device.offline = false;
    b.page.client.connect();
    await world.pass(5000);
    expect([mended.status, more.status, server.log('text:note').entries.length]).toEqual([
      'pending',
      'pending',
      0,
    ]);
    server.append('text:note', [[0, 0, 'So: ']], {});
    a.page.offline = false;
    a.page.client.connect();
    await world.pass(20_000);
    expect([mended.status, more.status]).toEqual(['confirmed', 'confirmed']);
    for (const { note } of [a, b]) expect(note.value).toBe('So: the end.');
    expect(server.log('text:note').entries).toHaveLength(4);
  });

  test('SIBLING-3 what is made on it outlives its page', async () => {
    const scene = await notes();
    const { world, a, b } = scene;
    a.note.insert(0, 'teh end');
    await world.pass(100);
    b.note.replace(1, 2, 'he');
    await world.pass(100);
    a.page.kill();
    b.page.kill();
    const again = [openNote(scene), openNote(scene)] as const;
    await world.pass(500);
    for (const { note } of again) expect(note.value).toBe('the end');
    await online(scene, ...again);
    for (const { note, page } of again)
      expect([note.value, page.client.outbox.entries, page.client.outbox.dead]).toEqual(['the end', [], []]);
  });

  test('SIBLING-3 it is sent without it when that does not come for 10 s of a connection', async () => {
    const scene = await notes('[]');
    const { world, server, device, a, b } = scene;
    a.note.insert(1, 'hello');
    await world.pass(100);
    const made = b.note.edit([[2, 2, 'u']]);
    await world.pass(100);
    expect(b.note.value).toBe('[hulo]');
    a.page.offline = true;
    device.offline = false;
    b.page.client.connect();
    await world.pass(8000);
    expect(made.status).toBe('pending');
    await world.pass(12_000);
    expect([made.status, server.log('text:note').text?.text]).toEqual(['confirmed', '[u]']);
    expect(b.note.value).toBe('[huello]'); // nothing is lost
    a.page.offline = false;
    a.page.client.connect();
    await world.pass(20_000);
    expect(a.note.value).toBe(b.note.value);
    expect(b.note.value).toMatch(/^\[(uhello|hellou)\]$/);
  });

  test('SIBLING-3 what is made after it was waited for in vain is said without it at once', async () => {
    const scene = await notes('[]');
    const { world, server, device, a, b } = scene;
    a.note.insert(1, 'hello');
    await world.pass(100);
    a.page.offline = true;
    device.offline = false;
    b.page.client.connect();
    b.note.insert(7, 'B');
    await world.pass(12_000);
    expect([b.note.value, server.log('text:note').text?.text]).toEqual(['[hello]B', '[]B']);
    b.note.insert(8, 'C');
    await world.pass(1000);
    expect([b.note.value, server.log('text:note').text?.text]).toEqual(['[hello]BC', '[]BC']);
    a.page.offline = false;
    a.page.client.connect();
    await world.pass(20_000);
    expect([a.note.value, b.note.value]).toEqual(['[hello]BC', '[hello]BC']);
  });

  test('SIBLING-3 on a connection it is waited for in vain once', async () => {
    const scene = await notes('[]');
    const { world, server, device, a, b } = scene;
    a.note.insert(1, 'hello');
    await world.pass(100);
    a.page.offline = true;
    b.note.insert(2, 'B');
    device.offline = false;
    b.page.client.connect();
    await world.pass(2000);
    server.append('text:note', [[0, 0, '#']], {});
    await world.pass(1000);
    b.note.insert(5, 'C'); // another operation, which waits too
    await world.pass(12_000);
    const next = b.note.insert(0, 'D');
    await world.pass(1000);
    expect(next.status).toBe('confirmed');
  });

  test('SIBLING-1 what is told of it and cannot be read is passed over, and the rest is heard', async () => {
    const { world, device, a, b } = await notes();
    const channel = device.storage(b.page).channel?.('tutti:https://tutti.test/v1 / entries', () => {});
    const row = (n: number): string => `/entry/other/${String(n).padStart(16, '0')}`;
    const entry = { topic: 'text:note', doc: 'text', base: 0, data: [[0, 0, 'x']], bytes: 11, made: 1 };
    for (const news of [
      null,
      7,
      {},
      { client: 7 },
      { client: 'other' },
      { client: 'other', id: 7, fates: [] },
    ])
      channel?.say(news);
    const odd = ['seen', 'place', 'doc', 'topic', 'seq', 'data', 'base'].flatMap((name) =>
      [null, 7, 'x', [null], [{ row: 7 }], {}, [[9, 9, 9]]].map((value) => ({ ...entry, [name]: value })),
    );
    const fates = [null, 7, {}, { row: 7, entry }, ...odd.map((entry, i) => ({ row: row(i), entry }))];
    for (const fate of fates) channel?.say({ client: `other${fates.indexOf(fate)}`, fates: [fate] });
    await world.pass(100);
    const before = a.note.value;
    channel?.say({
      client: 'last',
      fates: [null, { row: '/entry/last/1', entry: 7 }, { row: row(99), entry }],
    });
    await world.pass(100);
    expect(a.note.value).toBe(`x${before}`);
    expect(device.errors).toEqual([]);
  });

  test('SIBLING-3 what was made on it keeps its place if its tab had no id then', async () => {
    const scene = setUp();
    const { world, server, device } = scene;
    device.offline = true;
    const a = openNote(scene);
    await world.pass(200);
    const b = openNote(scene);
    await world.pass(200);
    a.note.insert(0, 'hello');
    await world.pass(100);
    b.note.insert(2, '-');
    await world.pass(100);
    b.page.kill();
    await online(scene, a);
    const next = openNote(scene);
    await world.pass(20_000);
    expect([next.note.value, server.log('text:note').text?.text]).toEqual(['he-llo', 'he-llo']);
    expect(next.changes).toEqual([[[0, 0, 'he-llo']]]);
  });

  test('SIBLING-3 what goes on without a network shows on what has come into the log', async () => {
    const scene = await notes();
    const { world, server, device, a, b } = scene;
    b.note.insert(0, 'hello');
    await world.pass(100);
    a.note.insert(5, '!');
    await world.pass(100);
    a.page.offline = true;
    device.offline = false;
    b.page.client.connect();
    await world.pass(5000);
    expect(server.log('text:note').text?.text).toBe('hello');
    a.note.insert(6, '?');
    await world.pass(100);
    expect(b.note.value).toBe('hello!?');
    a.page.offline = false;
    await online(scene, a, b);
    for (const { note } of [a, b]) expect(note.value).toBe('hello!?');
  });

  test('SIBLING-4 what a sibling has stored with it does not show twice in the next life of its page', async () => {
    const scene = await notes();
    const { world, server, device, a, b } = scene;
    device.offline = false;
    for (const { page } of [a, b]) page.client.connect();
    await world.pass(20_000);
    b.note.insert(0, 'hello');
    while (!server.log('text:note').entries.length) await world.pass(1);
    b.page.kill();
    await world.pass(1000); // a has read and stored it
    device.offline = true;
    const next = openNote(scene);
    await world.pass(1000);
    expect(await device.rows('entry')).toHaveLength(1);
    expect(next.note.value).toBe('hello');
    device.offline = false;
    next.page.client.connect();
    await world.pass(20_000);
    expect([next.note.value, server.log('text:note').entries.length]).toEqual(['hello', 1]);
  });
});
