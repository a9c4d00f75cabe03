/** Lets many do something, each at its own moments: one drawn within each interval. */
export class Rhythm {
  #interval;
  #acts = [];
  #timers = new Set();
  #failed;

  /** `rate` is how often a second each acts. */
  constructor(rate) {
    this.#interval = 1000 / rate;
  }

  add(act) {
    this.#acts.push(act);
  }

  /** They begin one after the other, the last after so many seconds. */
  start(seconds = 0) {
    const begin = performance.now();
    const apart = (seconds * 1000) / this.#acts.length;
    for (const [i, act] of this.#acts.entries()) this.#next(act, begin + i * apart, 0);
  }

  #next(act, begin, turn) {
    const at = begin + (turn + Math.random()) * this.#interval;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        try {
          act();
          this.#next(act, begin, turn + 1);
        } catch (error) {
          this.#failed ??= error;
        }
      },
      Math.max(0, at - performance.now()),
    );
    this.#timers.add(timer);
  }

  /** Resolves after so many seconds; throws if someone could not act. */
  async pass(seconds) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    if (this.#failed) throw this.#failed;
  }

  stop() {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
