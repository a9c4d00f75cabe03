import { describe, expect, test } from 'vitest';
import { addTo, addToNaive, Document, drawHistory, type Txn, vectors } from './histories.ts';
import { Naive } from './naive.ts';
import { Random } from './random.ts';

const histories = vectors();

describe.skipIf(histories.length === 0)('the shared vectors', () => {
  test.each(histories.map((history, i) => ({ i, ...history })))('history $i', ({ txns, endContent }) => {
    const naive = new Naive();
    const whole = new Document();
    const steps = new Document();
    for (const txn of txns) {
      addToNaive(naive, txn);
      addTo(whole.history, txn);
      addTo(steps.history, txn);
      steps.fold();
    }
    whole.fold();
    expect(naive.toString()).toBe(endContent);
    expect(whole.text.toString()).toBe(endContent);
    expect(steps.text.toString()).toBe(endContent);
  });
});

test('random histories come to what the naive engine says: whole, step by step, and in parts', {
  timeout: 120_000,
}, () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const naive = new Naive();
    const whole = new Document();
    const steps = new Document();
    const parts = new Document();
    const length = 5 + random.below(40);
    const cuts = new Random(~seed);
    drawHistory(random, length, (txn) => {
      addToNaive(naive, txn);
      addTo(whole.history, txn);
      addTo(steps.history, txn);
      steps.fold();
      addTo(parts.history, txn);
      if (cuts.below(5) === 0) parts.fold();
      if (steps.text.toString() !== naive.toString()) {
        expect(steps.text.toString(), `seed ${seed}, step by step`).toBe(naive.toString());
      }
    });
    whole.fold();
    parts.fold();
    expect(whole.text.toString(), `seed ${seed}, whole`).toBe(naive.toString());
    expect(parts.text.toString(), `seed ${seed}, in parts`).toBe(naive.toString());
  }
});

describe('an event that its author had no place for is refused', () => {
  const base = { span: [0, 3], parents: [], agent: 'a', seqStart: 0, ops: [[0, 0, 'abc']] } satisfies Txn;
  const beside = { span: [3, 4], parents: [1], agent: 'b', seqStart: 0, ops: [[0, 0, 'x']] } satisfies Txn;
  test.each<[string, Txn[]]>([
    ['inserted behind the end', [{ ...base, span: [3, 4], parents: [2], seqStart: 3, ops: [[4, 0, 'y']] }]],
    ['deleted behind the end', [{ ...base, span: [3, 5], parents: [2], seqStart: 3, ops: [[2, 2, '']] }]],
    ['inserted into less than all', [{ ...beside, ops: [[3, 0, 'y']] }]],
    ['deleted of less than all', [{ ...beside, ops: [[2, 1, '']] }]],
    ['deleted of nothing', [{ ...beside, parents: [], ops: [[0, 1, '']] }]],
    [
      'inserted behind what was deleted beside',
      [
        beside,
        {
          ...beside,
          span: [4, 6],
          seqStart: 1,
          ops: [
            [0, 1, ''],
            [2, 0, 'y'],
          ],
        },
      ],
    ],
  ])('%s', (_, txns) => {
    const document = new Document();
    for (const txn of [base, ...txns]) addTo(document.history, txn);
    expect(() => document.fold()).toThrow(expect.objectContaining({ name: 'TextError', code: 'bad_update' }));
  });

  test('but at the end it is not', () => {
    const document = new Document();
    for (const txn of [base, { ...beside, ops: [[2, 0, 'y']] } satisfies Txn]) addTo(document.history, txn);
    document.fold();
    expect(document.text.toString()).toBe('abcy');
  });
});

test('a history has bounds', () => {
  const { history } = new Document();
  history.graph.add(0, []);
  expect(() => history.remove(0, 2 ** 30 + 1)).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
  expect(() => history.insert(2 ** 29 + 1, 'x', 1)).toThrow(
    expect.objectContaining({ code: 'limit_exceeded' }),
  );
  expect(history.end).toBe(0);
});
