import { describe, expect, test } from 'vitest';
import type { Op, TextErrorCode } from '../src/index.ts';
import { type Entry, excise, Fold } from '../src/log.ts';
import { apply, op } from '../src/transform.ts';
import { range } from './desk.ts';
import { Naive } from './naive.ts';
import { Random } from './random.ts';
import { addOp, drawOp } from './replicas.ts';

test('TEXT-7, TEXT-8 a fold is what the naive engine makes of a log: of clients that are behind, that pipeline, that have none, that saw a sibling', {
  timeout: 120_000,
}, () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const naive = new Naive();
    let fold = new Fold();
    const ends = [0]; // events up to each entry
    const own = new Map<string, number[]>(); // the events of each client
    for (let offset = 1; offset <= 40; offset++) {
      const client = random.of(['', 'ann', 'bob', 'cyd']);
      const base = random.below(2) === 0 ? offset - 1 : fold.bar + random.below(offset - fold.bar);
      const past = range(0, ends[base] as number);
      const entry: Entry = { offset, client, base, op: [] };
      if (random.below(8) === 0 && base + 1 < offset) {
        const seen = base + 1 + random.below(offset - base - 1);
        entry.after = [seen];
        past.push(...range(ends[seen - 1] as number, ends[seen] as number));
      }
      const mine = own.get(client) ?? [];
      if (client !== '') past.push(...mine);
      entry.op = drawOp(random, [...naive.at(past)].length);
      const start = naive.events.length;
      addOp(naive, client, mine.length, past, entry.op);
      own.set(client, [...mine, ...range(start, naive.events.length)]);
      ends.push(naive.events.length);

      const before = fold.text;
      const effect = fold.fold(entry);
      expect(fold.text, `seed ${seed}, entry ${offset}`).toBe(naive.toString());
      expect(apply(before, effect)).toBe(fold.text);
      expect([fold.offset, fold.length]).toEqual([offset, [...fold.text].length]);
      const nothing = entry.op.every(([, n, text]) => n === 0 && text === '');
      if (base === offset - 1) expect(effect).toEqual(nothing ? [] : entry.op);
      if (random.below(10) === 0) {
        const { held } = fold;
        fold = Fold.load(JSON.parse(JSON.stringify(fold.snapshot())));
        expect([fold.offset, fold.text, fold.held]).toEqual([offset, naive.toString(), held]);
      }
      if (random.below(15) === 0) {
        fold = new Fold(fold.text, offset); // as at a bar
        expect([fold.bar, fold.offset, fold.held]).toEqual([offset, offset, { entries: 0, events: 0 }]);
      }
    }
  }
});

describe('TEXT-7, TEXT-8 an entry that cannot be folded has no effect', () => {
  const fold = new Fold('hello', 10);
  fold.fold({ offset: 11, base: 10, client: 'ann', op: op.insert(5, '!') });
  const x = op.insert(0, 'x');
  test.each<[name: string, entry: Entry, code: TextErrorCode]>([
    ['of before the bar', { offset: 12, base: 9, client: '', op: x }, 'rebase_required'],
    ['after a gap', { offset: 13, base: 11, client: '', op: x }, 'bad_operation'],
    ['that saw itself', { offset: 12, base: 12, client: '', op: x }, 'bad_operation'],
    ['behind the end', { offset: 12, base: 11, client: '', op: op.insert(7, 'x') }, 'bad_operation'],
    [
      'behind what its author saw',
      { offset: 12, base: 10, client: 'bob', op: op.insert(6, 'x') },
      'bad_operation',
    ],
    ['after itself', { offset: 12, base: 10, client: '', after: [12], op: x }, 'bad_operation'],
    ['after what the bar has', { offset: 12, base: 10, client: '', after: [9], op: x }, 'bad_operation'],
    ['between two', { offset: 12, base: 10.5, client: '', op: x }, 'bad_operation'],
    ['of no base', { offset: 12, base: Number.NaN, client: '', op: x }, 'bad_operation'],
  ])('%s', (_, entry, code) => {
    expect(() => fold.fold(entry)).toThrow(expect.objectContaining({ name: 'TextError', code }));
    expect([fold.text, fold.offset, fold.held]).toEqual(['hello!', 11, { entries: 1, events: 1 }]);
  });

  test('but one sees what its own client did, and what was skipped is nothing', () => {
    fold.skip();
    expect(fold.fold({ offset: 13, base: 10, client: 'ann', after: [12], op: op.insert(6, '?') })).toEqual(
      op.insert(6, '?'),
    );
    expect([fold.text, fold.offset]).toEqual(['hello!?', 13]);
  });
});

