import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyReplica, kinds } from './model.ts';

const ids = ['a', 'b', 'c'];

/** What replicas do: one does an operation, takes in another whole, or gets one delta of any that were made. */
type Step<Operation> =
  | { do: 'operate'; on: number; operation: Operation }
  | { do: 'merge'; on: number; from: number }
  | { do: 'deliver'; on: number; delta: number };

const replica = fc.nat({ max: ids.length - 1 });
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each(kinds)('$name', ({ make, operation }) => {
  const steps = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('operate' as const), on: replica, operation }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('merge' as const), on: replica, from: replica }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('deliver' as const), on: replica, delta: fc.nat() }),
      },
    ),
    { maxLength: 40 },
  );

  /** Replicas after these steps, and all deltas that were made. */
  function play(steps: Step<(replica: AnyReplica) => unknown>[]) {
    let now = 1000;
    const replicas = ids.map((id) => make(id, () => now));
    const deltas: unknown[] = [];
    for (const step of steps) {
      const at = replicas[step.on] as AnyReplica;
      if (step.do === 'operate') deltas.push(json(step.operation(at)));
      else if (step.do === 'merge') at.merge(replicas[step.from] as AnyReplica);
      else if (deltas.length) at.applyPayload(deltas[step.delta % deltas.length]);
      now += step.on;
    }
    return { replicas, deltas };
  }

  /** A replica of its own that has taken these in. */
  function joined(...sources: AnyReplica[]): AnyReplica {
    const all = make('z', () => 2000);
    for (const source of sources) all.applyPayload(json(source.payload()));
    return all;
  }

  test('CRDT-4: merging is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const [a, b, c] = play(steps).replicas as [AnyReplica, AnyReplica, AnyReplica];
        const ab = joined(a, b);
        expect(joined(b, a).payload()).toEqual(ab.payload());
        expect(joined(ab, c).payload()).toEqual(joined(a, joined(b, c)).payload());
        const before = JSON.stringify(ab.payload());
        ab.merge(a);
        ab.merge(ab);
        ab.applyPayload(json(b.payload()));
        expect(JSON.stringify(ab.payload())).toBe(before);
      }),
    );
  });

  test('CRDT-4: deltas in any order, repeated, among whole payloads, end in the state of all', () => {
    const order = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(steps, order, (steps, order) => {
        const { replicas, deltas } = play(steps);
        const whole = joined(...replicas);
        const shuffle = <T>(items: T[]): T[] =>
          items
            .map((item) => [order.next().value, item] as const)
            .sort((a, b) => a[0] - b[0])
            .map(([, item]) => item);
        const mixed = make('y', () => 2000);
        const payloads = replicas.map((r) => json(r.payload()));
        for (const payload of shuffle([...deltas, ...deltas, ...payloads])) mixed.applyPayload(payload);
        expect(mixed.equal(whole)).toBe(true);
        const alone = make('x', () => 2000);
        for (const delta of shuffle([...deltas, ...deltas])) alone.applyPayload(delta);
        expect(alone.equal(whole)).toBe(true);
        expect(whole.equal(alone)).toBe(true);
        expect(alone.value).toEqual(whole.value);
      }),
    );
  });

  test('CRDT-1: equal states under one id have equal payloads; a payload is plain JSON and makes the state', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const [a, b] = play(steps).replicas as [AnyReplica, AnyReplica];
        const again = make('n');
        again.resume(json(a.payload()));
        expect(JSON.stringify(again.payload())).toBe(JSON.stringify(a.payload()));
        expect(again.equal(a)).toBe(true);
        expect(a.equal(b)).toBe(JSON.stringify(joined(a).payload()) === JSON.stringify(joined(b).payload()));
      }),
    );
  });

  test('what is read cannot be used to change the state', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const [a] = play(steps).replicas as [AnyReplica];
        const before = JSON.stringify(a.payload());
        spoil(a.payload());
        spoil(a.value);
        expect(JSON.stringify(a.payload())).toBe(before);
      }),
      { numRuns: 30 },
    );
  });

  test('CRDT-2: a payload with one thing changed is refused with bad_payload, or is another good one; never half taken', () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.jsonValue(), (steps, where, what) => {
        const [a] = play(steps).replicas as [AnyReplica];
        const payload = json(a.payload());
        const places = slots(payload);
        places[where % places.length]?.(what);
        const reader = make('reader', () => 1e15);
        const before = JSON.stringify(reader.payload());
        try {
          reader.applyPayload(payload);
        } catch (error) {
          expect(error).toMatchObject({
            name: 'CrdtError',
            code: expect.stringMatching(/^(bad_payload|out_of_range)$/),
          });
          expect(JSON.stringify(reader.payload())).toBe(before);
          return;
        }
        const copy = make('copy', () => 1e15);
        copy.applyPayload(json(reader.payload()));
        expect(copy.equal(reader)).toBe(true);
      }),
    );
  });
});

/** Overwrites whatever can be. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || !value) return;
  if (value instanceof Map) value.clear();
  for (const [name, inner] of Object.entries(value)) {
    spoil(inner);
    Reflect.set(value, name, 9);
  }
}

/** A setter for each place in a JSON value. */
function slots(value: unknown): ((to: unknown) => void)[] {
  if (typeof value !== 'object' || !value) return [];
  return Object.keys(value).flatMap((name) => {
    const object = value as Record<string, unknown>;
    return [(to: unknown) => (object[name] = to), ...slots(object[name])];
  });
}
