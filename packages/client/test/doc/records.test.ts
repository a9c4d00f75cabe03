import { describe, expect, test } from 'vitest';
import type { Overridden } from '../../src/doc/overridden.ts';
import type { RecordsHandle, RecordsOptions } from '../../src/doc/records-handle.ts';
import { TuttiError } from '../../src/error.ts';
import { Desk, Site } from './site.ts';

interface Todo {
  text: string;
  done?: boolean;
  order?: string;
}

const topic = 'records:todos';

function open(site: Site, id: string, options: RecordsOptions<Todo> = {}): [Desk, RecordsHandle<Todo>] {
  const desk = new Desk(site, id);
  return [desk, desk.documents.records<Todo>(topic, options)];
}

const texts = (todos: RecordsHandle<Todo>): string[] => todos.entries().map(([, { text }]) => text);

describe('records', () => {
  test('RECORDS-2 RECORDS-3 RECORDS-4 set, patch and delete show at once', async () => {
    const [desk, todos] = open(new Site(), 'ann');
    expect(todos.set('a', { text: 'one', done: true }).local).toEqual({ text: 'one', done: true });
    expect(todos.patch('a', { text: 'two', done: undefined }).local).toEqual({ text: 'two' });
    expect([todos.has('a'), todos.size, todos.get('b')]).toEqual([true, 1, undefined]);
    expect(todos.confirmed('a')).toBeUndefined();
    expect(todos.pending('a').map((m) => m.status)).toEqual(['pending', 'pending']);
    await desk.sync();
    expect(todos.confirmed('a')).toEqual({ text: 'two' });
    expect(todos.pending('a')).toEqual([]);
    expect(todos.delete('a').local).toBeUndefined();
    expect(todos.size).toBe(0);
    await desk.sync();
    expect(todos.confirmed('a')).toBeUndefined();
  });

  test('what is handed out is frozen, and the same object as long as nothing has changed', async () => {
    const [desk, todos] = open(new Site(), 'ann');
    const value = { text: 'one', deep: [{ n: 1 }] };
    todos.set('a', value);
    todos.set('b', { text: 'other' });
    const { entries } = { entries: todos.entries() };
    const shown = todos.get('a') as unknown as typeof value;
    expect([Object.isFrozen(shown), Object.isFrozen(shown.deep[0]), Object.isFrozen(entries)]).toEqual([
      true,
      true,
      true,
    ]);
    value.text = 'changed by the application';
    expect(todos.get('a')?.text).toBe('one');
    await desk.sync();
    expect(todos.get('a')).toBe(shown);
    expect(todos.entries()).toBe(entries);
    todos.patch('b', { done: true });
    expect(todos.entries()).not.toBe(entries);
    expect(todos.entries()[0]).toBe(entries[0]);
    expect((todos.get('a') as unknown as typeof value).deep).toBe(shown.deep);
  });

  test.each([
    ['no key', (t: RecordsHandle<Todo>) => t.set('', { text: '' }), 'bad_operation'],
    ['a long key', (t: RecordsHandle<Todo>) => t.set('é'.repeat(128), { text: '' }), 'bad_operation'],
    ['no object', (t: RecordsHandle<Todo>) => t.set('a', 5 as unknown as Todo), 'bad_operation'],
    ['undefined', (t: RecordsHandle<Todo>) => t.set('a', undefined as unknown as Todo), 'bad_operation'],
    ['no JSON', (t: RecordsHandle<Todo>) => t.set('a', { text: 1n } as unknown as Todo), 'bad_operation'],
    ['a circle', (t: RecordsHandle<Todo>) => t.set('a', circle() as Todo), 'bad_operation'],
    ['a lone surrogate', (t: RecordsHandle<Todo>) => t.set('a', { text: '\ud800' }), 'bad_operation'],
    [
      'a huge number',
      (t: RecordsHandle<Todo>) => t.set('a', { text: 2 ** 53 } as unknown as Todo),
      'bad_operation',
    ],
    ['nothing to patch', (t: RecordsHandle<Todo>) => t.patch('a', {}), 'bad_operation'],
    [
      'a condition of no kind',
      (t: RecordsHandle<Todo>) => t.delete('a', { if: [{} as never] }),
      'bad_operation',
    ],
    ['an empty batch', (t: RecordsHandle<Todo>) => t.batch(() => {}), 'bad_operation'],
    ['a place behind nothing', (t: RecordsHandle<Todo>) => t.insertAfter('nowhere', { text: '' }), 'missing'],
    [
      'a place for no object',
      (t: RecordsHandle<Todo>) => t.insertAfter(null, 5 as unknown as Todo),
      'bad_operation',
    ],
  ] as const)('bad data is rejected with its code, and not sent: %s', async (_, write, code) => {
    const [desk, todos] = open(new Site(), 'ann');
    let told = 0;
    todos.onMutation(() => told++);
    const mutation = write(todos);
    expect([mutation.status, mutation.error?.code, mutation.cancel()]).toEqual(['rejected', code, false]);
    await expect(mutation.server).rejects.toMatchObject({ code });
    expect([desk.waiting, todos.size, todos.canUndo, told]).toEqual([0, 0, false, 1]);
  });

  test('RECORDS-6 RECORDS-7 conditions are judged at the operation’s place in the log', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    const [other, others] = open(site, 'bob');
    todos.set('a', { text: 'one' });
    await desk.sync();
    await other.sync();
    others.patch('a', { text: 'theirs' });
    other.send();
    const equals = todos.patch('a', { done: true }, { if: [{ field: 'text', equals: 'one' }] });
    const unseen = todos.patch('a', { text: 'mine' }, { ifUnseen: 'reject' });
    const absent = todos.set('a', { text: 'new' }, { if: [{ is: 'absent' }] });
    expect(todos.get('a')).toEqual({ text: 'mine', done: true });
    await desk.sync();
    expect([equals, unseen, absent].map((m) => m.error?.code)).toEqual([
      'precondition_failed',
      'overwrites_unseen',
      'precondition_failed',
    ]);
    expect(todos.get('a')).toEqual({ text: 'theirs' });
  });

  test('RECORDS-1 a batch is all or none', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    todos.set('a', { text: 'one' });
    let key = '';
    const batch = todos.batch((tx) => {
      tx.patch('a', { done: true });
      key = tx.insert({ text: 'two' });
      tx.patch(key, { done: false });
    });
    expect(batch.local).toEqual(
      new Map([
        ['a', { text: 'one', done: true }],
        [key, { text: 'two', done: false }],
      ]),
    );
    await desk.sync();
    expect(batch.status).toBe('confirmed');
    const none = todos.batch((tx) => {
      tx.delete('a');
      tx.patch('nowhere', { done: true });
    });
    expect(todos.has('a')).toBe(true);
    await desk.sync();
    expect([none.error?.code, todos.has('a')]).toEqual(['missing', true]);
    expect(() =>
      todos.batch(() => {
        throw new Error('of the application');
      }),
    ).toThrow('of the application');
  });

  test('keys of inserted records ascend, and are UUIDs of version 7', () => {
    const [, todos] = open(new Site(), 'ann');
    const keys = Array.from({ length: 5000 }, (_, n) => todos.insert({ text: `${n}` }).key);
    expect(keys).toEqual([...keys].sort());
    expect(new Set(keys).size).toBe(5000);
    for (const key of keys.slice(0, 50))
      expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(keys[0]?.replace('-', '').slice(0, 12) ?? '', 16)).toBe(Date.UTC(2026, 10, 24));
  });

  test('RECORDS-11 insertAfter and move put records in order', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    const b = todos.insertAfter(null, { text: 'b' }).key;
    const d = todos.insertAfter(b, { text: 'd' }).key;
    const c = todos.insertAfter(b, { text: 'c' }).key;
    todos.insertAfter(null, { text: 'a' });
    const last = todos.insert({ text: 'unordered' }).key;
    expect(texts(todos)).toEqual(['a', 'b', 'c', 'd', 'unordered']);
    todos.move(d, null);
    expect(texts(todos)).toEqual(['d', 'a', 'b', 'c', 'unordered']);
    todos.move(d, c);
    todos.move(d, d);
    todos.move(b, last);
    expect(texts(todos)).toEqual(['a', 'c', 'd', 'b', 'unordered']);
    await desk.sync();
    const [other, others] = open(site, 'bob');
    await other.sync();
    expect(others.entries()).toEqual(todos.entries());
  });

  test('RECORDS-11 places of a batch follow each other', () => {
    const [, todos] = open(new Site(), 'ann');
    todos.insertAfter(null, { text: 'end' });
    todos.batch((tx) => {
      let after: string | null = null;
      for (const text of ['1', '2', '3', '4']) after = tx.insertAfter(after, { text });
      const gone = tx.insertAfter(after, { text: 'gone' });
      tx.delete(gone);
      tx.insertAfter(after, { text: '5' });
      tx.move(after as string, null);
    });
    expect(texts(todos)).toEqual(['4', '1', '2', '3', '5', 'end']);
    const bad = todos.batch((tx) => {
      const gone = tx.insert({ text: 'gone' });
      tx.delete(gone);
      tx.insertAfter(gone, { text: 'x' });
    });
    expect(bad.error?.code).toBe('missing');
  });

  test('RECORDS-11 many at random keep the order of a list', () => {
    const site = new Site();
    const [, todos] = open(site, 'ann', { order: 'place' });
    const list: string[] = [];
    for (let i = 0; i < 400; i++) {
      const at = site.world.below(list.length + 1);
      const after = list[at - 1] ?? null;
      if (list.length > 2 && site.world.chance(0.4)) {
        const from = site.world.below(list.length);
        const key = list[from] as string;
        if (key === after) continue;
        todos.move(key, after);
        list.splice(from, 1);
        list.splice(after === null ? 0 : list.indexOf(after) + 1, 0, key);
      } else {
        list.splice(at, 0, todos.insertAfter(after, { text: `${i}` }).key);
      }
    }
    expect(todos.entries().map(([key]) => key)).toEqual(list);
  });

  test('RECORDS-10 what was overridden is told', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    const [other, others] = open(site, 'bob');
    todos.set('a', { text: 'first', done: false });
    await desk.sync();
    await other.sync();
    const told: Overridden[] = [];
    const stop = todos.onOverridden((o) => told.push(o));
    todos.patch('a', { text: 'of ann' });
    await desk.sync();
    others.patch('a', { text: 'of bob', done: true });
    other.send();
    await desk.sync();
    expect(told).toEqual([
      {
        key: 'a',
        field: 'text',
        before: 'of ann',
        lost: { offset: 2, client: 'ann' },
        won: { offset: 3, client: 'bob' },
      },
    ]);
    stop();
    await other.sync();
    todos.patch('a', { text: 'again' });
    others.delete('a');
    await desk.sync();
    await other.sync();
    await desk.sync();
    expect(told.length).toBe(1);
  });
});

