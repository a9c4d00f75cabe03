import { describe, expect, test } from 'vitest';
import type { Op } from '../src/index.ts';
import { type Entry, Fold, type Snapshot, TextSession } from '../src/log.ts';
import { apply, op } from '../src/transform.ts';
import { Desk } from './desk.ts';
import { Random } from './random.ts';

test('clients that pipeline, are rejected, cut off, open anew, undo and redo show what the naive engine does', {
  timeout: 300_000,
}, () => {
  for (let seed = 0; seed < 200; seed++) {
    const desk = new Desk(new Random(seed), true);
    desk.work(120);
    desk.rest();
  }
});

test('TEXT-8 sessions go on past the bars of a long log', { timeout: 120_000 }, () => {
  const desk = new Desk(new Random(1), false);
  while (desk.fold.bar < 1024) desk.work(100);
  desk.rest();
  for (const { session } of desk.writers) expect(session.snapshot()?.bar).toBe(desk.fold.bar);
});

/** The session of Ann on a text. */
function onText(text: string): TextSession {
  const session = new TextSession('ann');
  session.open({ text, bar: 0, length: [...text].length, log: [] }, () => false, false);
  return session;
}

test('an own operation is pending from local until its entry comes', () => {
  const session = onText('a😀c');
  const key = session.local(op.insert(3, 'd'));
  session.local(op.insert(4, 'e'), { operation: key });
  expect(session.local([[1, 0, '']])).toBe(0);
  const pending = [{ key, base: 0, op: op.insert(3, 'de'), acknowledged: false }];
  expect([session.text, session.length, session.pending]).toEqual(['a😀cde', 5, pending]);
  expect([session.toUnits(2), session.toPosition(3), session.slice(1, 3)]).toEqual([3, 2, '😀c']);
  session.acknowledge(key);
  expect(session.pending[0]?.acknowledged).toBe(true);
  expect(session.receive({ offset: 1, client: 'bob', base: 0, op: op.delete(0, 1) }).op).toEqual([
    [0, 1, ''],
  ]);
  expect(session.receive({ offset: 2, client: 'ann', base: 0, op: op.insert(3, 'de') }, key)).toEqual({
    op: [],
    confirmed: key,
    rebased: false,
  });
  expect([session.text, session.pending, session.offset]).toEqual(['😀cde', [], 2]);
});

test('what was told of a pending operation does not change when it grows', () => {
  const session = onText('');
  const key = session.local(op.insert(0, 'a'));
  session.local(op.insert(1, 'b'), { operation: key });
  const told = session.pending;
  session.local(op.insert(2, 'c'), { operation: key });
  expect([told[0]?.op, session.pending[0]?.op]).toEqual([op.insert(0, 'ab'), op.insert(0, 'abc')]);
});

test('what was backspaced is whole again if it is rejected, also if it has stayed when others were', () => {
  const session = onText('abc');
  const key = session.local(op.delete(2, 1));
  session.local(op.delete(1, 1), { operation: key });
  session.reject(session.local(op.insert(0, 'x')));
  expect([session.text, session.pending.length]).toEqual(['a', 1]);
  expect(session.reject(key).op).toEqual(op.insert(1, 'bc'));
  expect([session.text, session.pending, session.canUndo]).toEqual(['abc', [], true]);
  expect([session.undo(), session.canUndo]).toEqual([{ keys: [], op: [] }, false]);
});

test('an entry that is not what is pending counts as the log has it, and the rest follows it', () => {
  const session = onText('');
  const keys = ['a', 'b', 'c'].map((letter, i) => session.local(op.insert(i, letter)));
  const entry = { offset: 1, client: 'ann', base: 0, op: op.insert(0, 'X') };
  const { op: change, confirmed, rebased } = session.receive(entry, keys[2]);
  expect([confirmed, rebased]).toEqual([keys[2], true]);
  expect(session.pending.map(({ base }) => base)).toEqual([1, 1]);
  expect(apply('abc', change)).toBe(session.text);
});

test('undo takes back what was joined at once, and nobody else, and redo makes it again', () => {
  const session = onText('');
  session.local(op.insert(0, 'one'));
  session.local(op.insert(3, ' two'));
  session.local(op.insert(7, '!'), { step: true });
  session.receive({ offset: 1, client: 'bob', base: 0, op: op.insert(0, 'Bob: ') });
  const before = session.text;
  const { keys, op: undone } = session.undo();
  expect([keys.length, session.canUndo, session.canRedo]).toEqual([1, true, true]);
  expect(apply(before, undone)).toBe(session.text);
  expect([session.text.includes('one'), session.text.includes('two'), session.text.includes('Bob')]).toEqual([
    true,
    false,
    true,
  ]);
  session.redo();
  expect([session.text, session.canRedo]).toEqual([before, false]);
});

test('a snapshot says an operation with fewer splices than its author did, and it is his all the same', () => {
  const session = new TextSession('ann');
  const made: Op = [
    [0, 0, 'abc'],
    [3, 0, 'def'],
    [2, 1, ''],
    [1, 1, ''],
  ];
  const [one, two] = [session.local(made), session.local(op.delete(1, 2))];
  const fold = new Fold();
  fold.fold({ offset: 1, client: 'ann', base: 0, op: made });
  const { op: change } = session.open(fold.snapshot(), (key) => key === one, true);
  expect([session.text, change]).toEqual(['af', []]);
  expect(session.pending).toEqual([{ key: two, base: 0, op: op.delete(1, 2), acknowledged: false }]);
});

