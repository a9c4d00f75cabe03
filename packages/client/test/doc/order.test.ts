import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { between, comparePlaces, isIndex } from '../../src/doc/order.ts';
import { seeded } from '../world.ts';

interface Vector {
  after: string;
  before: string;
  random: number;
  /** Null: it is refused. */
  between: string | null;
}

function answer({ after, before, random }: Vector): Vector {
  try {
    return { after, before, random, between: between(after, before, () => random) };
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad_operation' });
    return { after, before, random, between: null };
  }
}

test('RECORDS-11 the vectors', () => {
  const vectors: Vector[] = JSON.parse(
    readFileSync(new URL('../../../../conformance/order.json', import.meta.url), 'utf8'),
  );
  expect(vectors.length).toBeGreaterThan(20);
  expect(vectors.map(answer)).toEqual(vectors);
});

const index = fc.oneof(
  fc.stringMatching(/^[0-9A-Za-z]{0,6}[1-9A-Za-z]$/),
  fc.stringMatching(/^[0AZaz]{0,30}[1AZaz]$/),
  fc.stringMatching(/^(a0|a1|Zz|b00|az|zz{25,30}|A0{24,30})[0z]{0,3}[1Vz]$/),
);

test('RECORDS-11 what is between is between, whatever is drawn', () => {
  const draw = fc.oneof(
    fc.constantFrom(0, 0.5, 1 - 2 ** -53),
    fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }),
  );
  fc.assert(
    fc.property(index, index, fc.nat(3), draw, (one, other, open, random) => {
      let [after, before] = one < other ? [one, other] : [other, one];
      if (open === 0) after = '';
      if (open === 1) before = '';
      fc.pre(after !== before);
      const got = between(after, before, () => random);
      expect(isIndex(got) && got > after && (!before || got < before)).toBe(true);
      expect(got.length).toBeLessThanOrEqual(Math.max(after.length, before.length, 27) + 4);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['a1', 'a1'],
  ['b1', 'a1'],
  ['a0', ''],
  ['', 'é'],
])('RECORDS-11 there is nothing between %j and %j', (after, before) => {
  expect(() => between(after, before, () => 0)).toThrow(expect.objectContaining({ code: 'bad_operation' }));
});

test('RECORDS-11 what is always added at an end stays short', () => {
  const random = seeded(1);
  let last = '';
  let first = '';
  for (let i = 0; i < 100_000; i++) {
    last = between(last, '', random);
    first = between('', first, random);
  }
  expect(Math.max(last.length, first.length)).toBeLessThanOrEqual(8);
});

test('RECORDS-11 places compare by the index, then by the bytes of the key; those without one are last', () => {
  const places = [
    { key: 'd', index: 'a1' },
    { key: '\u{1F600}', index: 'a2' },
    { key: '\uFB01', index: 'a2' },
    { key: 'c', index: 'a2' },
    { key: 'b', index: 'not one' },
    { key: 'a', index: 5 },
    { key: 'e' },
  ];
  expect(places.sort(comparePlaces).map(({ key }) => key)).toEqual([
    'd',
    'c',
    '\uFB01',
    '\u{1F600}',
    'a',
    'b',
    'e',
  ]);
});
