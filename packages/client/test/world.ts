import type { Timers } from '../src/alarm.ts';

/** Numbers from [0, 1) that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Event {
  at: number;
  order: number;
  run: () => void;
}

/** A clock of its own on which everything happens, one event after another. */
export class World {
  now = Date.UTC(2026, 10, 24);
  readonly random: () => number;
  readonly timers: Timers = {
    setTimeout: (f, ms) => this.after(ms, f),
    clearTimeout: (event: Event) => this.#events.delete(event),
  };
  readonly #events = new Set<Event>();
  #order = 0;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  after(ms: number, run: () => void): Event {
    const event = { at: this.now + ms, order: this.#order++, run };
    this.#events.add(event);
    return event;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  chance(p: number): boolean {
    return this.random() < p;
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      let next: Event | undefined;
      for (const e of this.#events)
        if (e.at <= end && (!next || e.at < next.at || (e.at === next.at && e.order < next.order))) next = e;
      if (!next) break;
      this.#events.delete(next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }
}

/** Lets promises that are settled tell those that wait for them, streams among them. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
