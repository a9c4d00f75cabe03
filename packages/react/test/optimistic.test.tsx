import { type Optimistic, optimistic } from '@tutti/client/optimistic';
import { Activity, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import { useOptimisticState } from '../src/index.ts';
import { doing, Page } from './stage.tsx';

interface Todo {
  id: number;
  text: string;
}

/** A backend that answers when a test says so. */
class Backend {
  readonly calls: { text: string; signal: AbortSignal; answer(error?: Error): void }[] = [];
  #id = 100;

  readonly save = (text: string, signal: AbortSignal): Promise<Todo> =>
    new Promise((resolve, reject) => {
      const id = ++this.#id;
      this.calls.push({ text, signal, answer: (e) => (e ? reject(e) : resolve({ id, text })) });
    });
}

let add: (text: string) => Promise<{ ok: boolean }>;
let fresh = 0;

interface Props {
  backend: Backend;
  onError?: (error: unknown) => void;
  store?: Optimistic<Todo[]>;
}

function Todos({ backend, onError, store }: Props) {
  const [todos, update, isPending, error] = useOptimisticState<Todo[]>(store ?? [], { onError });
  add = (text) =>
    update(
      (shown) => [...shown, { id: --fresh, text }],
      async ({ signal }) => [...todos, await backend.save(text, signal)],
    );
  const failed = error instanceof Error ? ` ${error.message}` : '';
  return `${todos.map(({ id, text }) => text + (id < 0 ? '?' : '')).join(' ')}${isPending ? ' …' : ''}${failed}`;
}

describe.each([false, true])('useOptimisticState, StrictMode: %s', (strict) => {
  const inMode = (props: Props) =>
    strict ? <StrictMode>{<Todos {...props} />}</StrictMode> : <Todos {...props} />;

  test.skipIf(!Activity)(
    'OPTIMISTIC-6 what an <Activity> hides goes on, and shows when it is seen again',
    async () => {
      const [page, backend] = [new Page(), new Backend()];
      const show = (mode: 'visible' | 'hidden') =>
        page.show(<Activity mode={mode}>{inMode({ backend })}</Activity>);
      await show('visible');
      await doing(() => void add('a'));
      await show('hidden');
      expect(backend.calls[0]?.signal.aborted).toBe(false);
      await doing(() => backend.calls[0]?.answer());
      await show('visible');
      expect(page.text).toBe('a');
    },
  );

  test.each([
    [0, 1],
    [1, 0],
  ])(
    'OPTIMISTIC-5 two overlapping adds, each of what was rendered, lose and double neither: %i %i',
    async (...order) => {
      const [page, backend] = [new Page(), new Backend()];
      await page.show(inMode({ backend }));
      await doing(() => void add('a'));
      expect(page.text).toBe('a? …');
      await doing(() => void add('b'));
      expect(page.text).toBe('a? b? …');
      for (const i of order) await doing(() => backend.calls[i]?.answer());
      expect(page.text).toBe('a b');
      expect(backend.calls.map(({ text }) => text)).toEqual(['a', 'b']);
    },
  );

  test('OPTIMISTIC-4 three in flight, and the middle one fails', async () => {
    const [page, backend, onError] = [new Page(), new Backend(), vi.fn()];
    await page.show(inMode({ backend, onError: () => {} }));
    await page.show(inMode({ backend, onError }));
    const made = await doing(() => ({ all: ['a', 'b', 'c'].map((text) => add(text)) }));
    expect(page.text).toBe('a? b? c? …');
    const no = new Error('no');
    await doing(() => backend.calls[1]?.answer(no));
    expect(page.text).toBe('a? c? … no');
    await doing(() => backend.calls[2]?.answer());
    await doing(() => backend.calls[0]?.answer());
    expect(page.text).toBe('a c no');
    expect((await Promise.all(made.all)).map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(onError.mock.calls).toEqual([[no]]);
  });

  test('OPTIMISTIC-6 what is under way is aborted when it is unmounted', async () => {
    const [page, backend, onError] = [new Page(), new Backend(), vi.fn()];
    await page.show(inMode({ backend, onError }));
    const { made } = await doing(() => ({ made: add('a') }));
    expect(backend.calls[0]?.signal.aborted).toBe(false);
    await page.unmount();
    expect(backend.calls[0]?.signal.aborted).toBe(true);
    await doing(() => backend.calls[0]?.answer(new Error('aborted')));
    expect(await made).toMatchObject({ ok: false });
    expect(onError).not.toHaveBeenCalled();
  });

  test('a store outlives the component, and is set from outside', async () => {
    const [page, backend] = [new Page(), new Backend()];
    const store = optimistic<Todo[]>([{ id: 1, text: 'x' }]);
    await page.show(inMode({ backend, store }));
    await doing(() => void add('a'));
    await doing(() => store.set([{ id: 2, text: 'y' }]));
    expect(page.text).toBe('y a? …');
    await page.unmount();
    expect(backend.calls[0]?.signal.aborted).toBe(false);
    backend.calls[0]?.answer();
    await vi.waitFor(() => expect(store.isPending).toBe(false));
    expect(store.state.map(({ text }) => text)).toEqual(['y', 'a']);
  });

  test('a server shows the initial state', () => {
    const store = optimistic<Todo[]>([{ id: 1, text: 'x' }]);
    expect(renderToString(inMode({ backend: new Backend(), store }))).toBe('x');
  });
});
