import { expect, test } from 'vitest';
import { Random } from '../../text/test/random.ts';
import { difference } from '../src/difference.ts';

const letters = ['a', 'b', '\n', '😀', '😁', '𝄞'];

const random = new Random(1);
const below = (n: number): number => random.below(n);
const write = (most: number): string[] => Array.from({ length: below(most) }, () => random.of(letters));

test.each([
  ['typed among equal letters', 'aa|aa', 'aaa|aa', 2, 2, 'a'],
  ['typed in front of an equal one', '|aa', 'a|aa', 0, 0, 'a'],
  ['deleted backwards', 'aaa|a', 'aa|a', 2, 3, ''],
  ['deleted forwards', 'aa|aa', 'aa|a', 2, 3, ''],
  ['a word that was typed over', 'one two| three', 'one too| three', 5, 6, 'o'],
  ['a word that was corrected in front of the caret', 'teh cat|', 'the cat|', 1, 3, 'he'],
  ['a word that was corrected behind the caret', '|teh cat', '|the cat', 1, 3, 'he'],
  ['one emoji for another', 'x😀|y', 'x😁|y', 1, 3, '😁'],
  ['the second of two emoji', '😀😀|', '😀|', 2, 4, ''],
  ['all', 'abc|', '|', 0, 3, ''],
])('%s', (_, before, after, from, to, inserted) => {
  const found = difference(before.replace('|', ''), after.replace('|', ''), after.indexOf('|'));
  expect(found).toEqual({ from, to, inserted });
});

test('what is typed, pasted or deleted is found where it was, whatever stands beside it', () => {
  for (let round = 0; round < 5_000; round++) {
    const text = write(12);
    const [from, n, typed] = [below(text.length + 1), below(3), write(3)];
    const deleted = text.slice(from, from + n);
    if (deleted.join('') === typed.join('')) continue;
    const at = text.slice(0, from).join('');
    const before = text.join('');
    const after = at + typed.join('') + text.slice(from + n).join('');
    const found = difference(before, after, (at + typed.join('')).length);
    expect(before.slice(0, found.from) + found.inserted + before.slice(found.to)).toBe(after);
    // It lies within what was touched, and is no more than that.
    expect(found.from).toBeGreaterThanOrEqual(at.length);
    expect(found.to).toBeLessThanOrEqual((at + deleted.join('')).length);
  }
});

test('any two texts, and any caret: one becomes the other, and no pair is parted', () => {
  for (let round = 0; round < 5_000; round++) {
    const [before, after] = [write(8).join(''), write(8).join('')];
    const { from, to, inserted } = difference(before, after, below(after.length + 1));
    expect(before.slice(0, from) + inserted + before.slice(to)).toBe(after);
    for (const part of [before.slice(0, from), before.slice(from, to), inserted, before.slice(to)])
      expect(part).not.toMatch(/\p{Surrogate}/u);
  }
});

test('a million letters in the middle of a million', () => {
  const half = 'ab'.repeat(250_000);
  const paste = 'ab'.repeat(500_000);
  expect(difference(half + half, half + paste + half, half.length + paste.length)).toEqual({
    from: half.length,
    to: half.length,
    inserted: paste,
  });
});
