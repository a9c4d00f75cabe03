import { expect, test } from 'vitest';
import { write } from '../src/views/past.ts';

test.each([
  ['nothing', [], '[]'],
  [
    'some splices',
    [
      [0, 2, ''],
      [5, 0, 'a"b\n'],
    ],
    '[[0,2,""], [5,0,"a\\"b\\n"]]',
  ],
  ['a long text', [[0, 0, 'x'.repeat(41)]], `[[0,0,"${'x'.repeat(40)}…"]]`],
  ['many splices', Array(10).fill([1, 1, '']), `[${Array(8).fill('[1,1,""]').join(', ')}, … 2 more]`],
] as const)('an operation with %s', (_, op, written) => {
  expect(write(op)).toBe(written);
});
