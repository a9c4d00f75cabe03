import { expect, test } from 'vitest';
import type { Op } from '../src/index.ts';
import { between } from '../src/log.ts';
import { apply } from '../src/transform.ts';
import { Random } from './random.ts';
import { drawOp } from './replicas.ts';

/** How many code points must be deleted and inserted at least, by the table of the longest common subsequence. */
function fewest(before: string, after: string): number {
  const [a, b] = [[...before], [...after]];
  const row = new Array<number>(b.length + 1).fill(0);
  for (const x of a) {
    let diagonal = 0;
    for (const [j, y] of b.entries()) {
      const above = row[j + 1] as number;
      row[j + 1] = x === y ? diagonal + 1 : Math.max(above, row[j] as number);
      diagonal = above;
    }
  }
  return a.length + b.length - 2 * (row[b.length] as number);
}

function events(op: Op): number {
  return op.reduce((sum, [, n, text]) => sum + n + [...text].length, 0);
}

test('between two texts is a shortest operation', () => {
  const alphabet = ['a', 'b', 'é', 'è', '😀', '😁', '\n'];
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const draw = (): string => Array.from({ length: random.below(20) }, () => random.of(alphabet)).join('');
    const before = draw();
    const after = random.below(2) === 0 ? draw() : apply(before, drawOp(random, [...before].length));
    const op = between(before, after);
    expect(apply(before, op), `seed ${seed}`).toBe(after);
    expect(events(op), `seed ${seed}`).toBe(fewest(before, after));
  }
});

test('between texts that differ much is one of lines, or replaces all', () => {
  const random = new Random(1);
  const line = (): string =>
    `${Array.from({ length: 40 }, () => String.fromCharCode(97 + random.below(26))).join('')}\n`;
  const lines = Array.from({ length: 1000 }, line);
  const before = lines.join('');
  const after = lines.map((same, i) => (i % 10 === 0 ? line() : same)).join('');
  const op = between(before, after);
  expect(apply(before, op)).toBe(after);
  expect(op.length).toBeGreaterThanOrEqual(90);
  expect(events(op)).toBeLessThanOrEqual(100 * 82);
  const other = 'xyz'.repeat(100_000);
  expect(between(before, other)).toEqual([[0, before.length, other]]);
  expect(() => between('a\ud83d', 'b')).toThrow(expect.objectContaining({ code: 'bad_operation' }));
});
