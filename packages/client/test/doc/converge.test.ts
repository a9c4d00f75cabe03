import { describe, expect, test } from 'vitest';
import type { RecordCell } from '../../src/doc/cell.ts';
import type { RecordsHandle } from '../../src/doc/records-handle.ts';
import type { Mutation } from '../../src/index.ts';
import { World } from '../world.ts';
import { Desk, Site } from './site.ts';

const topic = 'records:list';

interface Item {
  text: string;
  done?: boolean;
  order?: string;
}

/** One thing that a user does. */
function act(world: World, items: RecordsHandle<Item>): Mutation | undefined {
  const keys = items.entries().map(([key]) => key);
  const key = world.chance(0.1) ? 'nowhere' : (keys[world.below(keys.length)] ?? 'first');
  const other = keys[world.below(keys.length)] ?? null;
  const text = `${world.below(100)}`;
  const options = world.chance(0.1) ? ({ ifUnseen: 'reject' } as const) : {};
  switch (world.below(9)) {
    case 0:
      return items.set(key, { text }, options);
    case 1:
      return items.patch(
        key,
        world.chance(0.5) ? { text } : { done: true, text: undefined as never },
        options,
      );
    case 2:
      return items.delete(key, options);
    case 3:
      return items.insertAfter(other, { text });
    case 4:
      return items.move(key, other);
    case 5:
      return items.undo();
    case 6:
      return items.redo();
    case 7:
      return items.batch((tx) => {
        const made = tx.insertAfter(other, { text });
        tx.patch(made, { done: true });
        if (world.chance(0.5)) tx.delete(key);
      });
    default:
      return items.patch(key, { done: world.chance(0.5) }, { if: [{ field: 'done', is: 'present' }] });
  }
}

describe('clients that do as they like', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'DOC-15 DOC-16 RECORDS-12 agree in the end (seed %i)',
    async (seed) => {
      const world = new World(seed);
      const site = new Site();
      const desks = ['ann', 'bob', 'cy'].map((id) => new Desk(site, id));
      const handles = desks.map((desk) => desk.documents.records<Item>(topic, {}));
      const queries = handles.map((items) => items.query({ where: ({ done }) => !done, limit: 5 }));
      const mutations: Mutation[] = [];
      const told = handles.map((items) => {
        const known = new Map<string, Item>();
        items.subscribe(({ keys }) => {
          for (const key of keys) {
            const item = items.get(key);
            expect(known.get(key)).not.toBe(item ?? null);
            if (item) known.set(key, item);
            else known.delete(key);
          }
        });
        return known;
      });
      for (let i = 0; i < 150; i++) {
        const at = world.below(3);
        const desk = desks[at] as Desk;
        const mutation = world.chance(0.5) ? act(world, handles[at] as RecordsHandle<Item>) : undefined;
        if (mutation) mutations.push(mutation);
        if (mutation && world.chance(0.05)) mutation.cancel();
        if (world.chance(0.3)) desk.opened();
        if (world.chance(0.2)) desk.send();
        if (world.chance(0.2)) desk.answer();
        if (world.chance(0.3)) desk.read();
        if (world.chance(0.03)) desk.cut();
        if (world.chance(0.03)) desk.snapshot(topic);
        if (world.chance(0.2)) await Promise.resolve();
      }
      for (const desk of [...desks, ...desks]) await desk.sync();

      const { cells } = site.log(topic);
      const value = Object.fromEntries([...cells].map(([key, cell]) => [key, (cell as RecordCell).fields]));
      handles.forEach((items, i) => {
        expect(Object.fromEntries(items.entries())).toEqual(value);
        expect(items.entries()).toEqual(handles[0]?.entries());
        expect(Object.fromEntries(told[i] ?? [])).toEqual(value);
        expect(queries[i]?.value).toEqual(
          items
            .entries()
            .filter(([, { done }]) => !done)
            .slice(0, 5),
        );
        for (const [key, item] of items.entries()) {
          expect(items.confirmed(key)).toBe(item);
          expect(items.pending(key)).toEqual([]);
        }
      });
      const settled = mutations.filter(({ status }) =>
        ['confirmed', 'rejected', 'cancelled'].includes(status),
      );
      expect(settled.length).toBe(mutations.length);
      expect(desks.flatMap((desk) => [...desk.errors, ...Array(desk.waiting)])).toEqual([]);
    },
  );
});
