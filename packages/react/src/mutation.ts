import type { Mutation, TuttiError } from '@tutti/client';
import { useCallback, useState } from 'react';

/** What has become of the mutations that a component made. */
export interface MutationState {
  /** How many are not settled. */
  readonly pending: number;
  readonly isPending: boolean;
  /** Why the latest that was rejected was; undefined again when another is made. */
  readonly error: TuttiError | undefined;
}

/**
 * Follows what becomes of mutations:
 *
 *     const [rename, { isPending, error }] = useMutation((text: string) => todos.patch(key, { text }));
 *
 * A function that makes none, as `undo` may, changes nothing.
 */
export function useMutation<A extends unknown[], M extends Mutation | undefined>(
  make: (...args: A) => M,
): readonly [run: (...args: A) => M, state: MutationState] {
  const [{ pending, error }, setState] = useState<Pick<MutationState, 'pending' | 'error'>>({
    pending: 0,
    error: undefined,
  });
  const run = useCallback(
    (...args: A): M => {
      const mutation = make(...args);
      if (!mutation) return mutation;
      setState((before) => ({ pending: before.pending + 1, error: undefined }));
      const settled = (failure: TuttiError | undefined): void =>
        setState((before) => ({ pending: before.pending - 1, error: failure ?? before.error }));
      mutation.server.then(
        () => settled(undefined),
        (failure) => settled(mutation.status === 'cancelled' ? undefined : failure),
      );
      return mutation;
    },
    [make],
  );
  return [run, { pending, isPending: pending > 0, error }];
}
