import type { Timers } from '../alarm.ts';
import type { Storage } from '../storage/storage.ts';

/** After a failed write the next one is made that much later, in milliseconds. */
const retry = 10_000;

/**
 * Writes rows in batches: what is put while a write is under way goes into the
 * next, and what is put in one turn into one (rule OUT-1). A write that fails
 * is told, and what it was to store is stored with a later one; those who wait
 * for it go on (rule OUT-10).
 */
export class Saver {
  /** All that was put is stored, or on its way. */
  durable: boolean;
  readonly #storage: Storage;
  readonly #timers: Timers;
  readonly #failed: (error: unknown) => void;
  readonly #moved: () => void;
  #changes = new Map<string, unknown>();
  #waiting: (() => void)[] = [];
  #writing: Promise<void> | undefined;
  #due: unknown;

  /** `moved` is called when `durable` is another. */
  constructor(storage: Storage, timers: Timers, failed: (error: unknown) => void, moved: () => void) {
    this.#storage = storage;
    this.#timers = timers;
    this.#failed = failed;
    this.#moved = moved;
    this.durable = storage.durable;
  }

  /** Stores a row; undefined takes it away. */
  put(key: string, value: unknown): void {
    this.#changes.set(key, value);
    this.#schedule();
  }

  /** Calls a function when all that was put up to now is stored. */
  after(stored: () => void): void {
    this.#waiting.push(stored);
    this.#schedule();
  }

  /** When nothing is left to be written. */
  async rest(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  #schedule(): void {
    this.#writing ??= Promise.resolve().then(() => this.#write());
  }

  async #write(): Promise<void> {
    if (this.#due !== undefined) this.#timers.clearTimeout(this.#due);
    this.#due = undefined;
    const was = this.durable;
    const changes = this.#changes;
    const waiting = this.#waiting;
    this.#changes = new Map();
    this.#waiting = [];
    try {
      if (changes.size) await this.#storage.write([...changes]);
      this.durable = this.#storage.durable;
    } catch (error) {
      this.durable = false;
      for (const [key, value] of this.#changes) changes.set(key, value);
      this.#changes = changes;
      this.#due = this.#timers.setTimeout(() => this.#schedule(), retry);
      this.#failed(error);
    }
    this.#writing = undefined;
    if (this.durable !== was) this.#moved();
    if (this.#waiting.length || (this.#changes.size && this.durable)) this.#schedule();
    for (const stored of waiting) stored();
  }
}