test('TEXT-8 a bar comes where the newest entry saw all and enough is behind the last, and is forced where none does', () => {
  const fold = new Fold();
  let base = 0;
  const next = (client: string, seen: number) =>
    fold.fold({ offset: fold.offset + 1, client, base: seen, op: op.insert(0, 'a') });
  while (fold.offset < 511) next('ann', fold.offset);
  expect(fold.bar).toBe(0);
  fold.skip();
  expect([fold.bar, fold.offset]).toEqual([0, 512]); // what has no effect saw nothing
  next('ann', 512);
  expect([fold.bar, fold.held]).toEqual([513, { entries: 0, events: 0 }]);
  base = fold.bar;
  while (fold.bar === base) next(fold.offset < base + 500 ? 'ann' : 'bob', base); // who does not see ann's
  expect(fold.bar - base).toBe(4096);
  base = fold.bar;
  fold.fold({ offset: base + 1, client: 'ann', base, op: op.insert(0, 'a'.repeat(1 << 16)) });
  expect(fold.bar).toBe(base + 1);
  expect(() => next('bob', base)).toThrow(expect.objectContaining({ code: 'rebase_required' }));
  fold.skipTo(20_000);
  expect([fold.offset, fold.held.entries < 4096]).toEqual([20_000, true]);
});

test('TEXT-12 a fold bounds what an entry makes of the text, and what it moves', () => {
  const fold = new Fold('hello', 0, { length: 8, splices: 2, moves: 3 });
  const check = (entry: Entry, code: TextErrorCode | '', text: string, moved: number) => {
    if (code === '') fold.fold(entry);
    else expect(() => fold.fold(entry)).toThrow(expect.objectContaining({ code }));
    expect([fold.text, fold.moved]).toEqual([text, moved]);
  };
  const ann = (offset: number, change: Op): Entry => ({ offset, client: 'ann', base: 0, op: change });
  const bob = (offset: number, base: number, change: Op): Entry => ({
    offset,
    client: 'bob',
    base,
    op: change,
  });
  const three: Op = [...op.insert(0, 'a'), ...op.insert(0, 'b'), ...op.insert(0, 'c')];
  check(ann(1, three), 'limit_exceeded', 'hello', 0);
  check(ann(1, op.insert(5, '1234')), 'limit_exceeded', 'hello', 0);
  check(ann(1, op.insert(5, '12')), '', 'hello12', 0);
  check(bob(2, 0, op.insert(0, 'ab')), 'limit_exceeded', 'hello12', 2);
  check(bob(2, 0, op.insert(0, 'a')), '', 'ahello12', 0);
  check(ann(3, op.delete(0, 1)), '', 'aello12', 3);
  check(bob(4, 0, op.delete(0, 1)), 'rebase_required', 'aello12', 4);
  check(bob(4, 2, op.delete(0, 1)), '', 'ello12', 2);
});

