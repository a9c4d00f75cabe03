import { describe, expect, test } from 'vitest';
import { Rope } from '../src/rope.ts';
import { runesOf } from '../src/runes.ts';
import { Random } from './random.ts';

const letters = [...'ab\n é漢😀'];

function words(random: Random, n: number): string {
  let text = '';
  for (let i = 0; i < n; i++) text += random.of(letters);
  return text;
}

/** Some changes of a text of code points, and the same of a rope. */
class Twin {
  readonly runes: string[];
  readonly rope: Rope;

  constructor(text: string) {
    this.runes = [...text];
    this.rope = new Rope(text);
  }

  insert(at: number, text: string): void {
    this.rope.insert(at, text, runesOf(text));
    this.runes.splice(at, 0, ...text);
  }

  remove(at: number, n: number): void {
    this.rope.remove(at, n);
    this.runes.splice(at, n);
  }
}

describe('a rope is an array of code points, under many changes', () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))('seed %i', (seed) => {
    const random = new Random(seed);
    const twin = new Twin(words(random, [0, 3, 5000][seed % 3] as number));
    for (let step = 0; step < 1500; step++) {
      const { length } = twin.runes;
      const at = random.below(20) === 0 ? random.of([0, length]) : random.below(length + 1);
      if (random.below(5) < 3 || step % 500 < 50) {
        twin.insert(at, words(random, random.below(40) === 0 ? random.below(3000) : 1 + random.below(6)));
      } else {
        const n = Math.min(length - at, random.below(20));
        twin.remove(at, random.below(50) === 0 ? random.below(length - at + 1) : n);
      }
      if (step % 50 > 0) continue;
      const { rope, runes } = twin;
      const text = runes.join('');
      expect(rope.toString() === text, `the text at step ${step}`).toBe(true);
      expect([rope.runes, rope.units]).toEqual([runes.length, text.length]);
      const from = random.below(runes.length + 1);
      const to = from + random.below(runes.length - from + 1);
      expect(rope.slice(from, to)).toBe(runes.slice(from, to).join(''));
      const units = runes.slice(0, from).join('').length;
      expect(rope.toUnits(from)).toBe(units);
      expect(rope.toRunes(units)).toBe(from);
      if (runes[from] === '😀') expect(rope.toRunes(units + 1)).toBe(from);
    }
    twin.remove(0, twin.runes.length);
    expect(twin.rope.toString()).toBe('');
    twin.insert(0, 'anew');
    expect(twin.rope.toString()).toBe('anew');
  });
});

test('typing and going back at one place', () => {
  const twin = new Twin('x'.repeat(3000));
  for (let i = 0; i < 2000; i++) {
    twin.insert(1500 + i, '😀');
    if (i % 3 === 0) {
      twin.remove(1500 + i, 1);
      twin.insert(1500 + i, 'é');
    }
  }
  for (let i = 1999; i >= 0; i--) twin.remove(1500 + i, 1);
  expect(twin.rope.toString()).toBe(twin.runes.join(''));
  expect([twin.rope.runes, twin.rope.units]).toEqual([3000, 3000]);
});

test('what is not in the text is refused, and changes nothing', () => {
  const rope = new Rope('a😀b');
  for (const wrong of [
    () => rope.insert(4, 'x', 1),
    () => rope.insert(-1, 'x', 1),
    () => rope.remove(2, 2),
    () => rope.remove(-1, 1),
    () => rope.remove(1, -1),
    () => rope.slice(2, 1),
    () => rope.slice(0, 4),
    () => rope.toUnits(4),
    () => rope.toRunes(5),
  ]) {
    expect(wrong).toThrow(RangeError);
  }
  expect([rope.toString(), rope.runes, rope.units]).toEqual(['a😀b', 3, 4]);
});
