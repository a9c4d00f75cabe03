interface Held {
  name: string;
  tab: string;
  end(): void;
}

type Callback = () => Promise<unknown>;

/** The locks of a browser, in which tabs can die. */
export class Locks {
  #held: Held[] = [];
  readonly #dead = new Set<string>();
  #queue: { name: string; tab: string; start(): void }[] = [];

  /** What one tab sees of it. */
  of(tab: string): LockManager {
    const request = async (name: string, ...rest: unknown[]): Promise<unknown> => {
      const act = rest.at(-1) as Callback;
      const { signal } = (rest.length > 1 ? rest[0] : {}) as { signal?: AbortSignal };
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          this.#queue = this.#queue.filter((other) => other !== one);
          reject(signal?.reason);
        };
        const start = (): void => {
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        const one = { name, tab, start };
        if (!this.#dead.has(tab)) this.#queue.push(one);
        signal?.addEventListener('abort', abort);
        this.#grant();
      });
      const end = (): void => this.#release(held);
      const held: Held = { name, tab, end };
      this.#held[this.#held.findIndex((h) => h.name === name)] = held;
      return act().finally(end);
    };
    const query = async () => ({ held: this.#held.map(({ name }) => ({ name })) });
    return { request, query } as unknown as LockManager;
  }

  /** A tab is gone, with what it held and asked for. */
  kill(tab: string): void {
    this.#dead.add(tab);
    this.#queue = this.#queue.filter((one) => one.tab !== tab);
    for (const held of this.#held.filter((one) => one.tab === tab)) held.end();
  }

  #release(held: Held): void {
    this.#held = this.#held.filter((one) => one !== held);
    this.#grant();
  }

  #grant(): void {
    for (const one of [...this.#queue]) {
      if (this.#held.some(({ name }) => name === one.name)) continue;
      this.#queue.splice(this.#queue.indexOf(one), 1);
      this.#held.push({ name: one.name, tab: one.tab, end: () => {} });
      one.start();
    }
  }
}
