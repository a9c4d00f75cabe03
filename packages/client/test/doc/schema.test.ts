import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Schema, SchemaResult } from '../../src/doc/schema.ts';
import type { RecordsHandle } from '../../src/index.ts';
import { Desk, Site, turn } from './site.ts';

interface Todo {
  text: string;
  due?: Date;
}

/** Makes a schema of a function that returns the output, or throws what does not fit. */
function schema<T>(read: (value: unknown) => T): Schema<T> {
  const validate = (value: unknown): SchemaResult<T> => {
    try {
      return { value: read(value) };
    } catch (error) {
      return { issues: [{ message: (error as Error).message, path: ['text'] }] };
    }
  };
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

const todo = schema((value): Todo => {
  const { text, due } = value as { text: unknown; due?: string };
  if (typeof text !== 'string') throw new Error('is no text');
  return due === undefined ? { text } : { text, due: new Date(due) };
});

describe('records with a schema', () => {
  test('what does not fit is refused when it is written', async () => {
    const desk = new Desk(new Site(), 'ann');
    const todos = desk.documents.records('records:todos', { schema: todo });
    expectTypeOf(todos).toEqualTypeOf<RecordsHandle<Todo>>();
    const bad = { text: 5 } as unknown as Todo;
    todos.set('a', { text: 'one' });
    const refused = [
      todos.set('b', bad),
      todos.insert(bad),
      todos.patch('a', bad),
      todos.patch('a', { text: undefined as never }),
      todos.batch((tx) => {
        tx.set('c', { text: 'c' });
        tx.patch('c', bad);
      }),
    ];
    for (const { status, error } of refused) {
      expect([status, error?.code]).toEqual(['rejected', 'bad_operation']);
      expect(error?.message).toContain('text: is no text');
    }
    expect(todos.entries()).toEqual([['a', { text: 'one' }]]);
    const fine = todos.patch('a', { due: new Date(0) });
    expect(fine.local).toEqual({ text: 'one', due: new Date(0) });
    await desk.sync();
    expect(todos.get('a')).toBe(fine.local);
  });

  test('what does not fit is not shown when it is read, and told once', async () => {
    const site = new Site();
    const desk = new Desk(site, 'ann');
    const todos = desk.documents.records('records:todos', { schema: todo });
    const raw = desk.documents.records('records:todos', {});
    const told: unknown[] = [];
    todos.onError((error, key) => told.push([error.code, key]));
    site.judge('records:todos', {}, { op: 'set', key: 'good', value: { text: 'x', more: 1 } });
    site.judge('records:todos', {}, { op: 'set', key: 'bad', value: { text: 5 } });
    await desk.sync();
    expect(todos.entries()).toEqual([['good', { text: 'x' }]]);
    expect([todos.size, todos.has('bad'), todos.get('bad')]).toEqual([1, false, undefined]);
    await turn();
    expect(told).toEqual([['bad_operation', 'bad']]);
    expect(raw.get('bad')).toEqual({ text: 5 });
    expect(raw.get('good')).toEqual({ text: 'x', more: 1 });
    todos.patch('bad', { text: 'good now' });
    expect(todos.entries().map(([key]) => key)).toEqual(['bad', 'good']);
    todos.patch('good', { text: 'y' });
    expect(raw.get('good')).toEqual({ text: 'y', more: 1 });
  });

  test('an order that the schema leaves out holds', () => {
    const desk = new Desk(new Site(), 'ann');
    const todos = desk.documents.records('records:todos', { schema: todo });
    const b = todos.insertAfter(null, { text: 'b' }).key;
    todos.insertAfter(null, { text: 'a' });
    todos.insertAfter(b, { text: 'c' });
    expect(todos.entries().map(([, { text }]) => text)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['a promise', { validate: async () => ({ value: {} }) }, 'promise'],
    ['a failed promise', { validate: () => Promise.reject(new Error('no')) }, 'promise'],
    [
      'an error',
      {
        validate: () => {
          throw new Error('broken');
        },
      },
      'broken',
    ],
  ])('a schema that answers with %s is refused with a clear error', (_, part, message) => {
    const desk = new Desk(new Site(), 'ann');
    const odd: Schema<object> = { '~standard': { version: 1, vendor: 'test', ...part } };
    const { error } = desk.documents.records('records:x', { schema: odd }).set('a', {});
    expect(error?.code).toBe('bad_operation');
    expect(error?.message).toContain(message);
  });
});

describe('a set with a schema', () => {
  test('SET-1 refuses and hides what does not fit', async () => {
    const site = new Site();
    const desk = new Desk(site, 'ann');
    const word = schema((value): string => {
      if (typeof value !== 'string') throw new Error('is no text');
      return value;
    });
    const words = desk.documents.set('set:words', { schema: word });
    const told: unknown[] = [];
    words.onError((error, key) => told.push([error.code, key]));
    expect(words.add('a', 5 as unknown as string).error?.code).toBe('bad_operation');
    expect(words.size).toBe(0);
    site.judge('set:words', {}, { op: 'add', values: ['b', 7] });
    await desk.sync();
    expect([...words]).toEqual(['b']);
    await turn();
    expect(told).toEqual([['bad_operation', '7']]);
  });
});
