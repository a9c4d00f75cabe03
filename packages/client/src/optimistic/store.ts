import { type Key, merge } from './merge.ts';

/** What an action has to work with. */
export interface ActionContext<S> {
  /** The confirmed state when the update was made, without what was under way. */
  readonly confirmed: S;
  /** Aborted by `stop`. */
  readonly signal: AbortSignal;
}

/**
 * What an action tells of its success: what it does to the confirmed state, or
 * nothing (that is what was shown), or a whole state, which is merged.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: an action may return nothing
export type ActionResult<S> = ((confirmed: S) => S) | S | undefined | void;

/** Carries out an update, at the server say. What it throws is why it failed. */
export type Action<S> = (context: ActionContext<S>) => ActionResult<S> | PromiseLike<ActionResult<S>>;

/** What has become of an update. */
export type Outcome =
  | { readonly ok: true; readonly error?: undefined }
  | { readonly ok: false; readonly error: unknown };

export interface UpdateOptions {
  /** What identifies an item where an action returns a whole state; the field `id` if absent. */
  key?: Key;
}

export interface OptimisticOptions extends UpdateOptions {
  /** Told why an update failed. */
  onError?: ((error: unknown) => void) | undefined;
}

/** An update that is under way, or settled behind one that is. */
interface Update<S> {
  /** What it does to a state. */
  effect: (state: S) => S;
  settled: boolean;
}

const nothing = <S>(state: S): S => state;

/** So many updates are kept, under way or settled behind one that is. */
const most = 1000;

/**
 * A state that shows updates before they are confirmed. Kept are the confirmed
 * state and the updates in the order of their calls, each with what it does;
 * what is shown is the first with the others applied to it. So an update that
 * fails is left out and the others stay, and it does not matter which is
 * answered first. A snapshot to go back to would take the others with it.
 *
 * Settled updates are taken into the confirmed state once all before them are
 * settled. Functions that make states must be pure: they are called anew
 * whenever something before them has changed. One that throws then does nothing.
 */
export class Optimistic<S> {
  #base: S;
  #updates: Update<S>[] = [];
  #state: S;
  #error: unknown;
  #abort = new AbortController();
  readonly #options: OptimisticOptions;
  readonly #listeners = new Set<readonly [listener: () => void]>();

  /** Use `optimistic`. */
  constructor(initial: S, options: OptimisticOptions) {
    this.#base = this.#state = initial;
    this.#options = options;
  }

  /** What is to be shown: the same value as long as nothing has changed. */
  get state(): S {
    return this.#state;
  }

  /** The state without the updates that are under way. */
  get confirmed(): S {
    return this.#those(true).reduce(this.#apply, this.#base);
  }

  /** How many updates are under way. */
  get pending(): number {
    return this.#those(false).length;
  }

  get isPending(): boolean {
    return this.pending > 0;
  }

  /** Why the latest update that failed did; undefined again when another is made. */
  get error(): unknown {
    return this.#error;
  }

  /** Calls a function whenever something has changed; returns a function that ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const own = [listener] as const;
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  };

  /**
   * Shows what a function makes of the state, at once, and calls the action,
   * once. The promise never rejects. Behind an action that does not end, 1,000
   * updates are kept; the next fails with the code `queue_full`.
   */
  readonly update = async (
    updateFn: (state: S) => S,
    action: Action<S>,
    options?: UpdateOptions,
  ): Promise<Outcome> => {
    const { confirmed, state: shown } = this;
    const { signal } = this.#abort;
    const update: Update<S> = { effect: updateFn, settled: false };
    try {
      if (this.#updates.length >= most)
        throw Object.assign(new Error('Too many updates.'), { code: 'queue_full' });
      updateFn(shown); // what throws now is no update
      this.#updates.push(update);
      this.#error = undefined;
      this.#change();
      const result = await action({ confirmed, signal });
      if (signal.aborted) return { ok: true };
      if (typeof result === 'function') update.effect = result as (confirmed: S) => S;
      else if (result !== undefined) {
        const key = options?.key ?? this.#options.key ?? 'id';
        update.effect = (now) => merge(confirmed, shown, result, now, key) as S;
      }
      update.settled = true;
      this.#change();
      return update.effect === nothing ? { ok: false, error: this.#error } : { ok: true };
    } catch (error) {
      if (!signal.aborted) {
        this.#updates = this.#updates.filter((other) => other !== update);
        void this.#fail(error);
        this.#change();
      }
      return { ok: false, error };
    }
  };

  /** Takes a newer confirmed state, which holds all updates that are settled; those under way stay on top. */
  readonly set = (confirmed: S): void => {
    this.#base = confirmed;
    this.#updates = this.#those(false);
    this.#change();
  };

  /**
   * Gives up what is under way: aborts its signals, takes it back, and tells
   * nobody, now or when it is answered. Later updates are as any.
   */
  readonly stop = (): void => {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#updates = this.#those(true);
    this.#fold();
  };

  /** Tells it behind what is being done. */
  async #fail(error: unknown): Promise<void> {
    this.#error = error;
    await 0;
    this.#options.onError?.(error);
  }

  #change(): void {
    this.#fold();
    for (const [listener] of [...this.#listeners]) void call(listener);
  }

  #fold(): void {
    const updates = this.#updates;
    while (updates[0]?.settled) this.#base = this.#apply(this.#base, updates.shift() as Update<S>);
    this.#state = updates.reduce(this.#apply, this.#base);
  }

  #those(settled: boolean): Update<S>[] {
    return this.#updates.filter((update) => update.settled === settled);
  }

  readonly #apply = (state: S, update: Update<S>): S => {
    try {
      return update.effect(state);
    } catch (error) {
      if (update.settled) {
        update.effect = nothing;
        void this.#fail(error);
      }
      return state;
    }
  };
}

/** What a function of the application throws stops nothing, and is reported as an unhandled rejection. */
async function call(f: () => void): Promise<void> {
  f();
}
