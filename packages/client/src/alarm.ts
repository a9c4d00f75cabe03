/** Timers as the platform has them. */
export interface Timers {
  setTimeout(f: () => void, ms: number): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: a number in browsers, an object in Node
  clearTimeout(timer: any): void;
}

/** The longest that a platform's timer can wait. */
const longest = 2 ** 31 - 1;

/** A timer that is later than this was held up, as was all else in the process: */
const late = 500;
/** what came meanwhile is heard first. */
const pause = 50;

/**
 * One timer for the core's one wish. A wish that moves to later leaves the
 * timer as it is: a timer that rings early looks at the wish and is set again.
 *
 * After a stall of the process, timers may run before what arrived meanwhile;
 * then a server that answered in time would be taken for gone. So an alarm that
 * is late waits once more, for a moment.
 */
export class Alarm {
  readonly #timers: Timers;
  readonly #now: () => number;
  readonly #ring: () => void;
  #wish = Infinity;
  #timer: unknown;
  #setFor = Infinity;

  constructor(timers: Timers, now: () => number, ring: () => void) {
    this.#timers = timers;
    this.#now = now;
    this.#ring = ring;
  }

  /** Rings at that time; null: not at all. */
  set(until: number | null): void {
    this.#wish = until ?? Infinity;
    if (this.#wish < this.#setFor || this.#wish === Infinity) this.#arm();
  }

  #arm(least = 0): void {
    if (this.#setFor !== Infinity) this.#timers.clearTimeout(this.#timer);
    this.#setFor = this.#wish;
    if (this.#wish === Infinity) return;
    const wait = Math.min(Math.max(Math.ceil(this.#wish - this.#now()), least), longest);
    const due = this.#now() + wait;
    this.#timer = this.#timers.setTimeout(() => {
      this.#setFor = Infinity;
      if (!least && this.#now() - due > late) return this.#arm(pause);
      if (this.#now() >= this.#wish) this.#ring();
      if (this.#wish < this.#setFor) this.#arm();
    }, wait);
  }
}
