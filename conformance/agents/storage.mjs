import { existsSync, watch } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The storage of `@tutti/client` in a directory, for one process at a time: a
 * file of all rows as JSON, which each write replaces. What is taken away is
 * told, and what is written then begins anew.
 */
export async function fileStorage(directory) {
  const file = join(directory, 'rows.json');
  const listeners = new Set();
  let rows = new Map();
  let watcher;
  let stored = existsSync(file);
  let closed = false;
  let last = Promise.resolve();

  if (stored) rows = new Map(JSON.parse(await readFile(file, 'utf8')));

  /** Sees whether what was stored is gone. */
  const look = () => {
    if (!stored || existsSync(file)) return;
    stored = false;
    rows.clear();
    watcher?.close();
    watcher = undefined;
    for (const told of listeners) told();
  };
  const store = async (changed) => {
    await mkdir(directory, { recursive: true });
    await writeFile(`${file}.new`, JSON.stringify([...changed]), { flush: true });
    try {
      await rename(`${file}.new`, file);
    } catch (error) {
      if (existsSync(directory)) throw error;
      return store(changed); // it was taken away meanwhile
    }
    watcher ??= watch(directory, { persistent: false }, look).on('error', look);
    stored = true;
  };
  /** One after the other. */
  const queued = (f) => {
    if (closed) return Promise.reject(new Error('closed'));
    const done = last.then(() => {
      look();
      return f();
    });
    last = done.catch(() => {});
    return done;
  };

  return {
    durable: true,
    read: (prefix) =>
      queued(() => {
        const found = [...rows].filter(([key]) => key.startsWith(prefix));
        return structuredClone(found.sort(([a], [b]) => (a < b ? -1 : 1)));
      }),
    write: (changes) => {
      const made = structuredClone([...changes]);
      return queued(async () => {
        const changed = new Map(rows);
        for (const [key, value] of made)
          if (value === undefined) changed.delete(key);
          else changed.set(key, value);
        await store(changed);
        rows = changed;
      });
    },
    close() {
      closed = true;
      last = last.then(() => watcher?.close());
    },
    onLost(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
