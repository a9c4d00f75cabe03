import { describe, expect, test } from 'vitest';
import { type Op, Replica } from '../src/index.ts';
import { clone } from '../src/saved.ts';
import { apply, op, transform, transformPosition } from '../src/transform.ts';
import { Random } from './random.ts';
import { drawOp } from './replicas.ts';

/** Applies two operations in both orders, which must come to the same. */
function bothWays(text: string, a: Op, b: Op): string {
  const one = apply(apply(text, a), transform(b, a, 'right'));
  expect(apply(apply(text, b), transform(a, b, 'left'))).toBe(one);
  return one;
}

describe('TEXT-3, TEXT-4, TEXT-6 two operations on one text', () => {
  const cases: [name: string, text: string, a: Op, b: Op, both: string, transformed: Op][] = [
    ['same position', 'ab', op.insert(1, 'X'), op.insert(1, 'Y'), 'aXYb', op.insert(2, 'Y')],
    [
      'an insertion inside a deletion is kept',
      'abcd',
      op.delete(1, 2),
      op.insert(2, 'X'),
      'aXd',
      op.insert(1, 'X'),
    ],
    [
      'a deletion around an insertion',
      'abcd',
      op.insert(2, 'X'),
      op.delete(1, 2),
      'aXd',
      [
        [1, 1, ''],
        [2, 1, ''],
      ],
    ],
    ['overlapping deletions', 'abcdef', op.delete(1, 3), op.delete(2, 3), 'af', op.delete(1, 1)],
    ['nested deletions', 'abcdef', op.delete(1, 4), op.delete(2, 2), 'af', []],
    ['identical deletions', 'abcdef', op.delete(1, 4), op.delete(1, 4), 'af', []],
    ['against nothing', 'abc', [], op.insert(1, 'X'), 'aXbc', op.insert(1, 'X')],
    ['nothing', 'abc', op.insert(1, 'X'), [], 'aXbc', []],
    ['beyond the basic plane', '😀é', op.insert(1, '漢😀'), op.delete(1, 1), '😀漢😀', op.delete(3, 1)],
    [
      'several splices',
      'abc',
      [
        [0, 0, '12'],
        [1, 0, 'x'],
      ],
      [
        [3, 0, '!'],
        [0, 1, ''],
      ],
      '1x2bc!',
      [
        [6, 0, '!'],
        [3, 1, ''],
      ],
    ],
  ];
  test.each(cases)('%s', (_, text, a, b, both, transformed) => {
    expect(transform(b, a, 'right')).toEqual(transformed);
    expect(bothWays(text, a, b)).toBe(both);
  });
});

test('TEXT-6 transforming is what merging makes of two', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const text = 'abé😀ef';
    const [a, b] = [drawOp(random, 6), drawOp(random, 6)];
    const ann = new Replica('ann');
    ann.insert(0, text);
    const bob = clone(ann, 'bob');
    ann.edit(a);
    bob.edit(b);
    ann.merge(bob.since(ann.version()));
    expect(bothWays(text, a, b), `seed ${seed}`).toBe(ann.toString());
  }
});

test.each<[at: number, op: Op, left: number, right: number]>([
  [3, op.insert(1, 'ab'), 5, 5],
  [3, op.insert(3, 'a😀'), 3, 5],
  [3, op.insert(4, 'ab'), 3, 3],
  [3, op.delete(0, 2), 1, 1],
  [3, op.delete(2, 4), 2, 2],
  [3, [[2, 4, 'ab']], 2, 4],
  [
    3,
    [
      [0, 0, 'x'],
      [4, 0, 'y'],
    ],
    4,
    5,
  ],
])('a position of %j after %j is %j or %j', (at, op, left, right) => {
  expect([transformPosition(at, op, 'left'), transformPosition(at, op, 'right')]).toEqual([left, right]);
});

describe('TEXT-1 what is no operation on a text of 3 is bad_operation', () => {
  const wrong: unknown[] = [
    op.insert(-1, 'x'),
    op.insert(4, 'x'),
    op.delete(0, 4),
    op.delete(-1, 1),
    op.delete(1, -1),
    op.delete(2, Number.MAX_SAFE_INTEGER),
    op.insert(0, '\ud800'),
    op.insert(0.5, 'x'),
    op.insert(Number.NaN, 'x'),
    op.delete(0, Number.POSITIVE_INFINITY),
    [
      [0, 0, 'y'],
      [99, 1, ''],
    ],
    [[0, 0]],
    [[0, 0, 5]],
    [['0', 0, 'x']],
    [null],
    {},
    'x',
  ];
  test.each(wrong)('%j', (op) => {
    const replica = new Replica('ann');
    replica.insert(0, 'abc');
    for (const use of [() => apply('abc', op as Op), () => replica.edit(op as Op)]) {
      expect(use).toThrow(expect.objectContaining({ name: 'TextError', code: 'bad_operation' }));
    }
    expect([replica.toString(), replica.version().ann]).toEqual(['abc', [[0, 3]]]);
  });
});
