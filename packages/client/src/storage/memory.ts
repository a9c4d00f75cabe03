import { TuttiError } from '../error.ts';
import { failed } from './failed.ts';
import type { Storage } from './storage.ts';

/** Rows that live as long as the process, where there is nothing better. */
export function memoryStorage(): Storage {
  const rows = new Map<string, unknown>();
  let closed = false;
  const run = async <A>(f: () => A): Promise<A> => {
    if (closed) throw new TuttiError('closed');
    try {
      return f();
    } catch (error) {
      throw failed(error);
    }
  };
  return {
    durable: false,
    read: (prefix) =>
      run(() => {
        const found = [...rows].filter(([key]) => key.startsWith(prefix));
        return structuredClone(found.sort(([a], [b]) => (a < b ? -1 : 1)));
      }),
    write: (changes) =>
      run(() => {
        for (const [key, value] of structuredClone([...changes]))
          if (value === undefined) rows.delete(key);
          else rows.set(key, value);
      }),
    close: () => {
      closed = true;
    },
    onLost: () => () => {},
  };
}