describe('what is no snapshot is bad_update', () => {
  const entry = { client: 'ann', base: 10, op: op.insert(5, '!') };
  const whole = { text: 'hello!', bar: 10, length: 5, log: [entry] };
  const wrong: [name: string, change: object | null][] = [
    ['nothing', null],
    ['another length', { length: 6 }],
    ['a negative length', { length: -1 }],
    ['no text', { text: undefined }],
    ['half a surrogate pair', { text: 'hello\ud83d' }],
    ['no bar', { bar: '10' }],
    ['half a bar', { bar: 10.5 }],
    ['no log', { log: {} }],
    ['a number in the log', { log: [5] }],
    ['nothing in the log', { log: [undefined] }],
    ['another base', { log: [{ ...entry, base: 9 }] }],
    ['no base', { log: [{ ...entry, base: undefined }] }],
    ['another position', { log: [{ ...entry, op: op.insert(6, '!') }] }],
    ['no operation', { log: [{ ...entry, op: [[5, 0]] }] }],
    ['no client', { log: [{ ...entry, client: 5 }] }],
    ['what is not there before it', { log: [{ ...entry, after: [11] }] }],
    ['nothing before it', { log: [{ ...entry, after: 5 }] }],
  ];
  test.each(wrong)('%s', (_, change) => {
    const snapshot = change === null ? change : { ...whole, ...change };
    expect(() => Fold.load(snapshot as never)).toThrow(expect.objectContaining({ code: 'bad_update' }));
  });

  test('but this is one', () => {
    const fold = Fold.load(whole, { length: 6 });
    expect([fold.text, fold.offset, fold.bar, fold.snapshot()]).toEqual(['hello!', 11, 10, whole]);
    const long = { offset: 12, client: '', base: 11, op: op.insert(0, 'x') };
    expect(() => fold.fold(long)).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
  });
});

test('TEXT-8 a snapshot of a log that was dear to fold can always be read', { timeout: 60_000 }, () => {
  const fold = new Fold();
  const add = (client: string, base: number, change: Op): void =>
    void fold.fold({ offset: fold.offset + 1, client, base, op: change });
  add('ann', 0, op.insert(0, 'a'.repeat(4000)));
  for (let i = 0; i < 900; i++) add(`bob${i}`, 1, op.insert(4 * i + 2, 'b')); // the run in pieces
  for (let i = 0; i < 1200; i++) add(`cleo${i}`, i % 2, op.insert(0, 'c')); // each moves all of them
  expect(fold.bar).toBe(0);
  const loaded = Fold.load(fold.snapshot());
  expect(loaded.text === fold.text).toBe(true);
});

test('TEXT-9 what is left of operations without one of them is what the naive engine has without its events', () => {
  for (let seed = 0; seed < 1500; seed++) {
    const random = new Random(seed);
    const base = 'hello😀';
    const naive = new Naive();
    addOp(naive, 'base', 0, [], op.insert(0, base));
    let text = base;
    const ops: Op[] = [];
    const ends = [6];
    for (let n = 1 + random.below(6); n > 0; n--) {
      const next = drawOp(random, [...text].length);
      text = apply(text, next);
      addOp(naive, 'ann', naive.events.length, range(0, naive.events.length), next);
      ops.push(next);
      ends.push(naive.events.length);
    }
    const gone = random.below(ops.length);
    const rest = excise(ops, gone, 6);
    expect(rest.slice(0, gone)).toEqual(ops.slice(0, gone));
    expect(rest).toHaveLength(ops.length);
    text = base;
    for (const [i, next] of rest.entries()) {
      text = apply(text, next);
      const want = naive.without(ends[gone] as number, ends[gone + 1] as number, ends[i + 1] as number);
      if (i !== gone) expect(text, `seed ${seed}, after ${i}`).toBe(want);
    }
    expect(rest[gone]).toEqual([]);
  }
});

test('TEXT-9 a greeting without its first word', () => {
  const pending = [op.insert(0, 'Dear '), op.insert(5, 'Bob, '), op.delete(0, 5)];
  expect(excise(pending, 0, 5)).toEqual([[], op.insert(0, 'Bob, '), []]);
  expect(excise(pending, 3, 5)).toEqual(pending);
  expect(() => excise([op.insert(6, 'x')], 0, 5)).toThrow(expect.objectContaining({ code: 'bad_operation' }));
});
