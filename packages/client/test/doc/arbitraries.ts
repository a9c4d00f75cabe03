import fc from 'fast-check';
import type { TypeName } from '../../src/doc/type.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', '__proto__');
const field = fc.constantFrom('x', 'y', 'z', '__proto__');
const value = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(null), fc.constant(['s', { t: 1 }]));
const fields = fc.dictionary(field, value, { maxKeys: 3, noNullPrototype: true });

const condition = fc.oneof(
  fc.record({ field, equals: value }),
  fc.record({ is: fc.constantFrom('absent', 'present') }),
  fc.record({ field, is: fc.constantFrom('absent', 'present') }),
  fc.record({ unchangedSince: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ field, unchangedSince: fc.integer({ min: 0, max: 20 }) }),
);

const guards = {
  if: fc.array(condition, { maxLength: 1 }),
  ifUnseen: fc.constant('reject'),
  own: fc.constant(true),
};

const step = fc.oneof(
  fc.record(
    { op: fc.constant('set'), key, value: fields, ...guards },
    { requiredKeys: ['op', 'key', 'value'] },
  ),
  fc
    .record({ op: fc.constant('patch'), key, set: fields, ...guards }, { requiredKeys: ['op', 'key', 'set'] })
    .filter(({ set }) => Object.keys(set).length > 0),
  fc.record(
    { op: fc.constant('patch'), key, unset: fc.uniqueArray(field, { minLength: 1 }), ...guards },
    { requiredKeys: ['op', 'key', 'unset'] },
  ),
  fc.record({ op: fc.constant('delete'), key, ...guards }, { requiredKeys: ['op', 'key'] }),
);

/** Operations of each type, as they stand in a log. */
export const operations: Record<TypeName, fc.Arbitrary<object>> = {
  counter: fc.record({
    op: fc.constant('add'),
    n: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(-1, 2 ** 53 - 1, 1 - 2 ** 53)),
  }),
  set: fc.record({
    op: fc.constantFrom('add', 'remove'),
    values: fc.array(fc.constantFrom(1, 'a', null, [2], { b: 1, a: 2 }), { minLength: 1, maxLength: 3 }),
  }),
  records: fc.oneof(
    { arbitrary: step, weight: 4 },
    {
      arbitrary: fc.record({ op: fc.constant('batch'), ops: fc.array(step, { minLength: 1, maxLength: 4 }) }),
      weight: 1,
    },
  ),
};
