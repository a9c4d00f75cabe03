import { describe, expect, test } from 'vitest';
import { Desk, Site } from './site.ts';
import { fold, types } from './types.ts';

const topic = 'set:tags';

describe('a set', () => {
  test('SET-3 holds JSON values, each once, in the order of their canonical JSON', () => {
    const desk = new Desk(new Site(), 'ann');
    const tags = desk.documents.set<unknown>(topic, {});
    const added = tags.add('b', { y: 1, x: [2] }, null, 'a', { x: [2], y: 1 }, 10, 9, -0);
    expect(added.local).toEqual(['b', { x: [2], y: 1 }, null, 'a', 10, 9, 0]);
    expect([...tags]).toEqual(['a', 'b', 0, 10, 9, null, { x: [2], y: 1 }]);
    expect([tags.size, tags.has({ y: 1, x: [2] }), tags.has('c'), tags.has(undefined)]).toEqual([
      7,
      true,
      false,
      false,
    ]);
    expect(tags.remove(null, 'c').local).toEqual([]);
    expect(tags.has(null)).toBe(false);
  });

  test('SET-4 keeps 10,000 adds of one element that knew nothing of each other', () => {
    const tags = Array.from({ length: 9_999 }, (_, i) => [i + 1]);
    const full = fold(
      types.set,
      new Map([['1', tags]]),
      { offset: 10_000, base: 0 },
      { op: 'add', values: [1] },
    );
    expect(full.cells.get('1')).toHaveLength(10_000);
    const more = fold(types.set, full.cells, { offset: 10_001, base: 0 }, { op: 'add', values: [1] });
    expect(more.error).toBe('limit_exceeded');
    const seen = fold(types.set, full.cells, { offset: 10_001, base: 1 }, { op: 'add', values: [1] });
    expect(seen.cells.get('1')).toHaveLength(10_000);
  });

  test('what is handed out is frozen, and the same as long as nothing has changed', async () => {
    const desk = new Desk(new Site(), 'ann');
    const tags = desk.documents.set<{ n: number }>(topic, {});
    tags.add({ n: 1 }, { n: 2 });
    const values = tags.values();
    expect([Object.isFrozen(values), Object.isFrozen(values[0])]).toEqual([true, true]);
    tags.add({ n: 1 });
    await desk.sync();
    expect(tags.values()).toBe(values);
    tags.remove({ n: 1 });
    expect(tags.values()).toEqual([{ n: 2 }]);
    expect(tags.values()[0]).toBe(values[1]);
  });

  test('SET-2 of an add and a remove that did not know of each other, the add wins', async () => {
    const site = new Site();
    const [ann, bob] = [new Desk(site, 'ann'), new Desk(site, 'bob')];
    const [anns, bobs] = [ann.documents.set<string>(topic, {}), bob.documents.set<string>(topic, {})];
    anns.add('x', 'y');
    await ann.sync();
    await bob.sync();
    anns.remove('x', 'y');
    bobs.add('x');
    bob.send();
    await ann.sync();
    await bob.sync();
    await ann.sync();
    expect([anns.values(), bobs.values()]).toEqual([['x'], ['x']]);
    anns.remove('x');
    await ann.sync();
    expect(anns.size).toBe(0);
  });

  test('SET-1 nothing, and more than 1,000 at once, is refused', () => {
    const desk = new Desk(new Site(), 'ann');
    const tags = desk.documents.set<unknown>(topic, {});
    const all = Array.from({ length: 1001 }, (_, n) => n);
    const refused = [tags.add(), tags.add(...all), tags.add(undefined, Number.NaN, 1n), tags.add(2 ** 53)];
    expect(refused.map((m) => m.error?.code)).toEqual(Array(4).fill('bad_operation'));
    expect([tags.size, desk.waiting]).toEqual([0, 0]);
    tags.add(...all.slice(1));
    expect(tags.size).toBe(1000);
  });
});

describe('a counter', () => {
  test('COUNTER-1 adds whole numbers, and refuses others', async () => {
    const desk = new Desk(new Site(), 'ann');
    const likes = desk.documents.counter('counter:likes', {});
    expect([likes.value, likes.add().local, likes.add(-5).local]).toEqual([0, 1, -4]);
    const refused = [likes.add(0), likes.add(0.5), likes.add(2 ** 53), likes.add(Number.NaN)];
    expect(refused.map((m) => m.error?.code)).toEqual(Array(4).fill('bad_operation'));
    const most = likes.add(2 ** 53 - 1);
    const over = likes.add(9);
    expect(likes.value).toBe(2 ** 53 - 5);
    await desk.sync();
    expect([most.status, over.error?.code, likes.value]).toEqual(['confirmed', 'out_of_range', 2 ** 53 - 5]);
  });

  test('keeps counting when it shows nothing else: each add counts once', async () => {
    const site = new Site();
    const desks = ['ann', 'bob', 'cy'].map((id) => new Desk(site, id));
    const likes = desks.map((desk) => desk.documents.counter('counter:likes', {}));
    for (let i = 0; i < 30; i++) {
      likes[i % 3]?.add(i + 1);
      if (site.world.chance(0.5)) await desks[site.world.below(3)]?.sync();
    }
    for (const desk of [...desks, ...desks]) await desk.sync();
    expect(likes.map((handle) => handle.value)).toEqual([465, 465, 465]);
  });
});
