import { CrdtError } from './error.ts';

/** Where states are kept as text: localStorage, or anything like it, asynchronous or not. */
export interface Storage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, text: string): unknown;
}

/** What is needed of navigator.locks. */
export interface LockManager {
  request(
    name: string,
    options: { ifAvailable: true },
    hold: (lock: unknown) => Promise<void>,
  ): Promise<unknown>;
}

/** A key of the storage that this instance writes until it leaves. */
export interface Place {
  key: string;
  index: number;
  /** Others may write it too. */
  shared: boolean;
  leave: () => void;
}

/** As many have a place of their own. */
export const maxPlaces = 100;

export function keyOf(name: string, place: number): string {
  return place ? `${name}/${place}` : name;
}

/**
 * Takes the first place of the name that is free. Those for whom there is none
 * share the one behind all others, and all share the first if there are no locks.
 */
export async function takePlace(locks: LockManager | undefined, name: string): Promise<Place> {
  for (let i = 0; locks && i < maxPlaces; i++) {
    const key = keyOf(name, i);
    const leave = await lock(locks, `tutti:crdt:${key}`);
    if (leave) return { key, index: i, shared: false, leave };
  }
  const index = locks ? maxPlaces : 0;
  return { key: keyOf(name, index), index, shared: true, leave: () => {} };
}

/** Resolves to the function that unlocks, or to undefined if another holds the lock. */
function lock(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const hold = (granted: unknown) =>
      new Promise<void>((release) => {
        if (granted) return resolve(release);
        resolve(undefined);
        release();
      });
    locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}

/** The payload that is stored under the key, if there is one. Rejects with bad_payload if it is no JSON. */
export async function readKept(storage: Storage, key: string): Promise<unknown> {
  const text = await storage.getItem(key);
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new CrdtError('bad_payload', `what is stored under ${key} is not JSON`);
  }
}