function circle(): object {
  const object: Record<string, unknown> = {};
  object.self = object;
  return object;
}

describe('queries', () => {
  test('are kept up to date, and the same as long as nothing in them has changed', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    for (const text of ['d', 'a', 'c', 'b']) todos.set(text, { text, done: false });
    const query = todos.query({
      where: (todo) => !todo.done,
      sort: (x, y) => (x.text < y.text ? -1 : 1),
      limit: 2,
    });
    const told: string[][] = [];
    const stop = query.subscribe((rows) => told.push(rows.map(([key]) => key)));
    const { value } = query;
    expect(value.map(([key]) => key)).toEqual(['a', 'b']);
    todos.set('e', { text: 'e' });
    todos.patch('d', { done: true });
    await desk.sync();
    expect(query.value).toBe(value);
    expect(told).toEqual([]);
    todos.patch('a', { done: true });
    todos.patch('c', { text: 'A' });
    todos.delete('b');
    expect(told).toEqual([
      ['b', 'c'],
      ['c', 'b'],
      ['c', 'e'],
    ]);
    await desk.sync();
    expect(told.length).toBe(3);
    stop();
    query.close();
    todos.delete('c');
    expect(query.value.map(([key]) => key)).toEqual(['c', 'e']);
  });

  test('show what a query made anew shows, after changes at random', () => {
    const site = new Site();
    const [, todos] = open(site, 'ann');
    const options = {
      where: (t: Todo) => !t.done,
      sort: (x: Todo, y: Todo) => x.text.length - y.text.length,
    };
    const live = todos.query(options);
    const limited = todos.query({ limit: 3 });
    for (let i = 0; i < 600; i++) {
      const key = `${site.world.below(40)}`;
      const text = 'x'.repeat(site.world.below(5));
      if (site.world.chance(0.2)) todos.delete(key);
      else if (site.world.chance(0.5)) todos.set(key, { text, done: site.world.chance(0.3) });
      else todos.insertAfter(null, { text });
      if (site.world.chance(0.3)) expect(live.value.length).toBeLessThanOrEqual(todos.size);
    }
    expect(live.value).toEqual(todos.query(options).value);
    expect(limited.value).toEqual(todos.entries().slice(0, 3));
    expect(live.value.length).toBe(todos.entries().filter(([, t]) => !t.done).length);
  });

  test('a filter that throws is reported, and harms nothing', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    let broken = false;
    const query = todos.query({
      where: () => {
        if (broken) throw new Error('broken');
        return true;
      },
    });
    todos.set('a', { text: 'a' });
    query.subscribe(() => {});
    broken = true;
    todos.set('b', { text: 'b' });
    expect(desk.errors).toEqual([expect.objectContaining({ message: 'broken' })]);
    broken = false;
    expect(query.value.length).toBe(2);
    expect(todos.size).toBe(2);
  });
});

