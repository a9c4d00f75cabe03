import type { Timers } from '../alarm.ts';
import { TuttiError } from '../error.ts';
import type { Storage } from '../storage/storage.ts';

/** After a failed write the next one is made that much later, in milliseconds. */
const retry = 10_000;
/** A write that takes longer holds nobody up any more. */
const patience = 10_000;

/**
 * Writes rows in batches: what is put while a write is under way goes into the
 * next, and what is put in one turn into one (rule OUT-1). A write that fails
 * is told, and what it was to store is stored with a later one; those who wait
 * for it go on (rule OUT-10). So they do when it takes too long.
 */
export class Saver {
  /** All that was put is stored, or on its way. */
  durable: boolean;
  readonly #storage: Storage;
  readonly #timers: Timers;
  readonly #failed: (error: unknown) => void;
  readonly #moved: () => void;
  #changes = new Map<string, unknown>();
  #waiting: ((stored: boolean) => void)[] = [];
  #writing: Promise<void> | undefined;
  /** The keys that are being written. */
  #flying: readonly string[] = [];
  /** The write takes too long. */
  #late = false;
  #due: unknown;
  #closed = false;

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
    if (this.#closed) return;
    this.#changes.set(key, value);
    this.#schedule();
  }

  /** Calls a function when all that was put up to now is stored, or is not and need not be waited for. */
  after(over: (stored: boolean) => void): void {
    if (this.#late) return over(false);
    this.#waiting.push(over);
    this.#schedule();
  }

  /** When nothing is left to be written, or a write takes too long. */
  async rest(): Promise<void> {
    while (this.#writing && !this.#late) await new Promise((done) => this.after(done));
  }

  /** Writes what was put, and nothing after that. */
  async close(): Promise<void> {
    await this.rest();
    this.#end();
  }

  /** Writes nothing more; returns the keys that were being written, when that is over. */
  async stop(): Promise<readonly string[]> {
    this.#changes.clear();
    this.#end();
    const flying = this.#flying;
    await this.rest();
    return flying;
  }

  #end(): void {
    this.#closed = true;
    this.#timers.clearTimeout(this.#due);
  }

  #schedule(): void {
    this.#writing ??= Promise.resolve().then(() => this.#write());
  }

  #move(durable: boolean): void {
    if (this.durable === durable) return;
    this.durable = durable;
    this.#moved();
  }

  async #write(): Promise<void> {
    this.#timers.clearTimeout(this.#due);
    const changes = this.#changes;
    const waiting = this.#waiting;
    this.#changes = new Map();
    this.#waiting = [];
    this.#flying = [...changes.keys()];
    const late = this.#timers.setTimeout(() => {
      this.#late = true;
      this.#move(false);
      this.#failed(new TuttiError('storage_failed', 'A write takes too long.'));
      for (const over of [...waiting.splice(0), ...this.#waiting.splice(0)]) over(false);
    }, patience);
    let stored = false;
    try {
      if (changes.size) await this.#storage.write([...changes]);
      stored = true;
      this.#move(this.#storage.durable);
    } catch (error) {
      this.#move(false);
      if (!this.#closed) {
        for (const [key, value] of this.#changes) changes.set(key, value);
        this.#changes = changes;
        this.#due = this.#timers.setTimeout(() => this.#schedule(), retry);
      }
      this.#failed(error);
    }
    this.#timers.clearTimeout(late);
    this.#late = false;
    this.#flying = [];
    this.#writing = undefined;
    if (this.#waiting.length || (this.#changes.size && this.durable)) this.#schedule();
    for (const over of waiting) over(stored);
  }
}
