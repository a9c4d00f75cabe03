/** What a count of something that is numbered 1, 2, 3, … came to. */
export interface Counts {
  received: number;
  /** Numbers that were passed over. */
  missed: number;
  /** Numbers that came again, or late. */
  doubled: number;
}

/**
 * Counts what comes of several sequences that are each numbered without holes.
 * A sequence may be joined at any number; from there on it grows by one.
 */
export class Tally {
  readonly #last = new Map<string, number>();
  #received = 0;
  #missed = 0;
  #doubled = 0;

  /** Counts number n of a sequence, behind `skipped` numbers that its author took back. */
  take(sequence: string, n: number, skipped = 0): void {
    this.#received++;
    const last = this.#last.get(sequence);
    if (last !== undefined && n <= last) {
      this.#doubled++;
      return;
    }
    if (last !== undefined) this.#missed += Math.max(0, n - last - 1 - skipped);
    this.#last.set(sequence, n);
  }

  /** A sequence starts anew behind n. */
  restart(sequence: string, n: number): void {
    this.#last.set(sequence, n);
  }

  get counts(): Counts {
    return { received: this.#received, missed: this.#missed, doubled: this.#doubled };
  }
}
