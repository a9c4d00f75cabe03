import { describe, expect, test } from 'vitest';
import { addTo, addToNaive, Document, drawHistory, vectors } from './histories.ts';
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
