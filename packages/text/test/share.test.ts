import { expect, test } from 'vitest';
import { type Entry, Fold, type Op, TextSession } from '../src/log.ts';
import { Desk } from './desk.ts';
import { Random } from './random.ts';

/** A session of a client on a log. */
function sessionOf(client: string, log: readonly Entry[]): TextSession {
  const session = new TextSession(client);
  for (const entry of log) session.receive(entry);
  return session;
}

/** Entries of authors who had seen all before them. */
function logOf(...ops: Op[]): Entry[] {
  return ops.map((op, i) => ({ offset: i + 1, client: 'x', base: i, op }));
}

const abc = logOf([[0, 0, 'abc']]);

test('TEXT-20 in the end all locate the caret of each where it is, and meanwhile within the text', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const desk = new Desk(new Random(seed), false);
    desk.carets = true;
    for (let rounds = 0; rounds < 4; rounds++) {
      desk.work(60);
      desk.rest();
    }
  }
}, 60_000);

test('TEXT-20 in the end it is so past the bars of a long log, and for who comes then', () => {
  const desk = new Desk(new Random(5), false);
  desk.carets = true;
  for (let rounds = 0; rounds < 3; rounds++) {
    desk.work(1600);
    desk.rest();
  }
  expect(desk.fold.bar).toBeGreaterThan(0);
  const late = new TextSession('late');
  late.open(desk.fold.snapshot(), () => false, true);
  for (const { told, caret } of desk.writers) {
    if (told.offset >= desk.fold.bar) expect(late.locate(told)).toBe(caret);
  }
}, 120_000);

test('TEXT-20 a position is told of the text of the log, without what is pending', () => {
  const session = sessionOf('a', abc);
  expect(session.share(2)).toEqual({ offset: 1, at: 2 });
  session.local([[1, 0, 'xyz']]);
  session.local([[4, 2, '']]);
  expect(session.text).toBe('axyz');
  expect(session.share(0)).toEqual({ offset: 1, at: 0 });
  expect(session.share(1)).toEqual({ offset: 1, at: 1 });
  expect(session.share(4)).toEqual({ offset: 1, at: 1, side: 'right' });
});

test('TEXT-20 what others insert at a caret is behind it, what its owner types in front of it', () => {
  const owner = sessionOf('a', abc);
  const other = sessionOf('b', abc);
  let told = owner.share(1);
  owner.receive({ offset: 2, client: 'b', base: 1, op: [[1, 0, 'Bob']] });
  other.receive({ offset: 2, client: 'b', base: 1, op: [[1, 0, 'Bob']] });
  expect([owner.locate(told), other.locate(told), owner.share(1, told)]).toEqual([1, 1, told]);

  const key = owner.local([[1, 0, 'An']]);
  told = owner.share(3, told);
  expect([told, other.locate(told)]).toEqual([{ offset: 2, at: 1, side: 'right' }, 1]);
  owner.local([[3, 0, 'n']], { operation: key });
  expect(owner.share(4, told), 'who types on says nothing more').toBe(told);
  const entry = { offset: 3, client: 'a', base: 2, op: owner.operation(key)?.op as Op };
  owner.receive(entry, key);
  other.receive(entry);
  expect([owner.text, other.locate(told), owner.share(4, told)]).toEqual(['aAnnBobbc', 4, told]);

  // Somebody else types where the owner did: the owner says anew where it is.
  const theirs = { offset: 4, client: 'b', base: 3, op: [[4, 0, '!']] } as const;
  owner.receive(theirs);
  other.receive(theirs);
  expect([owner.locate(told), other.locate(told)]).toEqual([5, 5]);
  told = owner.share(4, told);
  expect([told, other.locate(told)]).toEqual([{ offset: 4, at: 4 }, 4]);
});

test('TEXT-20 who locates it has edits pending too, in front of it and around it', () => {
  const owner = sessionOf('a', abc);
  const told = owner.share(2);
  const other = sessionOf('b', abc);
  other.local([[0, 0, '😀']]);
  expect(other.locate(told)).toBe(3);
  other.local([[2, 2, '']]);
  expect([other.text, other.locate(told)]).toEqual(['😀a', 2]);
  // What is pending is concurrent with what comes.
  other.receive({
    offset: 2,
    client: 'c',
    base: 1,
    op: [
      [0, 0, 'what '],
      [6, 0, '!'],
    ],
  });
  owner.receive({
    offset: 2,
    client: 'c',
    base: 1,
    op: [
      [0, 0, 'what '],
      [6, 0, '!'],
    ],
  });
  expect(owner.text).toBe('what a!bc');
  expect([owner.locate(told), owner.share(8)]).toEqual([8, { offset: 2, at: 8 }]);
  expect(other.text).toMatch(/^(what 😀|😀what )a!$/);
  expect(other.locate(told)).toBe(8);
});

test('TEXT-20 a position of entries that have not come is located when they have', () => {
  const owner = sessionOf('a', logOf([[0, 0, 'abc']], [[0, 0, '> ']]));
  const other = sessionOf('b', abc);
  const told = owner.share(3);
  expect(other.locate(told)).toBeUndefined();
  other.receive({ offset: 2, client: 'x', base: 1, op: [[0, 0, '> ']] });
  expect(other.locate(told)).toBe(3);
});

test('TEXT-20 who opens a snapshot knows what the entries since its bar have done', () => {
  const log = [
    ...abc,
    { offset: 2, client: 'b', base: 1, op: [[3, 0, '!']] },
    {
      offset: 3,
      client: 'c',
      base: 1,
      op: [
        [0, 1, 'A'],
        [3, 0, '?'],
      ],
    },
  ] as Entry[];
  const fold = new Fold();
  for (const entry of log) fold.fold(entry);
  const told = sessionOf('a', abc).share(3);
  const late = new TextSession('late');
  late.open(fold.snapshot(), () => false, true);
  late.local([[0, 0, '__']]);
  expect([late.text, late.locate(told)]).toEqual(['__Abc!?', 5]);
  // Behind a bar it is not known what was before.
  const bar = new TextSession('late');
  bar.open({ text: fold.text, bar: 3, length: fold.length, log: [] }, () => false, true);
  expect(bar.locate(told)).toBeUndefined();
});

test('TEXT-20 what is remembered has bounds, and who has shared before them shares anew', () => {
  const owner = sessionOf('a', abc);
  const told = owner.share(3);
  for (let offset = 2; offset <= 1025; offset++)
    owner.receive({ offset, client: '', base: offset - 1, op: [[0, 0, '.']] });
  expect(owner.locate(told)).toBe(3 + 1024);
  expect(owner.share(1027, told), 'who comes now has not what was before the bar').toEqual({
    offset: 1025,
    at: 1027,
  });
  owner.receive({ offset: 1026, client: '', base: 1025, op: [[0, 0, '.']] });
  expect(owner.locate(told)).toBeUndefined();
});

test.each([
  null,
  undefined,
  'x',
  {},
  { offset: 1 },
  { offset: 1, at: -1 },
  { offset: 1, at: '1' },
  { offset: -1, at: 1 },
  { offset: 1.5, at: 1 },
  { offset: Number.NaN, at: 1 },
])('%j is no position', (told) => {
  expect(sessionOf('a', abc).locate(told as never)).toBeUndefined();
});

test('a position outside of the text is at its end, and cannot be shared', () => {
  const session = sessionOf('a', abc);
  expect(session.locate({ offset: 1, at: 9 })).toBe(3);
  expect(() => session.share(4)).toThrow(expect.objectContaining({ code: 'bad_operation' }));
});
