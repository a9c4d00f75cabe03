import { describe, expect, test } from 'vitest';
import { Reader, Writer } from '../src/bytes.ts';
import { crc32, seal, unseal } from '../src/crc.ts';

const bad = expect.objectContaining({ name: 'TextError', code: 'bad_update' });
const reader = (...bytes: number[]) => new Reader(Uint8Array.from(bytes));

describe('what was written is read', () => {
  test('numbers', () => {
    const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
    const out = new Writer();
    for (const n of numbers) out.number(n);
    for (const n of numbers) if (n < 2 ** 31) out.signed(n);
    for (const n of numbers) if (n <= 2 ** 31) out.signed(-n);
    const back = new Reader(out.written);
    for (const n of numbers) expect(back.number(n)).toBe(n);
    for (const n of numbers) if (n < 2 ** 31) expect(back.signed()).toBe(n);
    for (const n of numbers) if (n <= 2 ** 31) expect(back.signed() + n).toBe(0);
    expect(back.left).toBe(0);
  });

  test('texts', () => {
    const texts = ['', 'plain', '\ufeffé漢😀', 'x'.repeat(1000)];
    const out = new Writer();
    for (const text of texts) out.text(text);
    const back = new Reader(out.written);
    for (const text of texts) expect(back.text(Buffer.byteLength(text))).toBe(text);
    expect(back.left).toBe(0);
  });
});

test('varints are as Go writes them, and reads them', () => {
  const out = new Writer();
  out.number(300);
  out.signed(-2);
  out.signed(2);
  expect([...out.written]).toEqual([0xac, 2, 3, 4]);
  expect(reader(0x81, 0x80, 0).number(1)).toBe(1);
});

test.each<[string, () => unknown]>([
  ['a number that has no end', () => reader(0x80, 0x80).number(9)],
  ['a number that is too large', () => reader(10).number(9)],
  ['a number of more than 64 bits', () => reader(...Array(10).fill(0x80), 0).number(9)],
  ['a signed number of more than 32 bits', () => reader(0x80, 0x80, 0x80, 0x80, 0x10).signed()],
  ['more bytes than there are', () => reader(1).bytes(2)],
  ['half of a code point', () => reader(0xc3).text(1)],
  ['half of a surrogate pair', () => reader(0xed, 0xa0, 0x80).text(3)],
])('%s is damaged', (_, read) => {
  expect(read).toThrow(bad);
});

describe('a seal', () => {
  const out = new Writer();
  out.text('tst\x01123456789');
  const sealed = seal(out);

  test('has the check value of the CRC-32', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  test('holds, also of a part of a buffer', () => {
    const part = Uint8Array.from([9, 9, 9, ...sealed, 9]).subarray(3, sealed.length + 3);
    expect(unseal(part, 'tst\x01', 'test').text(9)).toBe('123456789');
  });

  test('is broken by any flipped bit, and by any cut', () => {
    for (let i = 0; i < 8 * sealed.length; i++) {
      const flipped = sealed.slice();
      flipped[i >> 3] = (flipped[i >> 3] as number) ^ (1 << (i & 7));
      expect(() => unseal(flipped, 'tst\x01', 'test')).toThrow(bad);
    }
    for (let n = 0; n < sealed.length; n++) {
      expect(() => unseal(sealed.subarray(0, n), 'tst\x01', 'test')).toThrow(bad);
    }
  });

  test('tells another version', () => {
    expect(() => unseal(sealed, 'tst\x02', 'test')).toThrow('The test was written by another version.');
    expect(() => unseal(sealed, 'txs\x01', 'test')).toThrow('It is no test.');
  });
});
