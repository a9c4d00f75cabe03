import type { RecordsHandle } from '@tutti/client';
import { useCallback, useEffect, useState } from 'react';
import { Notes, type Todo } from '../notes.ts';

/** What a visitor is told of changes that were rejected, until there is a new one or it is dismissed. */
export function useNotes(list: RecordsHandle<Todo>): readonly [notes: Notes, dismiss: (key: string) => void] {
  const [{ notes }, setNotes] = useState(() => ({ notes: new Notes() }));
  useEffect(
    () =>
      list.onMutation((mutation) => {
        const { status, keys } = mutation;
        if (status === 'pending') notes.clear(keys);
        else if (status === 'rejected') notes.reject(mutation, (key) => list.get(key));
        else return;
        setNotes({ notes });
      }),
    [list, notes],
  );
  const dismiss = useCallback(
    (key: string) => {
      notes.clear([key]);
      setNotes({ notes });
    },
    [notes],
  );
  return [notes, dismiss];
}
