import { Optimistic, type OptimisticOptions, optimistic } from '@tutti/client/optimistic';
import { useEffect, useInsertionEffect, useRef, useState, useSyncExternalStore } from 'react';

/**
 * A state that shows updates before they are confirmed, by whichever backend.
 * `update(updateFn, action)` shows `updateFn(state)` at once; what the action
 * returns is confirmed: best a function `confirmed => next`. One that fails is
 * taken back alone. `error` is that of the latest failure until the next update.
 *
 * Of a store, made by `optimistic` outside, others can `set` what is confirmed,
 * and it outlives the component; the options are its own. Otherwise what is
 * under way is aborted when the component is unmounted.
 */
export function useOptimisticState<S>(
  initial: S | Optimistic<S>,
  options: OptimisticOptions = {},
): [state: S, update: Optimistic<S>['update'], isPending: boolean, error: unknown] {
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const given = initial instanceof Optimistic;
  const [own] = useState(() => {
    const { key } = options;
    const onError = (error: unknown) => latest.current.onError?.(error);
    return optimistic(given ? initial.state : initial, { onError, ...(key && { key }) });
  });
  useInsertionEffect(() => own.stop, [own]); // what an <Activity> hides goes on
  const store = given ? initial : own;
  const state = useRead(store, () => store.state);
  const isPending = useRead(store, () => store.isPending);
  const error = useRead(store, () => store.error);
  return [state, store.update, isPending, error];
}

function useRead<S, V>(store: Optimistic<S>, read: () => V): V {
  return useSyncExternalStore(store.subscribe, read, read);
}
