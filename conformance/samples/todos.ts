import { type Client, connect, type Mutation } from '@tutti/client';

interface Todo {
  text: string;
  done: boolean;
}

export function todoList(topic: string, client: Client = connect()) {
  const todos = client.records<Todo>(topic);
  const rejected = new Map<string, Mutation>();
  todos.onMutation((change) => {
    for (const key of change.keys)
      if (change.status === 'rejected') rejected.set(key, change);
      else if (change.status === 'pending') rejected.delete(key);
  });
  const state = (key: string) =>
    todos.pending(key).length ? 'pending' : rejected.has(key) ? 'rejected' : 'confirmed';
  return {
    add: (text: string) => todos.insert({ text, done: false }),
    toggle: (key: string) => todos.patch(key, { done: !todos.get(key)?.done }),
    remove: (key: string) => todos.delete(key),
    undo: () => todos.undo(),
    /** Calls a function when there is something else to show. */
    follow: (listener: () => void) => {
      const stops = [todos.subscribe(listener), todos.onMutation(listener)];
      return () => stops.forEach((stop) => void stop());
    },
    lines: () => [
      ...todos.entries().map(([key, todo]) => ({ key, ...todo, state: state(key) })),
      ...[...rejected]
        .filter(([key]) => !todos.has(key))
        .map(([key, change]) => ({ key, ...(change.local as Todo), state: 'rejected' })),
    ],
    close: () => todos.close(),
  };
}
