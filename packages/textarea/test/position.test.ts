import { describe, expect, test } from 'vitest';
import { apply, type Op, transform } from '../../text/src/transform.ts';
import { Random } from '../../text/test/random.ts';
import { across, moved, points } from '../src/position.ts';

const letters = ['a', 'b', 'c', '😀', '𝄞'];

function write(random: Random, most: number): string {
  return Array.from({ length: random.below(most) }, () => random.of(letters)).join('');
}

function draw(random: Random, length: number, splices: number): Op {
  let now = length;
  return Array.from({ length: splices }, () => {
    const at = random.below(now + 1);
    const n = random.below(Math.min(now - at, 4) + 1);
    const inserted = write(random, 4);
    now += points(inserted) - n;
    return [at, n, inserted] as const;
  });
}

test('points counts code points up to a unit', () => {
  expect(['', 'ab', '😀a𝄞'].map((text) => points(text))).toEqual([0, 2, 3]);
  expect([0, 2, 3, 5].map((units) => points('😀a𝄞', units))).toEqual([0, 1, 2, 3]);
});

describe('a splice across what others did meanwhile', () => {
  test.each([
    ['nothing', [2, 3, 'x'], [], [[2, 3, 'x']]],
    ['in front', [2, 3, 'x'], [[0, 1, 'yy']], [[3, 3, 'x']]],
    ['behind', [2, 3, 'x'], [[6, 1, 'yy']], [[2, 3, 'x']]],
    ['at the same place: it comes first', [2, 0, 'x'], [[2, 0, 'y']], [[2, 0, 'x']]],
    [
      'in what it deletes: that stays',
      [2, 3, 'x'],
      [[3, 0, 'y']],
      [
        [4, 2, ''],
        [2, 1, ''],
        [2, 0, 'x'],
      ],
    ],
    ['a part of what it deletes', [2, 3, 'x'], [[3, 1, '']], [[2, 2, 'x']]],
    ['all around it', [2, 3, 'x'], [[0, 9, '']], [[0, 0, 'x']]],
    ['all that it deletes, and nothing else', [2, 3, ''], [[2, 3, '']], []],
  ] as const)('%s', (_, splice, others, expected) => {
    expect(across(splice, others)).toEqual(expected);
  });

  test('it does what merging does, but for the order of what is inserted at one place', () => {
    for (let seed = 0; seed < 3_000; seed++) {
      const random = new Random(seed);
      const text = 'abcdefghij'.slice(0, random.below(11));
      const others = draw(random, text.length, random.below(5));
      const [splice] = draw(random, text.length, 1) as Op;
      if (splice === undefined) continue;
      const [at, n, inserted] = splice;
      const now = apply(text, others);
      const merged = apply(now, transform([[at, n, inserted.replaceAll(/./gu, 'X')]], others, 'left'));
      const ours = apply(now, across([at, n, inserted.replaceAll(/./gu, 'X')], others));
      expect(ours.replaceAll('X', '')).toBe(merged.replaceAll('X', ''));
      expect(points(ours)).toBe(points(merged));
    }
  });
});

test('a caret stays behind the letter that it is behind', () => {
  for (let seed = 0; seed < 3_000; seed++) {
    const random = new Random(seed);
    const text = 'ABCDEFGHIJ';
    const at = random.below(11);
    const op = draw(random, text.length, 1 + random.below(4));
    const after = [...apply(text, op)];
    const left = [...text.slice(0, at)].filter((letter) => after.includes(letter)).at(-1);
    const right = [...text.slice(at)].find((letter) => after.includes(letter));
    const position = moved(at, op);
    expect(position).toBeGreaterThan(left === undefined ? -1 : after.indexOf(left));
    expect(position).toBeLessThanOrEqual(right === undefined ? after.length : after.indexOf(right));
    if (op.every(([from, n]) => n === 0 && from > at)) expect(position).toBe(at);
  }
});
