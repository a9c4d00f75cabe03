import fc from 'fast-check';
import { expect, test } from 'vitest';
import { optimistic } from '../../src/optimistic.ts';

/** The naive twin: every state is made anew of all that has happened. */
interface Told {
  shows: (state: Item[]) => Item[];
  confirms: (state: Item[]) => Item[];
  fate: 'pending' | 'ok' | 'failed';
}

interface Item {
  id: number;
  by: number;
}

const fold = (all: Told[], what: (told: Told) => ((state: Item[]) => Item[]) | undefined): Item[] =>
  all.reduce<Item[]>((state, told) => what(told)?.(state) ?? state, [{ id: 0, by: 0 }]);
const shown = (all: Told[]) =>
  fold(all, ({ fate, shows, confirms }) => ({ pending: shows, ok: confirms, failed: undefined })[fate]);
const confirmed = (all: Told[]) => fold(all, ({ fate, confirms }) => (fate === 'ok' ? confirms : undefined));

type Form = 'function' | 'nothing' | 'whole' | 'stale';

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), form: form() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), form: form(), at: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), form: form(), at: fc.nat(9) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('answer' as const), at: fc.nat(9), ok: fc.boolean() }),
    },
  ),
  { maxLength: 25 },
);

function form(): fc.Arbitrary<Form> {
  return fc.constantFrom('function', 'nothing', 'whole', 'stale');
}

/** An update that a user makes on what is rendered: as a function, and as a whole state of that render. */
function edit(kind: 'add' | 'change' | 'remove', n: number, rendered: readonly Item[], at = 0) {
  // Whole states tell of confirmed items alone what has become of them.
  const known = rendered.filter(({ id }) => id >= 0);
  const target = known.length ? known[at % known.length]?.id : undefined;
  return (by: number) =>
    (items: readonly Item[]): Item[] => {
      if (kind === 'add') return [...items, { id: by < 0 ? -n : n, by }];
      if (kind === 'remove') return items.filter(({ id }) => id !== target);
      return items.map((one) => (one.id === target ? { ...one, by } : one));
    };
}

test('OPTIMISTIC-1 OPTIMISTIC-3 OPTIMISTIC-4 OPTIMISTIC-5 as the naive twin, whatever overlaps, fails and is answered when', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const store = optimistic<Item[]>([{ id: 0, by: 0 }]);
      const twin: Told[] = [];
      const open: { settle: (ok: boolean) => void; made: Promise<unknown>; told: Told }[] = [];
      let rendered = store.state;
      let last = 0;
      const agree = (): void => {
        expect(store.state).toEqual(shown(twin));
        expect(store.confirmed).toEqual(confirmed(twin));
        expect(store.pending).toBe(open.length);
      };
      for (const step of all) {
        if (step.do === 'answer') {
          const [call] = open.splice(open.length ? step.at % open.length : 0, 1);
          if (!call) continue;
          call.settle(step.ok);
          call.told.fate = step.ok ? 'ok' : 'failed';
          await call.made;
          rendered = store.state;
        } else {
          const n = ++last;
          if (step.form !== 'stale') rendered = store.state;
          const render = rendered;
          const make = edit(step.do, n, render, 'at' in step ? step.at : 0);
          const [shows, saves] = [make(-n), make(n)];
          const told: Told = { shows, confirms: step.form === 'nothing' ? shows : saves, fate: 'pending' };
          let settle!: (ok: boolean) => void;
          const answer = new Promise<void>((resolve, reject) => {
            settle = (ok) => (ok ? resolve() : reject(new Error('no')));
          });
          const made = store.update(shows, async () => {
            await answer;
            if (step.form === 'function') return saves;
            if (step.form !== 'nothing') return saves(render);
          });
          twin.push(told);
          open.push({ settle, made, told });
          // A handler may be of a render before other adds.
          if (step.do !== 'add') rendered = store.state;
        }
        agree();
      }
      while (open.length) {
        const { settle, made, told } = open.pop() as (typeof open)[0];
        settle(true);
        told.fate = 'ok';
        await made;
        agree();
      }
    }),
    { numRuns: 500 },
  );
}, 60_000);
