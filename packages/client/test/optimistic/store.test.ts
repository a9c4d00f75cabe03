import { describe, expect, test, vi } from 'vitest';
import { type Action, type Optimistic, type OptimisticOptions, optimistic } from '../../src/optimistic.ts';

interface Todo {
  id: string;
  text: string;
  done?: boolean;
  saved?: boolean;
}

/** An action whose answer is a test's to give. */
class Call<S> {
  readonly action = vi.fn<Action<S>>(() => this.#answer);
  resolve!: (result?: unknown) => void;
  reject!: (error: unknown) => void;
  readonly #answer = new Promise<never>((resolve, reject) => {
    this.resolve = resolve as (result?: unknown) => void;
    this.reject = reject;
  });

  get signal(): AbortSignal {
    const [[context] = []] = this.action.mock.calls;
    if (!context) throw new Error('it was not called');
    return context.signal;
  }
}

const add = (todo: Todo) => (todos: Todo[]) => [...todos, todo];
const ids = (store: Optimistic<Todo[]>) => store.state.map(({ id }) => id);
const a: Todo = { id: 'a', text: 'oboes' };

function setUp(options?: OptimisticOptions) {
  const errors: unknown[] = [];
  const store = optimistic([a], { onError: (error) => errors.push(error), ...options });
  const states: string[] = [];
  store.subscribe(() => states.push(`${ids(store).join('')} ${store.pending}`));
  return { store, errors, states };
}

describe('an update', () => {
  test('OPTIMISTIC-1 shows at once, and what the action returns is confirmed', async () => {
    const { store, states } = setUp();
    const call = new Call<Todo[]>();
    const before = store.state;
    const made = store.update(add({ id: 'b', text: 'horns' }), call.action);
    expect(call.action.mock.calls).toEqual([[{ confirmed: before, signal: expect.any(AbortSignal) }]]);
    expect([ids(store), store.confirmed, store.isPending]).toEqual([['a', 'b'], before, true]);
    call.resolve(add({ id: 'b', text: 'horns', saved: true }));
    expect(await made).toEqual({ ok: true });
    expect(store.state).toEqual([a, { id: 'b', text: 'horns', saved: true }]);
    expect([store.confirmed, store.isPending, store.error]).toEqual([store.state, false, undefined]);
    expect(states).toEqual(['ab 1', 'ab 0']);
  });

  test('OPTIMISTIC-2 with an action that returns nothing keeps its effect', async () => {
    const { store } = setUp();
    expect(await store.update(add({ id: 'b', text: 'horns' }), () => {})).toEqual({ ok: true });
    expect(ids(store)).toEqual(['a', 'b']);
    store.set([]);
    expect(ids(store)).toEqual([]);
  });

  test.each(['rejects', 'throws at once', 'has a function that throws'])(
    'OPTIMISTIC-4 whose action %s is taken back alone, and its promise does not reject',
    async (how) => {
      const { store, errors } = setUp();
      const [first, third] = [new Call<Todo[]>(), new Call<Todo[]>()];
      const failure = new Error('no');
      const made = [store.update(add({ id: 'b', text: '' }), first.action)];
      made.push(
        store.update(add({ id: 'c', text: '' }), () => {
          if (how === 'rejects') return Promise.reject(failure);
          if (how === 'throws at once') throw failure;
          return () => {
            throw failure;
          };
        }),
      );
      made.push(store.update(add({ id: 'd', text: '' }), third.action));
      expect(await made[1]).toEqual({ ok: false, error: failure });
      expect([ids(store), store.pending, errors]).toEqual([['a', 'b', 'd'], 2, [failure]]);
      third.resolve();
      first.resolve();
      expect(await Promise.all(made)).toMatchObject([{ ok: true }, { ok: false }, { ok: true }]);
      expect(ids(store)).toEqual(['a', 'b', 'd']);
      await store.update(
        (todos) => todos,
        () => {},
      );
      expect([store.error, errors]).toEqual([undefined, [failure]]);
      await store.update(
        (todos) => todos,
        () => Promise.reject(failure),
      );
      expect(store.error).toBe(failure);
    },
  );

  test('OPTIMISTIC-4 whose function throws calls no action', async () => {
    const { store, errors } = setUp();
    const action = vi.fn();
    const failure = new Error('no');
    const made = await store.update(() => {
      throw failure;
    }, action);
    expect([made, errors, action.mock.calls, ids(store)]).toEqual([
      { ok: false, error: failure },
      [failure],
      [],
      ['a'],
    ]);
  });

  test('OPTIMISTIC-4 whose function can do nothing any more does nothing while it is under way', async () => {
    const store = optimistic<{ n?: { of: number } }>({ n: { of: 1 } });
    const call = new Call<{ n?: { of: number } }>();
    const made = store.update(({ n }) => {
      if (!n) throw new Error('gone');
      return { n: { of: n.of + 1 } };
    }, call.action);
    store.set({});
    expect([store.state, store.error]).toEqual([{}, undefined]);
    store.set({ n: { of: 5 } });
    expect(store.state).toEqual({ n: { of: 6 } });
    call.resolve();
    expect(await made).toEqual({ ok: true });
  });

  test.each([
    [0, 1],
    [1, 0],
  ])('OPTIMISTIC-3 is at its place, whichever is answered first: %i %i', async (...order) => {
    const { store, states } = setUp();
    const calls = [new Call<Todo[]>(), new Call<Todo[]>()];
    const made = calls.map(({ action }, i) => store.update(add({ id: `b${i}`, text: '' }), action));
    for (const i of order) {
      calls[i]?.resolve(add({ id: `c${i}`, text: '' }));
      await made[i];
    }
    expect(ids(store)).toEqual(['a', 'c0', 'c1']);
    expect(states.at(-1)).toBe('ac0c1 0');
  });

  test('OPTIMISTIC-3 is beneath what is confirmed by others', async () => {
    const { store } = setUp();
    const [first, second] = [new Call<Todo[]>(), new Call<Todo[]>()];
    const made = [
      store.update(add({ id: 'b', text: '' }), first.action),
      store.update(add({ id: 'c', text: '' }), second.action),
    ];
    second.resolve();
    await made[1];
    expect([ids(store), store.confirmed.map(({ id }) => id)]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'c'],
    ]);
    // A fetch that was answered now holds what is settled.
    store.set([a, { id: 'c', text: '' }, { id: 'x', text: '' }]);
    expect(ids(store)).toEqual(['a', 'c', 'x', 'b']);
    first.reject(new Error('no'));
    await made[0];
    expect(ids(store)).toEqual(['a', 'c', 'x']);
  });

  test('OPTIMISTIC-7 that is settled with none before it is kept no more', async () => {
    const store = optimistic(0);
    for (let i = 0; i < 1001; i++)
      await store.update(
        (n) => n + 1,
        () => {},
      );
    expect([store.state, store.error]).toEqual([1001, undefined]);
  });

  test('OPTIMISTIC-7 behind 1,000 that wait is refused', async () => {
    const store = optimistic(0);
    void store.update(
      (n) => n + 1,
      () => new Promise(() => {}),
    );
    for (let i = 1; i < 1000; i++)
      await store.update(
        (n) => n + 1,
        () => {},
      );
    const action = vi.fn();
    const made = await store.update((n) => n + 1, action);
    expect([made, action.mock.calls, store.state]).toMatchObject([
      { ok: false, error: { code: 'queue_full' } },
      [],
      1000,
    ]);
  });
});

