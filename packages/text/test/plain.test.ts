import { describe, expect, test } from 'vitest';
import { Reader, Writer } from '../src/bytes.ts';
import { readPlain, writePlain } from '../src/plain.ts';
import { bad } from './saved.ts';

function plain(text: string): Uint8Array {
  const out = new Writer();
  writePlain(out, text);
  return out.written;
}

describe('a text is read as it was written', () => {
  const skewed = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(2 ** i)).join('');
  test.each([
    ['nothing', ''],
    ['a letter', 'a'],
    ['one letter often', 'a'.repeat(1000)],
    ['two letters', 'ab'.repeat(5000)],
    ['a byte order mark', '\ufeffx'],
    ['code points of all lengths', 'aé漢😀'],
    ['many of them', 'aé漢😀'.repeat(500)],
    ['letters so rare that their codes would be too long', skewed],
  ])('%s', (_, text) => {
    const bytes = plain(text);
    const reader = new Reader(bytes);
    expect(readPlain(reader) === text).toBe(true);
    expect(reader.left).toBe(0);
  });

  test('and what is frequent is short', () => {
    expect(plain('ab'.repeat(5000)).length).toBe(2 + 1 + 128 + 2 + 1250);
    expect(plain(skewed).length).toBeLessThan(skewed.length / 3);
  });
});

describe('is damaged', () => {
  const text = 'hello world '.repeat(50);
  const bytes = plain(text);
  const read = (change: (bytes: Uint8Array) => void): (() => string) => {
    const changed = bytes.slice();
    change(changed);
    return () => readPlain(new Reader(changed));
  };

  test('what has codes that are too long', () => {
    expect(bytes[2]).toBe(1);
    expect(read(() => {})()).toBe(text);
    expect(read((b) => b.fill(0xdd, 3, 4))).toThrow(bad);
  });
  test('what has more codes than there is room for', () => {
    expect(read((b) => b.fill(0x11, 3, 3 + 128))).toThrow(bad);
  });
  test('what has bits that are no code', () => {
    expect(read((b) => b.fill(0, 3, 3 + 128))).toThrow(bad);
  });
  test('what is longer than its codes', () => {
    expect(read((b) => b.set([0xff, 0x0f]))).toThrow(bad);
  });
  test('what has not all of its codes', () => {
    expect(() => readPlain(new Reader(bytes.subarray(0, -1)))).toThrow(bad);
  });
});
