/**
 * Numbers that look random and follow from a seed, by 32-bit arithmetic that is
 * the same in Go (mulberry32 by Tommy Ettinger).
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 on, and less than n. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  }

  /** One of some values. */
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}
