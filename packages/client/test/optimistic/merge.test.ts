import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Key, merge } from '../../src/optimistic/merge.ts';
import { optimistic } from '../../src/optimistic.ts';

interface Item {
  id: string;
  [field: string]: unknown;
}

const item = (id: string, more: object = {}): Item => ({ id, ...more });
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id) => item(id)) as [Item, Item, Item, Item];
const ids = (items: unknown) => (items as Item[]).map(({ id }) => id).join('');

describe('OPTIMISTIC-5 a whole state', () => {
  test.each([
    ['an add beside an add', [a], [a, c], [a, b], 'abc'],
    ['an add to nothing beside one', [], [b], [a], 'ab'],
    ['an add at the front beside one', [a], [c, a], [b, a], 'cba'],
    ['an add in between', [a, b], [a, c, b], [a, b, d], 'acbd'],
    ['a removal beside an add', [a, b], [b], [a, b, c], 'bc'],
    ['an add beside a removal', [a, b], [a, b, c], [b], 'bc'],
    ['a removal of both', [a, b], [b], [b], 'b'],
    ['a move beside an add', [a, b, c], [c, a, b], [a, d, b, c], 'cadb'],
    ['an add beside a move', [a, b, c], [a, b, c, d], [c, b, a], 'cbad'],
    ['a copy that has nothing new', [a, b], [item('a'), item('b')], [b, c], 'bc'],
  ])('%s', (_, base, mine, now, merged) => {
    expect(ids(merge(base, base, mine, now, 'id'))).toBe(merged);
  });

  test('does not hold what others have shown and not confirmed', () => {
    const other = item('x', { tmp: true });
    expect(ids(merge([a], [a, other], [a, other, b], [a], 'id'))).toBe('ab');
    expect(ids(merge([a], [a, other], [a, b], [a, c], 'id'))).toBe('acb');
    // Another removes b, which this one therefore did not return.
    expect(ids(merge([a, b], [a], [a, c], [a, b], 'id'))).toBe('abc');
    const done = item('a', { done: true });
    expect(merge([a], [done], [{ ...done, text: 'new' }], [a], 'id')).toEqual([item('a', { text: 'new' })]);
    // What another has added is changed, and confirmed with something more.
    const [added, changed, saved] = [{ n: 1 }, { n: 2 }, { n: 1, saved: true }].map((more) =>
      item('x', more),
    );
    expect(merge([a], [a, added], [a, changed], [a, saved], 'id')).toEqual([a, { ...changed, saved: true }]);
  });

  test('is merged by field, to any depth', () => {
    const base = { filter: 'all', list: [item('a', { text: 'x', tags: ['p'] })] };
    const mine = { filter: 'open', list: [item('a', { text: 'x', tags: ['p', 'q'] })] };
    const now = { filter: 'all', list: [item('a', { text: 'y', tags: ['r', 'p'] }), b], more: 1 };
    expect(merge(base, base, mine, now, 'id')).toEqual({
      filter: 'open',
      list: [item('a', { text: 'y', tags: ['r', 'p', 'q'] }), b],
      more: 1,
    });
    expect(merge({ x: 1, y: 1 }, {}, { y: 1 }, { x: 1, y: 2 }, 'id')).toEqual({ x: 1, y: 2 });
    expect(merge({ x: 1, y: 1 }, { x: 1 }, { y: 1 }, { x: 1, y: 2 }, 'id')).toEqual({ y: 2 });
  });

  test('is taken whole where it has no parts', () => {
    const twice = [item('a', { n: 1 }), item('a', { n: 2 })];
    expect(merge([a], [a], twice, [a, b], 'id')).toBe(twice);
    const map = new Map([['x', 1]]);
    expect(merge(new Map(), new Map(), map, new Map([['y', 2]]), 'id')).toBe(map);
    expect(merge(1, 1, 5, 3, 'id')).toBe(5);
    expect(merge([a], null, null, [a, b], 'id')).toEqual([a, b]);
    expect(merge([a], [a], null, [a, b], 'id')).toBe(null);
    expect(merge({ a: 1 }, { a: 1 }, [a], { a: 2 }, 'id')).toEqual([a]);
  });

  test('has the names of any fields', () => {
    const odd = JSON.parse('{"__proto__": 1, "constructor": 2}');
    const merged = merge({ x: 1 }, { x: 1 }, { x: 1, ...odd, toString: 3 }, { x: 2 }, 'id') as object;
    expect(Object.entries(merged)).toEqual([
      ['x', 2],
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 3],
    ]);
  });

  test.each<[string, Key | undefined]>([
    ['a field', 'n'],
    ['a function', ({ n }: Item) => n],
    ['a field, for the store', undefined],
  ])('has the key that %s says', async (_, key) => {
    const store = optimistic<Item[]>([item('same', { n: 1 })], { key: key ? 'none' : 'n' });
    const calls = [2, 3].map((n) => {
      const render = store.state;
      return store.update(
        (items) => [...items, item('same', { n: -n })],
        async () => [...render, item('same', { n })],
        key ? { key } : {},
      );
    });
    await Promise.all(calls);
    expect(store.state.map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  const other = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 6 }).map((all) => [...new Set(all)]);

  test('alone is what it is, and adds what it is not confirmed beside', () => {
    fc.assert(
      fc.property(other, other, other, (base, mine, now) => {
        expect(merge(base, base, mine, base, 'id')).toEqual(mine);
        expect(merge(base, base, base, now, 'id')).toEqual(now);
        const merged = merge(base, base, mine, now, 'id') as number[];
        const had = (all: number[]) => (n: number) => all.includes(n);
        const wanted = (n: number) =>
          had(base)(n) ? had(mine)(n) && had(now)(n) : had(mine)(n) || had(now)(n);
        expect(merged.toSorted()).toEqual([...new Set([...mine, ...now])].filter(wanted).toSorted());
      }),
    );
  });
});
