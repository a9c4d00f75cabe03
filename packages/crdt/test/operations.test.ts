import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  CrdtError,
  type CrdtErrorCode,
  GCounter,
  LWWMap,
  LWWRegister,
  MVRegister,
  ORSet,
  PNCounter,
} from '../src/index.ts';

function codeOf(action: () => unknown): CrdtErrorCode | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof CrdtError) return error.code;
    throw error;
  }
  return undefined;
}

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

test('two devices offline: after each has the payload of the other both read 3', () => {
  const [a, b] = [new GCounter(), new GCounter()];
  a.increment();
  a.increment();
  b.increment();
  const [fromA, fromB] = [JSON.stringify(a.payload()), JSON.stringify(b.payload())];
  a.applyPayload(JSON.parse(fromB));
  b.applyPayload(JSON.parse(fromA));
  expect([a.value, b.value]).toEqual([3, 3]);
});

describe('CRDT-6: values', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['past 2^53−1', 2 ** 53],
    ['a lone surrogate', '\ud83d'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['an array with a hole', new Array(1)],
    ['nested 65 deep', nested(65)],
    ['a circle', circle],
  ])('%s is bad_value, and changes nothing', (_, bad) => {
    const types = [new LWWRegister<unknown>(), new MVRegister<unknown>()];
    for (const register of types) {
      expect(codeOf(() => register.set(bad))).toBe('bad_value');
      expect(register.value).toBeUndefined();
    }
    const set = new ORSet<unknown>();
    expect([codeOf(() => set.add(bad)), codeOf(() => set.remove(bad)), codeOf(() => set.has(bad))]).toEqual(
      Array(3).fill('bad_value'),
    );
    const map = new LWWMap<unknown>();
    expect(codeOf(() => map.set('key', bad))).toBe('bad_value');
    expect(map.payload().entries).toEqual([]);
  });

  test('a value is a copy, frozen, its own whatever is done to what was given', () => {
    const given = { list: [1], gone: undefined };
    const register = new LWWRegister<{ list: number[] }>();
    register.set(given);
    given.list.push(2);
    expect(register.value).toEqual({ list: [1] });
    expect(() => register.value?.list.push(3)).toThrow(TypeError);
    register.set(nested(64) as never);
  });

  test('-0 is 0; the order of names does not matter; __proto__ is a name', () => {
    const set = new ORSet<unknown>();
    set.add(-0);
    set.add({ a: 1, b: JSON.parse('{"__proto__": 1}') });
    set.add({ b: JSON.parse('{"__proto__": 1}'), a: 1 });
    expect(Object.is(set.value[0], 0)).toBe(true);
    expect(JSON.stringify(set.value)).toBe('[0,{"a":1,"b":{"__proto__":1}}]');
    const map = new LWWMap<number>();
    map.set('__proto__', 1);
    expect([map.get('__proto__'), map.get('toString'), map.has('constructor'), map.size]).toEqual([
      1,
      undefined,
      false,
      1,
    ]);
  });
});

test('a bad id is refused', () => {
  for (const id of ['', 'a b', 'x'.repeat(65)])
    expect(codeOf(() => new GCounter({ newReplicaId: () => id }))).toBe('bad_value');
  expect(new GCounter().replicaId).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(new GCounter().replicaId).not.toBe(new GCounter().replicaId);
});

test('CRDT-3: a payload of more than a million items is bad_payload', () => {
  const counts = Array.from({ length: 1_000_001 }, (_, i) => [`r${i}`, 1]);
  const counter = new PNCounter();
  expect(codeOf(() => counter.applyPayload({ replicaId: 'x', added: counts, removed: [] }))).toBe(
    'bad_payload',
  );
  const half = counts.slice(0, 500_001);
  expect(codeOf(() => counter.applyPayload({ replicaId: 'x', added: half, removed: half }))).toBe(
    'bad_payload',
  );
  counter.applyPayload({ replicaId: 'x', added: counts.slice(0, 500_000), removed: counts.slice(500_001) });
  expect(counter.value).toBe(0);
});

test('an error says where', () => {
  const set = new ORSet();
  const payload = {
    replicaId: 'x',
    seen: [['x', 1]],
    elements: [
      [1, [['x', 1]]],
      [2, [['x', 2]]],
    ],
  };
  expect(() => set.applyPayload(payload)).toThrow('elements[1]: an add that is neither seen nor apart');
});

test('a listener hears each change once and nothing else, until it ends; one that throws stops no other', () => {
  const [a, b] = [new ORSet<string>(), new ORSet<string>()];
  const thrown = vi.fn();
  vi.stubGlobal('queueMicrotask', thrown);
  a.onChange(() => {
    throw new Error('not this one');
  });
  const heard = vi.fn();
  const end = a.onChange(heard);
  a.add('x');
  a.remove('y');
  expect(heard).toHaveBeenCalledTimes(1);
  b.add('z');
  a.merge(b);
  a.merge(b);
  expect(heard).toHaveBeenCalledTimes(2);
  b.merge(a);
  b.applyPayload(a.remove('x'));
  a.applyPayload(b.remove('z'));
  expect([a.value, heard.mock.calls.length]).toEqual([[], 4]);
  end();
  end();
  a.add('x');
  expect(heard).toHaveBeenCalledTimes(4);
  expect(thrown).toHaveBeenCalledTimes(5);
  vi.unstubAllGlobals();
});

test('CRDT-12: an operation that would need a stamp too far ahead is clock_skew', () => {
  let now = 100_000;
  const register = new LWWRegister<number>({ now: () => now });
  register.set(1);
  now = 0;
  expect(codeOf(() => register.set(2))).toBe('clock_skew');
  expect(register.value).toBe(1);
  now = 40_000;
  expect(register.set(2).stamp).toEqual([100_000, 1, register.replicaId]);
});

test('the types are those of the values', () => {
  expectTypeOf(new ORSet<string>().value).toEqualTypeOf<string[]>();
  expectTypeOf(new LWWMap<number>().get('x')).toEqualTypeOf<number | undefined>();
  expectTypeOf<Parameters<LWWRegister<Date>['set']>>().toEqualTypeOf<[Date]>();
  // @ts-expect-error: replicas of one type merge with their like
  expect(() => new GCounter().merge(new PNCounter())).toThrow();
});
