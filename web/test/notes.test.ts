import { type Mutation, TuttiError } from '@tutti/client';
import { describe, expect, test } from 'vitest';
import { Notes, readTodo } from '../src/notes.ts';

const rejected = (local: unknown, ...keys: string[]): Mutation => ({
  keys,
  local,
  server: Promise.resolve({ offset: 0, term: '' }),
  status: 'rejected',
  error: new TuttiError('rejected', 'No.'),
  cancel: () => false,
});
const todo = { text: 'oboes', done: false };

describe('Notes', () => {
  test.each([
    ['another text', { ...todo, text: 'horns' }, '“horns”'],
    ['a tick', { ...todo, done: true }, 'Ticking it off'],
    ['another place', { ...todo, order: 'b' }, 'Moving it'],
    ['a deletion', undefined, 'Deleting it'],
  ])('%s that was rejected', (_, local, what) => {
    const notes = new Notes();
    notes.reject(rejected(local, 'a'), () => todo);
    expect(notes.get('a')).toEqual([{ kind: 'rejected', text: `${what} was rejected: No. (rejected)` }]);
  });

  test('a rejected batch is told at each of its lines, and what is not there is shown as it was wanted', () => {
    const notes = new Notes();
    const local = new Map([
      ['a', { ...todo, done: true }],
      ['b', { text: 'harps', done: false }],
    ]);
    notes.reject(rejected(local, 'a', 'b'), (key) => (key === 'a' ? todo : undefined));
    expect([...notes.entries()].map(([key, { todo }]) => [key, todo])).toEqual([
      ['a', { text: 'oboes', done: true }],
      ['b', { text: 'harps', done: false }],
    ]);
    notes.clear(['a']);
    expect(notes.get('a')).toEqual([]);
    expect(notes.get('b')).toHaveLength(1);
  });

  test.each([
    [
      'who lost is told',
      'me',
      'you',
      'Somebody who had not seen it overwrote the text “oboes” that you wrote.',
    ],
    [
      'who won is told',
      'you',
      'me',
      'You overwrote the text “oboes”, which somebody else wrote and you had not seen.',
    ],
    ['others are not', 'you', 'her', undefined],
  ])('RECORDS-10: of a value overwritten unseen, %s', (_, loser, winner, text) => {
    const notes = new Notes();
    const lost = { offset: 1, client: loser };
    const won = { offset: 2, client: winner };
    notes.override({ key: 'a', field: 'text', before: 'oboes', lost, won }, 'me', todo);
    expect(notes.get('a').map((note) => note.text)).toEqual(text ? [text] : []);
  });

  test('there are at most three of a line, the latest', () => {
    const notes = new Notes();
    for (const text of ['a', 'b', 'c', 'd']) notes.reject(rejected({ ...todo, text }, 'k'), () => todo);
    expect(notes.get('k').map(({ text }) => text.slice(1, 2))).toEqual(['b', 'c', 'd']);
  });
});

test.each([
  [
    { text: 'oboes', done: true, more: 1 },
    { text: 'oboes', done: true },
  ],
  [
    { text: 7, done: 'yes' },
    { text: '', done: false },
  ],
  [undefined, { text: '', done: false }],
])('a record %o is read as %o', (record, want) => {
  expect(readTodo(record)).toEqual(want);
});