describe('stop', () => {
  test.each(['is answered', 'fails'])('OPTIMISTIC-6 aborts, and what %s later sets nothing', async (how) => {
    const { store, errors, states } = setUp();
    const call = new Call<Todo[]>();
    const made = store.update(add({ id: 'b', text: '' }), call.action);
    store.stop();
    expect([call.signal.aborted, ids(store), store.pending]).toEqual([true, ['a'], 0]);
    if (how === 'fails') call.reject(new Error('no'));
    else call.resolve(add({ id: 'c', text: '' }));
    expect((await made).ok).toBe(how !== 'fails');
    expect([ids(store), store.error, errors, states]).toEqual([['a'], undefined, [], ['ab 1']]);
  });

  test('OPTIMISTIC-6 leaves what is settled, and later updates are as any', async () => {
    const { store, states } = setUp();
    void store.update(add({ id: 'b', text: '' }), () => new Promise(() => {}));
    await store.update(add({ id: 'c', text: '' }), () => {});
    store.stop();
    expect(ids(store)).toEqual(['a', 'c']);
    const call = new Call<Todo[]>();
    const made = store.update(add({ id: 'd', text: '' }), call.action);
    expect(call.signal.aborted).toBe(false);
    call.resolve();
    await made;
    expect(states.at(-1)).toBe('acd 0');
  });
});

test('a listener that throws stops no other, and a failing onError nothing', async () => {
  const thrown: unknown[] = [];
  const catchIt = (error: unknown): void => void thrown.push((error as Error).message);
  process.on('unhandledRejection', catchIt);
  const store = optimistic(0, {
    onError: () => {
      throw new Error('of onError');
    },
  });
  store.subscribe(() => {
    throw new Error('of a listener');
  });
  const told = vi.fn();
  const stop = store.subscribe(told);
  const made = await store.update(
    (n) => n + 1,
    () => Promise.reject(new Error('no')),
  );
  stop();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', catchIt);
  expect(made.ok).toBe(false);
  expect(told).toHaveBeenCalledTimes(2);
  expect(thrown).toEqual(['of a listener', 'of a listener', 'of onError']);
});
