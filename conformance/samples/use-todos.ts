import { useOptimisticState } from '@tutti/react';

export interface Todo {
  id: string;
  text: string;
  done: boolean;
}

/** Yours: REST, GraphQL, a server action. */
export interface Backend {
  save(todo: Todo, signal: AbortSignal): Promise<Todo>;
  remove(id: string, signal: AbortSignal): Promise<void>;
}

const put = (todo: Todo) => (all: Todo[]) =>
  all.some(({ id }) => id === todo.id) ? all.map((one) => (one.id === todo.id ? todo : one)) : [...all, todo];

export function useTodos(initial: Todo[], backend: Backend, onError?: (error: unknown) => void) {
  const [todos, update, isPending, error] = useOptimisticState(initial, { onError });
  const save = (todo: Todo) => update(put(todo), async ({ signal }) => put(await backend.save(todo, signal)));
  return {
    todos,
    isPending,
    error,
    add: (text: string) => save({ id: crypto.randomUUID(), text, done: false }),
    toggle: (todo: Todo) => save({ ...todo, done: !todo.done }),
    remove: (id: string) =>
      update(
        (all) => all.filter((one) => one.id !== id),
        ({ signal }) => backend.remove(id, signal),
      ),
  };
}
