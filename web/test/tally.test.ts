import { describe, expect, test } from 'vitest';
import { Tally } from '../src/tally.ts';

const count = (numbers: number[]) => {
  const tally = new Tally();
  for (const n of numbers) tally.take('a', n);
  return tally.counts;
};

describe('Tally', () => {
  test.each([
    ['nothing', [], { received: 0, missed: 0, doubled: 0 }],
    ['joined in the middle', [7, 8, 9], { received: 3, missed: 0, doubled: 0 }],
    ['a hole', [1, 2, 5, 6], { received: 4, missed: 2, doubled: 0 }],
    ['a repeat', [1, 2, 2, 3], { received: 4, missed: 0, doubled: 1 }],
    ['a whole tail again', [1, 2, 3, 2, 3, 4], { received: 6, missed: 0, doubled: 2 }],
    ['two swapped', [1, 3, 2, 4], { received: 4, missed: 1, doubled: 1 }],
  ])('%s', (_, numbers, want) => {
    expect(count(numbers)).toEqual(want);
  });

  test('sequences are counted apart', () => {
    const tally = new Tally();
    tally.take('a', 1);
    tally.take('b', 1);
    tally.take('a', 2);
    tally.take('b', 3);
    expect(tally.counts).toEqual({ received: 4, missed: 1, doubled: 0 });
  });

  test('what its author took back is not missed', () => {
    const tally = new Tally();
    tally.take('a', 1);
    tally.take('a', 4, 2);
    expect(tally.counts.missed).toBe(0);
  });

  test('a sequence that starts anew is counted from there', () => {
    const tally = new Tally();
    tally.take('a', 9);
    tally.restart('a', 0);
    tally.take('a', 1);
    tally.take('a', 3);
    expect(tally.counts).toEqual({ received: 3, missed: 1, doubled: 0 });
  });
});
