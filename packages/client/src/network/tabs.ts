import { TuttiError } from '../error.ts';

/**
 * The tabs that share what is stored, this one among them, by locks of the
 * browser: each holds one while it has something to send. Where there are no locks, no
 * other tab is known, and none is waited for.
 */
export class Tabs {
  readonly id: string;
  readonly #name: string;
  readonly #end = new AbortController();
  #locks: LockManager | undefined;
  #joined: Promise<void> | undefined;
  #leave = (): void => {};

  /** The name is that of what is shared; the id is this tab's own. */
  constructor(locks: LockManager | undefined, name: string, id: string) {
    this.#locks = locks;
    this.#name = `tutti:${name}`;
    this.id = id;
  }

  /** Resolves when the others can see this tab. */
  join(): Promise<void> {
    this.#joined ??= new Promise((resolve) => {
      if (!this.#locks) return resolve();
      const left = new Promise<void>((leave) => {
        this.#leave = leave;
      });
      const held = (): Promise<void> => {
        resolve();
        return left;
      };
      this.#locks.request(this.#tab(this.id), held).catch(() => {
        this.#locks = undefined;
        resolve();
      });
    });
    return this.#joined;
  }

  /** The others do not see it any more. A page that holds a lock is not kept for the way back to it. */
  leave(): void {
    this.#leave();
    this.#joined = undefined;
  }

  /** Which of these tabs live, this one left out. */
  async living(ids: Iterable<string>): Promise<Set<string>> {
    const held = (await this.#locks?.query())?.held ?? [];
    const names = new Set(held.map(({ name }) => name));
    return new Set([...ids].filter((id) => id !== this.id && names.has(this.#tab(id))));
  }

  /** Does something while no other tab does it in the same lane, in turn. Fails with `closed` after `end`. */
  async alone<A>(lane: string, act: () => Promise<A>): Promise<A> {
    const { signal } = this.#end;
    if (signal.aborted) throw new TuttiError('closed');
    if (!this.#locks) return act();
    return this.#locks.request(`${this.#name}lane/${lane}`, { signal }, act);
  }

  end(): void {
    this.#end.abort(new TuttiError('closed'));
    this.leave();
  }

  #tab(id: string): string {
    return `${this.#name}tab/${id}`;
  }
}
