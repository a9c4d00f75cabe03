import { expect, test } from 'vitest';
import { Coder } from '../src/coder.ts';
import { Random } from './random.ts';
import { bad } from './saved.ts';

test('what is packed is unpacked: numbers of all sizes, likely and unlikely ones', () => {
  const random = new Random(7);
  const values = Array.from({ length: 20_000 }, () => random.below(2 ** 32 - 1) >>> random.below(32));
  const code = (coder: Coder, given: readonly number[]): number[] => {
    return given.flatMap((value) => [
      coder.number(0, value),
      coder.signed(1, value | 0),
      coder.bits(2, 8, value & 255),
    ]);
  };
  const packer = new Coder();
  const packed = code(packer, values);
  const bytes = packer.done();
  expect(packed).toEqual(values.flatMap((value) => [value, value | 0, value & 255]));
  const nothing = values.map(() => 0);
  expect(code(new Coder(bytes), nothing)).toEqual(packed);
  expect(() => code(new Coder(bytes.subarray(0, -10)), nothing)).toThrow(bad);
  const likely = new Coder();
  code(likely, nothing);
  expect(likely.done().length).toBeLessThan(1000);
});
