import type { ClockOptions } from './clock.ts';
import { Kept } from './kept.ts';
import { keyOf, type LockManager, maxPlaces, readKept, type Storage, takePlace } from './place.ts';
import { type AnyReplica, adopt } from './replica.ts';

export interface OpenOptions extends ClockOptions {
  storage: Storage;
  /** `navigator.locks`; insecure pages have none. */
  locks?: LockManager | undefined;
  /** Told of each write that failed. The next change writes again, and so does `saved()`. */
  onError?: (error: unknown) => void;
}

/**
 * Opens what is kept under the name, and keeps it: it is written at once, and
 * each change at the end of the turn that made it.
 *
 * Tabs that have one name open at a time have each a place of its own in the
 * storage, which a lock holds: `name`, `name/1`, `name/2` and so on. Whoever
 * opens takes the first free place, resumes the replica id that was there, and
 * takes in what the other places hold. So there are as many ids as there were
 * tabs at a time, and no id lives twice.
 *
 * Without locks nobody knows who else is there. The replica then has a fresh
 * id each time, and shares the place `name`: it takes in what is there before
 * it writes. Of two that write at the same moment one is missing there until its
 * next change. So it is for those that come when a hundred have the name open,
 * in `name/100`.
 *
 * Where the storage is asynchronous, await `saved()` before you send what you
 * changed: an id is resumed with the state that was stored.
 *
 * Rejects with bad_payload if what is stored is damaged.
 */
export async function open<R extends AnyReplica>(
  Type: new (options?: ClockOptions) => R,
  name: string,
  options: OpenOptions,
): Promise<Kept<R>> {
  const { storage, locks, onError } = options;
  const replica = new Type(options);
  const place = await takePlace(locks, name);
  try {
    // Places may be empty between others: whoever has one may not have written yet.
    const places = Array.from({ length: maxPlaces + 1 }, (_, i) => readKept(storage, keyOf(name, i)));
    for (const [i, kept] of (await Promise.all(places)).entries()) {
      if (kept === undefined) continue;
      if (i === place.index && !place.shared) replica.resume(kept);
      else adopt(replica, kept);
    }
  } catch (error) {
    place.leave();
    throw error;
  }
  return new Kept(replica, storage, place, onError);
}
