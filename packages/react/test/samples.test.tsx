import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { type Backend, type Todo, useTodos } from '../../../conformance/samples/use-todos.ts';
import App from '../example/app.tsx';
import { doing, Page, Stage } from './stage.tsx';

const read = (file: string) => readFile(join(import.meta.dirname, '..', file), 'utf8');

afterEach(() => vi.unstubAllGlobals());

test('the example is the one of the README, and works', async () => {
  expect(await read('README.md')).toContain(`\`\`\`tsx\n${await read('example/app.tsx')}\`\`\``);
  const { page, server, ...stage } = new Stage();
  vi.stubGlobal('WebSocket', server.WebSocket);
  const pass = () => doing(() => stage.world.pass(1000));
  await page.show(<App />);
  await pass();
  expect([...server.links].map(({ url }) => url)).toEqual(['ws://127.0.0.1:8080/v1/ws']);
  const { element } = page;
  const find = <E extends Element>(what: string) => element.querySelector<E>(what) as E;
  find<HTMLInputElement>('[name=text]').value = 'Tune the oboes';
  await doing(() => find<HTMLFormElement>('form').requestSubmit());
  expect(find('li').textContent).toBe('Tune the oboesDelete');
  await pass();
  await doing(() => find<HTMLInputElement>('[type=checkbox]').click());
  await pass();
  expect(server.log('records:todos').entries.map(({ data }) => data)).toMatchObject([
    { op: 'set', value: { text: 'Tune the oboes', done: false } },
    { op: 'patch', set: { done: true } },
  ]);
  expect(find<HTMLInputElement>('[type=checkbox]').checked).toBe(true);
  await doing(() => find<HTMLButtonElement>('li button').click());
  expect(element.querySelectorAll('li').length).toBe(0);
});

/** A backend that answers when a test says so. */
class Remote implements Backend {
  readonly calls: { what: string; answer(error?: Error): void }[] = [];

  save(todo: Todo): Promise<Todo> {
    return this.#call(`save ${todo.text} ${todo.done}`, { ...todo, text: todo.text.trim() });
  }

  remove(id: string): Promise<void> {
    return this.#call(`remove ${id}`, undefined);
  }

  #call<T>(what: string, result: T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.calls.push({ what, answer: (error) => (error ? reject(error) : resolve(result)) });
    });
  }
}

let todos: ReturnType<typeof useTodos>;
const initial = [{ id: 'a', text: 'oboes', done: false }];

function List({ backend, onError }: { backend: Backend; onError: (error: unknown) => void }) {
  todos = useTodos(initial, backend, onError);
  const lines = todos.todos.map(({ text, done }) => `${text}${done ? '!' : ''}`);
  return `${lines.join(', ')}${todos.isPending ? ' …' : ''}${todos.error ? ' failed' : ''}`;
}

test('the port is the one of the guide, and bears what the thirty lines do not', async () => {
  const sample = await read('../../conformance/samples/use-todos.ts');
  expect(await read('../../docs/guides/optimistic.md')).toContain(`\`\`\`ts\n${sample}\`\`\``);
  const [page, backend, onError] = [new Page(), new Remote(), vi.fn()];
  await page.show(<List backend={backend} onError={onError} />);
  const made = await doing(() => ({
    all: [todos.toggle(initial[0] as Todo), todos.add(' horns '), todos.remove('a')],
  }));
  expect(page.text).toBe(' horns  …');
  await doing(() => backend.calls[2]?.answer(new Error('no')));
  expect(page.text).toBe('oboes!,  horns  … failed');
  await doing(() => backend.calls[1]?.answer());
  await doing(() => backend.calls[0]?.answer());
  expect(page.text).toBe('oboes!, horns failed');
  expect((await Promise.all(made.all)).map(({ ok }) => ok)).toEqual([true, true, false]);
  expect(onError).toHaveBeenCalledTimes(1);
  expect(backend.calls.map(({ what }) => what)).toEqual([
    'save oboes true',
    'save  horns  false',
    'remove a',
  ]);
});
