import fc from 'fast-check';
import { GCounter, LWWMap, LWWRegister, MVRegister, ORSet, PNCounter } from '../src/index.ts';

/** What the properties need of a replica, of whatever type. */
export interface AnyReplica {
  readonly replicaId: string;
  readonly value: unknown;
  payload(): unknown;
  applyPayload(payload: unknown): void;
  resume(payload: unknown): void;
  merge(other: AnyReplica): void;
  equal(other: AnyReplica): boolean;
  renew(): void;
}

/** A type, and operations on it as properties draw them: each returns its delta. */
export interface Kind {
  name: string;
  make(id: string, now?: () => number): AnyReplica;
  operation: fc.Arbitrary<(replica: AnyReplica) => unknown>;
}

const amount = fc.integer({ min: 1, max: 1000 });
const key = fc.constantFrom('a', 'b', '', '__proto__', '\u{1f600}', '\uffff');
const value = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    -0,
    1,
    '1',
    null,
    true,
    [],
    {},
    [1, [2]],
    { b: 1, a: [{}] },
    '\u{1f600}',
    '\uffff',
  ),
  fc.integer({ min: 0, max: 3 }),
);

function kind<R>(
  name: string,
  Type: new (options: { newReplicaId: () => string; now: () => number }) => R,
  operation: fc.Arbitrary<(replica: R) => unknown>,
): Kind {
  return {
    name,
    make: (newId, now = () => 1000) => {
      let renewed = 0;
      const newReplicaId = () => (renewed++ ? `${newId}-${renewed}` : newId);
      return new Type({ newReplicaId, now }) as AnyReplica;
    },
    operation: operation as Kind['operation'],
  };
}

export const kinds: Kind[] = [
  kind(
    'GCounter',
    GCounter,
    amount.map((n) => (r) => r.increment(n)),
  ),
  kind(
    'PNCounter',
    PNCounter,
    fc.tuple(amount, fc.boolean()).map(
      ([n, up]) =>
        (r) =>
          up ? r.increment(n) : r.decrement(n),
    ),
  ),
  kind(
    'LWWRegister',
    LWWRegister<unknown>,
    value.map((v) => (r) => r.set(v)),
  ),
  kind(
    'MVRegister',
    MVRegister<unknown>,
    value.map((v) => (r) => r.set(v)),
  ),
  kind(
    'ORSet',
    ORSet<unknown>,
    fc.tuple(value, fc.boolean()).map(
      ([v, add]) =>
        (r) =>
          add ? r.add(v) : r.remove(v),
    ),
  ),
  kind(
    'LWWMap',
    LWWMap<unknown>,
    fc.tuple(key, value, fc.boolean()).map(
      ([k, v, set]) =>
        (r) =>
          set ? r.set(k, v) : r.delete(k),
    ),
  ),
];
