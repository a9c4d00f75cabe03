import { TuttiError } from '../error.ts';

interface Job {
  run(): Promise<void>;
  reject(error: TuttiError): void;
}

/** Functions that wait for the network, in memory and in order (rule NET-5). */
export class Jobs {
  readonly #most: number;
  readonly #waiting: Job[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Calls a function later; the promise is settled as its own is. */
  add<A>(f: () => Promise<A>): Promise<A> {
    if (this.size >= this.#most) return Promise.reject(new TuttiError('queue_full'));
    return new Promise((resolve, reject) => {
      const run = (): Promise<void> => f().then(resolve, reject);
      this.#waiting.push({ run, reject });
    });
  }

  /** Calls the first one; undefined if there is none. */
  next(): Promise<void> | undefined {
    return this.#waiting.shift()?.run();
  }

  /** None is ever called. */
  end(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new TuttiError('closed'));
  }
}