describe('undo and redo', () => {
  test('RECORDS-12 revert own mutations one by one', async () => {
    const [desk, todos] = open(new Site(), 'ann');
    desk.opened();
    expect([todos.canUndo, todos.canRedo, todos.undo(), todos.redo()]).toEqual([
      false,
      false,
      undefined,
      undefined,
    ]);
    todos.set('a', { text: 'one', done: false });
    await desk.sync();
    todos.patch('a', { text: 'two', done: undefined });
    todos.batch((tx) => {
      tx.delete('a');
      tx.set('b', { text: 'b' });
    });
    const states = [todos.entries()];
    while (todos.canUndo) {
      todos.undo();
      states.push(todos.entries());
    }
    expect(states.map((rows) => rows.map(([key, { text }]) => `${key} ${text}`))).toEqual([
      ['b b'],
      ['a two'],
      ['a one'],
      [],
    ]);
    while (todos.canRedo) todos.redo();
    expect(todos.entries()).toEqual(states[0]);
    todos.undo();
    expect(todos.canRedo).toBe(true);
    todos.set('c', { text: 'new' });
    expect(todos.canRedo).toBe(false);
    await desk.sync();
    expect(todos.confirmed('a')).toEqual({ text: 'two' });
    expect(todos.entries().map(([key]) => key)).toEqual(['a', 'c']);
  });

  test('RECORDS-12 RECORDS-8 only where the field still holds one’s own value', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    const [other, others] = open(site, 'bob');
    others.set('a', { text: 'old', done: false });
    await other.sync();
    await desk.sync();
    todos.patch('a', { text: 'mine', done: true });
    await desk.sync();
    others.patch('a', { text: 'theirs' });
    await other.sync();
    await desk.sync();
    const undone = todos.undo();
    expect(todos.get('a')).toEqual({ text: 'theirs', done: false });
    await desk.sync();
    expect(undone?.status).toBe('confirmed');
    expect(todos.confirmed('a')).toEqual({ text: 'theirs', done: false });
    todos.redo();
    expect(todos.get('a')).toEqual({ text: 'theirs', done: true });
  });

  test('RECORDS-12 goes back to what was replaced in the log, though it was not seen', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    const [other, others] = open(site, 'bob');
    others.set('a', { text: 'old', done: false });
    await other.sync();
    await desk.sync();
    others.patch('a', { text: 'theirs' });
    await other.sync();
    todos.patch('a', { text: 'mine', done: true });
    await desk.sync();
    expect(todos.get('a')).toEqual({ text: 'mine', done: true });
    todos.undo();
    expect(todos.get('a')).toEqual({ text: 'theirs', done: false });
    todos.redo();
    expect(todos.get('a')).toEqual({ text: 'mine', done: true });
  });

  test('RECORDS-12 a deleted record is set again only if it is still absent', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    const [other, others] = open(site, 'bob');
    todos.set('a', { text: 'old' });
    await desk.sync();
    todos.delete('a');
    others.set('a', { text: 'theirs' });
    await desk.sync();
    others.set('a', { text: 'theirs' });
    await other.sync();
    todos.undo();
    await desk.sync();
    await desk.sync();
    expect(todos.get('a')).toEqual({ text: 'theirs' });
  });

  test('RECORDS-12 a mutation that was rejected or taken back is no step', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    desk.opened();
    todos.set('a', { text: 'one' });
    await desk.sync();
    todos.patch('a', { text: 'two' }, { if: [{ field: 'text', equals: 'else' }] });
    todos.patch('a', { text: 'three' }).cancel();
    await desk.sync();
    todos.undo();
    expect(todos.has('a')).toBe(false);
    await desk.sync();
    expect([todos.canUndo, todos.canRedo]).toEqual([false, true]);
  });

  test('RECORDS-12 what is refused here leaves what can be redone', async () => {
    const [desk, todos] = open(new Site(), 'ann');
    desk.opened();
    todos.set('a', { text: 'one', done: false });
    todos.undo();
    expect(todos.set('', { text: 'no key' }).status).toBe('rejected');
    expect(todos.canRedo).toBe(true);
    todos.redo();
    expect(todos.get('a')).toEqual({ text: 'one', done: false });
  });

  test('RECORDS-12 an undo that is rejected can be made again', async () => {
    const site = new Site();
    const [desk, todos] = open(site, 'ann');
    desk.opened();
    todos.set('a', { text: 'one' });
    await desk.sync();
    const cancelled = todos.undo();
    expect(cancelled?.cancel()).toBe(true);
    expect([todos.has('a'), todos.canUndo, todos.canRedo]).toEqual([true, true, false]);
    site.hook = () => new TuttiError('rejected');
    const rejected = todos.undo();
    expect(todos.has('a')).toBe(false);
    await desk.sync();
    expect(rejected?.status).toBe('rejected');
    expect([todos.has('a'), todos.canUndo, todos.canRedo]).toEqual([true, true, false]);
  });

  test('RECORDS-12 what was written before the document was opened is no step', async () => {
    const site = new Site();
    site.judge(topic, {}, { op: 'set', key: 'a', value: { text: 'there already' } });
    const [desk, todos] = open(site, 'ann');
    todos.set('a', { text: 'one' });
    await desk.sync();
    expect(todos.undo()).toBeUndefined();
    expect(todos.get('a')).toEqual({ text: 'one' });
  });
});
