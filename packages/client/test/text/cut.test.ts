import { apply, type Op } from '@tutti/text/op';
import { describe, expect, test } from 'vitest';
import { cut } from '../../src/text/cut.ts';
import { Typing } from '../../src/text/typing.ts';

const bytes = (op: Op): number => new TextEncoder().encode(JSON.stringify(op)).length;

describe('TEXT-18 what is too large for one operation', () => {
  test.each([
    ['one splice', [[3, 2, 'x']], 1],
    ['text of all sizes', [[3, 2, 'aé"\n€𝕏'.repeat(400)]], 8],
    ['much that is deleted', [[10, 4000, 'x']], 16],
    ['many splices', Array.from({ length: 2500 }, (_, i) => [i, 0, 'x']), 31],
  ] as [string, Op, number][])('%s', (_, op, parts) => {
    const text = '0123456789'.repeat(500);
    const all = cut(op, 1024);
    expect(all).toHaveLength(parts);
    expect(all.reduce((sum, part) => apply(sum, part), text)).toBe(apply(text, op));
    for (const part of all) {
      expect(bytes(part)).toBeLessThanOrEqual(1024 + 20);
      expect(part.reduce((sum, [, n]) => sum + n, 0)).toBeLessThanOrEqual(512);
    }
  });

  test('a thousand splices are one operation, and no more', () => {
    const op: Op = Array.from({ length: 1500 }, () => [0, 0, 'x']);
    expect(cut(op, 1 << 20).map(({ length }) => length)).toEqual([1000, 500]);
  });
});

describe('typing', () => {
  const insert = (at: number, text: string): Op => [[at, 0, text]];
  const remove = (at: number, n: number): Op => [[at, n, '']];

  test.each([
    ['letter behind letter', [insert(0, 'a'), insert(1, '𝕓'), insert(2, 'c')], true],
    ['backspace', [remove(5, 1), remove(4, 1)], true],
    ['delete', [remove(5, 1), remove(5, 1)], true],
    ['elsewhere', [insert(0, 'a'), insert(5, 'b')], false],
    ['in the other direction', [insert(0, 'a'), remove(0, 1)], false],
    ['a paste', [insert(0, 'a'), insert(1, 'x'.repeat(100))], false],
    ['several splices', [insert(0, 'a'), [...insert(1, 'b'), ...insert(9, 'c')]], false],
  ] as [string, Op[], boolean][])('%s', (_, ops, joined) => {
    const typing = new Typing();
    expect(ops.map((op, i) => typing.goesOn(op, 500 * i))).toEqual([
      false,
      ...ops.slice(1).map(() => joined),
    ]);
  });

  test('ends by a pause, by undo, and follows what others write', () => {
    const typing = new Typing();
    typing.goesOn(insert(3, 'a'), 0);
    expect(typing.goesOn(insert(4, 'b'), 501)).toBe(false);
    typing.moved(insert(0, 'xy'));
    expect(typing.goesOn(insert(7, 'c'), 502)).toBe(true);
    typing.stop();
    expect(typing.goesOn(insert(8, 'd'), 503)).toBe(false);
  });
});
