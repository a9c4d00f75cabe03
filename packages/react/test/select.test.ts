import { expect, test } from 'vitest';
import { sameMembers } from '../src/select.ts';

test.each<[string, unknown, unknown, boolean]>([
  ['the same numbers', Number.NaN, Number.NaN, true],
  ['other numbers', 0, -0, false],
  ['arrays', [1, 'a'], [1, 'a'], true],
  ['arrays in another order', [1, 2], [2, 1], false],
  ['a longer array', [1], [1, undefined], false],
  ['objects', { a: 1 }, { a: 1 }, true],
  ['an object with another name', { a: undefined }, { b: undefined }, false],
  ['members that are alike', [{}], [{}], false],
  ['an array and an object', [], {}, false],
  ['null and an object', null, {}, false],
  ['maps, whose members are not seen', new Map([['a', 1]]), new Map([['a', 2]]), false],
])('whether members are the same: %s', (_, a, b, same) => {
  expect(sameMembers(a, b)).toBe(same);
});
