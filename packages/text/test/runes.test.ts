import { expect, test } from 'vitest';
import { TextError } from '../src/index.ts';
import { compareRunes, runesOf } from '../src/runes.ts';

test('code points are counted', () => {
  expect(['', 'a', 'é漢', '😀', 'a😀b😀'].map(runesOf)).toEqual([0, 1, 2, 1, 4]);
});

test.each(['\ud800', 'a\ud800', '\udc00', '\ud800a', '\ud800\ud800\udc00', '\udc00\ud800'])(
  'half of a pair is refused: %j',
  (text) => {
    expect(() => runesOf(text)).toThrow(TextError);
  },
);

test('texts are ordered as their UTF-8 is', () => {
  const texts = [
    '',
    'a',
    'aa',
    'ab',
    'b',
    'é',
    '\u{d7ff}',
    '\u{e000}',
    '\u{ffff}',
    '😀',
    '😁',
    '😁a',
    '\u{10ffff}',
  ];
  for (const [i, a] of texts.entries()) {
    for (const [j, b] of texts.entries()) {
      expect(Math.sign(compareRunes(a, b)), `${a}, ${b}`).toBe(Math.sign(i - j));
      expect(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))).toBe(Math.sign(i - j));
    }
  }
});