test('what is pending is of another client once it is known who that is', () => {
  const session = new TextSession();
  const key = session.local(op.insert(0, 'hi'));
  session.identify('ann');
  expect([session.client, session.text, session.pending.length]).toEqual(['ann', 'hi', 1]);
  const entry = { offset: 1, client: 'ann', base: 0, op: op.insert(0, 'hi') };
  expect(session.receive(entry, key).confirmed).toBe(key);
});

test('a session that has not seen a snapshot keeps what is pending at its place in the text', () => {
  const session = onText('hello world');
  const [one, two] = [session.local(op.insert(5, ',')), session.local(op.insert(12, '!'))];
  const snapshot = { text: 'oh hello, old world', bar: 9000, length: 19, log: [] };
  const before = session.text;
  const { op: change, rebased } = session.open(snapshot, (key) => key === one, false);
  expect([session.text, session.offset, rebased]).toEqual(['oh hello, old world!', 9000, true]);
  expect(apply(before, change)).toBe(session.text);
  expect(session.pending).toEqual([{ key: two, base: 9000, op: op.insert(19, '!'), acknowledged: false }]);
});

test('TEXT-19 what has changed places counts as deleted in one and inserted in another', () => {
  const session = onText('nabcd');
  for (const edit of [op.insert(2, '!'), op.delete(1, 1), op.delete(2, 1)]) session.local(edit);
  const before = session.text;
  const snapshot = { text: 'nbcda', bar: 2, length: 5, log: [] };
  const { op: change, rebased } = session.open(snapshot, () => false, true);
  expect([session.text, apply(before, change), rebased]).toEqual(['n!cda', 'n!cda', true]);
  const pending = [op.insert(1, '!'), [], op.delete(2, 1)];
  expect(session.pending.map(({ base, op }) => [base, op])).toEqual(pending.map((op) => [2, op]));
});

test('TEXT-19 what a snapshot holds without effect does not keep the session from going on by the log', () => {
  const log: Entry[] = [
    { offset: 1, client: 'bob', base: 0, op: op.insert(0, 'abcd') },
    { offset: 2, client: 'bob', base: 1, op: op.delete(0, 1) },
    { offset: 3, client: 'ann', base: 2, op: [] },
    {
      offset: 4,
      client: 'bob',
      base: 3,
      op: [
        [0, 0, 'cd'],
        [3, 2, ''],
      ],
    },
  ];
  const fold = new Fold();
  for (const entry of log) fold.fold(entry);
  const session = new TextSession('ann');
  session.receive(log[0] as Entry);
  const first = session.local(op.delete(0, 1));
  session.receive(log[1] as Entry);
  session.rebase(first);
  const second = session.local(op.delete(0, 1));
  session.open(fold.snapshot(), (key) => key === first, true);
  const pending = [{ key: second, base: 2, op: op.delete(0, 1), acknowledged: false }];
  expect([session.text, session.pending]).toEqual(['cd', pending]);
});

describe('what cannot be folded has no effect, and the session goes on', () => {
  const wrong: [name: string, base: number, op: unknown][] = [
    ['behind the end', 0, op.insert(9, 'x')],
    ['of the future', 1, op.insert(0, 'x')],
    ['no operation', 0, null],
    ['no splice', 0, [5]],
    ['half a surrogate pair', 0, op.insert(0, '\ud83d')],
  ];
  test.each(wrong)('%s', (_, base, change) => {
    const session = onText('abc');
    const key = session.local(op.insert(3, 'd'));
    const entry = { offset: 1, client: 'bob', base, op: change as Op };
    expect(session.receive(entry)).toMatchObject({ op: [], confirmed: 0, error: { name: 'TextError' } });
    expect([session.text, session.offset, session.pending.length]).toEqual(['abcd', 1, 1]);
    const mine = { offset: 2, client: 'ann', base: 2 * base, op: change as Op };
    expect(session.receive(mine, key)).toMatchObject({ confirmed: key, error: { name: 'TextError' } });
    expect([session.text, session.offset, session.pending]).toEqual(['abc', 2, []]);
  });

  test('a gap, a position outside the text and no snapshot are errors', () => {
    const session = onText('abc');
    const fails = (code: string) => expect.objectContaining({ name: 'TextError', code });
    const entry = { offset: 2, client: 'bob', base: 0, op: op.insert(0, 'x') };
    expect(() => session.receive(entry)).toThrow(fails('bad_operation'));
    expect(() => session.local(op.insert(4, 'x'))).toThrow(fails('bad_operation'));
    expect(() => session.toUnits(4)).toThrow(fails('bad_operation'));
    const none = { text: 'abc', bar: 0, length: 2, log: [] } as Snapshot;
    expect(() => session.open(none, () => false, true)).toThrow(fails('bad_update'));
    expect([session.text, session.offset, session.pending]).toEqual(['abc', 0, []]);
  });
});

test('what is made before its client is known stays where it shows beside entries of no client', () => {
  const session = new TextSession();
  session.local(op.insert(0, 'b'));
  session.receive({ offset: 1, client: '', base: 0, op: op.insert(0, 'a') });
  session.reject(session.local(op.insert(2, '!'))); // what is before it is put into another history
  session.identify('ann');
  const shown = session.text;
  const fold = new Fold('a', 1);
  for (const { base, op } of session.pending) fold.fold({ offset: 2, client: 'ann', base, op });
  expect(fold.text).toBe(shown);
});
