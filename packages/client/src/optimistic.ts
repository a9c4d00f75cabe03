import { Optimistic, type OptimisticOptions } from './optimistic/store.ts';

/**
 * Makes a state that shows updates before a backend, whichever it is, has
 * confirmed them:
 *
 *     const todos = optimistic<Todo[]>([], { onError: (error) => toast(error) });
 *
 *     todos.update(
 *       (shown) => [...shown, { id, text }],
 *       async ({ signal }) => {
 *         const saved = await api.add(id, text, signal);
 *         return (confirmed) => [...confirmed, saved];
 *       },
 *     );
 */
export function optimistic<S>(initial: S, options: OptimisticOptions = {}): Optimistic<S> {
  return new Optimistic(initial, options);
}

export type { Key } from './optimistic/merge.ts';
export {
  type Action,
  type ActionContext,
  type ActionResult,
  Optimistic,
  type OptimisticOptions,
  type Outcome,
  type UpdateOptions,
} from './optimistic/store.ts';
