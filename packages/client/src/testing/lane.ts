import type { Dice } from './conditions.ts';

/** One way of a connection: what goes in comes out later, in order. */
export class Lane {
  readonly #dice: Dice;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** Lets something happen after the latency, and behind what went before. */
  carry(happen: () => void): void {
    const wait = this.#dice.latency();
    const ready = wait > 0 ? new Promise<void>((resolve) => setTimeout(resolve, wait)) : undefined;
    if (!ready && this.#dice.conditions.latency === undefined) {
      if (!this.#closed) happen();
      return;
    }
    this.#last = Promise.all([this.#last, ready]).then(() => {
      if (!this.#closed) happen();
    });
  }

  /** What is still on its way does not arrive. */
  close(): void {
    this.#closed = true;
  }
}
