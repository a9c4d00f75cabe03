/** What a simulated network does. All of it may be changed while clients run. */
export interface Conditions {
  /** Nothing gets through, and what is connected is cut. */
  offline?: boolean;
  /** Milliseconds that everything takes, each way; a pair: at random between the two. Order is kept. */
  latency?: number | readonly [least: number, most: number];
  /** How likely, from 0 to 1, a frame or request is lost, and its connection with it. */
  loss?: number;
  /** How likely an acknowledgement is lost on its way back, and its connection with it: the entry is in the log. */
  ackLoss?: number;
  /**
   * Which entries are rejected, as the application's hook on the server might:
   * true, or the error's message. They do not reach the server.
   */
  reject?: ((entry: { topic: string; name?: string; data: unknown }) => boolean | string) | undefined;
}

/** Draws from the conditions. */
export class Dice {
  conditions: Conditions;
  readonly #random: () => number;

  constructor(conditions: Conditions, random: () => number) {
    this.conditions = conditions;
    this.#random = random;
  }

  /** Whether something of this likelihood happens. */
  happens(likelihood = 0): boolean {
    return likelihood > 0 && this.#random() < likelihood;
  }

  latency(): number {
    const { latency = 0 } = this.conditions;
    if (typeof latency === 'number') return latency;
    return latency[0] + this.#random() * (latency[1] - latency[0]);
  }
}
