import { CrdtError } from './error.ts';
import { readCount, readId, readTuple } from './payload.ts';
import type { ReplicaOptions } from './replica.ts';
import { compare } from './value.ts';

/** When something was written, and by whom: milliseconds since 1970, a count among equal ones, the replica. */
export type Stamp = readonly [ms: number, count: number, replicaId: string];

export interface ClockOptions extends ReplicaOptions {
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  now?: () => number;
  /** How far ahead of this clock a payload may be stamped, in milliseconds. Default: 60,000. */
  maxSkew?: number;
}

const maxCount = 65_535;

/**
 * A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): a
 * stamp is later than all that this clock has made or seen, and near the time.
 */
export class Clock {
  readonly #now: () => number;
  readonly #maxSkew: number;
  /** The latest stamp that was made or seen, and up to which the replica made its own. */
  #last: Stamp = [-1, 0, ''];
  #own = this.#last;

  constructor({ now = Date.now, maxSkew = 60_000 }: ClockOptions) {
    this.#now = now;
    this.#maxSkew = maxSkew;
  }

  /** Makes a stamp of the replica. Throws clock_skew if what was seen is too far ahead for one. */
  stamp(replicaId: string): Stamp {
    const now = Math.max(0, Math.floor(this.#now()));
    const [ms, count] = this.#last;
    const stamp: Stamp =
      now > ms ? [now, 0, replicaId] : count < maxCount ? [ms, count + 1, replicaId] : [ms + 1, 0, replicaId];
    this.check(stamp);
    this.#last = stamp;
    this.#own = stamp;
    return stamp;
  }

  /** Throws clock_skew if the stamp is too far ahead. */
  check([ms]: Stamp): void {
    if (ms > Math.min(this.#now() + this.#maxSkew, Number.MAX_SAFE_INTEGER))
      throw new CrdtError('clock_skew', `${ms} is more than ${this.#maxSkew} ms ahead of the clock`);
  }

  /** Whether the stamp is the replica's, and later than it made any. */
  isReused(stamp: Stamp, replicaId: string): boolean {
    return stamp[2] === replicaId && compareStamps(stamp, this.#own) > 0;
  }

  /** Later stamps will be after this one. */
  see(stamp: Stamp): void {
    if (compareStamps(stamp, this.#last) > 0) this.#last = stamp;
  }

  /** Every stamp seen so far may be the replica's own. */
  begin(): void {
    this.#own = this.#last;
  }
}

export function compareStamps(a: Stamp, b: Stamp): number {
  return a[0] - b[0] || a[1] - b[1] || compare(a[2], b[2]);
}

export function readStamp(value: unknown, where: string): Stamp {
  const [ms, count, id] = readTuple(value, 3, 3, where);
  return [readCount(ms, where, 0), readCount(count, where, 0, maxCount), readId(id, where)];
}
