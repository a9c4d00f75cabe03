import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ORSet } from '../src/index.ts';

/** An ORSet that never forgets: each add has a name of its own, and removes are kept as tombstones. */
class NaiveSet {
  readonly adds = new Map<string, string>();
  readonly removed = new Set<string>();
  #made = 0;
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  add(value: string): void {
    this.remove(value);
    this.adds.set(`${this.#id}${++this.#made}`, value);
  }

  remove(value: string): void {
    for (const [name, v] of this.adds) if (v === value) this.removed.add(name);
  }

  merge(other: NaiveSet): void {
    for (const [name, value] of other.adds) this.adds.set(name, value);
    for (const name of other.removed) this.removed.add(name);
  }

  get value(): string[] {
    return [...new Set([...this.adds].filter(([name]) => !this.removed.has(name)).map(([, v]) => v))].sort();
  }
}

const replica = fc.nat({ max: 2 });
const step = fc.oneof(
  fc.record({ do: fc.constantFrom('add', 'remove'), on: replica, value: fc.constantFrom('p', 'q', 'r') }),
  fc.record({ do: fc.constant('merge'), on: replica, from: replica }),
);

test('CRDT-16: it has what a set that never forgets has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sets = ['a', 'b', 'c'].map((id) => ({
        fast: new ORSet<string>({ newReplicaId: () => id }),
        naive: new NaiveSet(id),
      }));
      for (const s of steps) {
        const { fast, naive } = sets[s.on] as (typeof sets)[0];
        if ('from' in s) {
          fast.merge((sets[s.from] as (typeof sets)[0]).fast);
          naive.merge((sets[s.from] as (typeof sets)[0]).naive);
        } else if (s.do === 'add') {
          fast.add(s.value);
          naive.add(s.value);
        } else {
          fast.remove(s.value);
          naive.remove(s.value);
        }
        expect(fast.value).toEqual(naive.value);
        expect(fast.size).toBe(naive.value.length);
        expect(['p', 'q', 'r'].filter((v) => fast.has(v))).toEqual(naive.value);
      }
    }),
    { numRuns: 300 },
  );
});

test('CRDT-16: adding and removing leaves nothing behind, here or where the deltas go', () => {
  const [a, b] = [new ORSet<number>(), new ORSet<number>()];
  b.applyPayload(a.add(0));
  const size = JSON.stringify(a.payload()).length;
  for (let n = 1; n <= 100_000; n++) {
    b.applyPayload(a.add(n));
    b.applyPayload(a.remove(n));
  }
  expect(JSON.stringify(a.payload()).length).toBeLessThan(size + 10);
  expect(a.value).toEqual([0]);
  expect(JSON.stringify(b.payload()).length).toBeLessThan(size + 20);
  expect(b.equal(a)).toBe(true);
});

test('payloads made to be slow are not', () => {
  const many = 200_000;
  const numbers = Array.from({ length: many }, (_, i) => 2 * i + 3);
  const dots = numbers.map((n) => ['x', n]);
  const set = new ORSet<number>();
  set.applyPayload({ replicaId: 'x', seen: [], apart: [['x', numbers]], elements: [[1, dots]] });
  const evens = numbers.map((n) => n - 1).reverse();
  set.applyPayload({ replicaId: 'x', seen: [], apart: [['x', evens]], elements: [] });
  expect(set.payload().apart?.[0]?.[1].length).toBe(2 * many);
  set.applyPayload({ replicaId: 'x', seen: [['x', 1]], elements: [] });
  expect(set.payload().seen).toEqual([['x', 2 * many + 1]]);
  expect(set.remove(1).apart?.[0]?.[1].length).toBe(many);
  expect(set.size).toBe(0);
}, 20_000);
