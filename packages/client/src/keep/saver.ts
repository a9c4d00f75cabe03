import type { Timers } from '../alarm.ts';
import { TuttiError } from '../error.ts';
import type { Storage } from '../storage/storage.ts';

/** After a failed write the next one is made that much later, in milliseconds. */
const retry = 10_000;
/** A write that takes longer holds nobody up any more. */
const patience = 10_000;

/** Who is told what a saver does. */
export interface SaverHost {
  /** All that was put up to a mark is stored. */
  stored(mark: number): void;
  /** A write failed, or takes too long. */
  failed(error: unknown): void;
  /** So what was put is not stored for now. */
  unstored(): void;
  /** `durable` is another. */
  moved(): void;
}

/**
 * Writes rows in batches: what is put while a write is under way goes into the
 * next, and what is put in one turn into one, which a page that is seen begins
 * with the next task (rule OUT-1). A write that fails is told, as is one that
 * takes too long, and what it was to store is stored with a later one (rule
 * OUT-10).
 */
export class Saver {
  /** All that was put is stored, or on its way. */
  durable: boolean;
  readonly #storage: Storage;
  readonly #timers: Timers;
  readonly #host: SaverHost;
  #changes = new Map<string, unknown>();
  /** The latest mark that was put, and the latest that was told. */
  #mark = 0;
  #told = 0;
  #writing: Promise<void> | undefined;
  /** Who waits for the end of a write. */
  #waiting: (() => void)[] = [];
  /** Who waits for what the next write stores. */
  #after: ((stored: boolean) => void)[] = [];
  /** The keys that are being written. */
  #flying: readonly string[] = [];
  /** The write takes too long. */
  #late = false;
  #due: unknown;
  /** The page was left: nothing is put off, since it might never be done. */
  #left = false;
  /** Begins the write that is put off. */
  #begin = (): void => {};
  #closed = false;

  constructor(storage: Storage, timers: Timers, host: SaverHost) {
    this.#storage = storage;
    this.#timers = timers;
    this.#host = host;
    this.durable = storage.durable;
  }

  /** Stores a row; undefined takes it away. */
  put(key: string, value: unknown): void {
    if (this.#closed) return;
    this.#changes.set(key, value);
    this.#schedule();
  }

  /** Marks what was put up to now by a number above those before. */
  mark(mark: number): void {
    this.#mark = mark;
    this.#schedule();
    if (this.#late) this.#host.unstored();
  }

  /** Calls a function when what was put up to now is stored, before its mark is told, or is not stored for now. */
  after(over: (stored: boolean) => void): void {
    if (this.#late) return over(false);
    this.#after.push(over);
    this.#schedule();
  }

  /** The page is being left: what was put is on its way before that, as is what is put from now on. */
  hurry(): void {
    this.#left = true;
    this.#begin();
  }

  /** When nothing is left to be written that can be, or a write takes too long. */
  async rest(): Promise<void> {
    while (this.#writing && !this.#late) await new Promise<void>((done) => this.#waiting.push(done));
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
    this.#writing ??= this.#task().then(() => this.#write());
  }

  /**
   * Ends with a task of its own if the user sees the page: to ask for a write takes a
   * good part of what a key press takes, which is to be shown first. In a page that is
   * hidden timers are slow.
   */
  async #task(): Promise<void> {
    if (this.#left || globalThis.document?.visibilityState !== 'visible') return;
    await new Promise<void>((begin) => {
      this.#begin = begin;
      this.#timers.setTimeout(begin, 0);
    });
  }

  #move(durable: boolean): void {
    if (this.durable === durable) return;
    this.durable = durable;
    this.#host.moved();
  }

  #rested(): void {
    for (const done of this.#waiting.splice(0)) done();
  }

  async #write(): Promise<void> {
    this.#timers.clearTimeout(this.#due);
    const changes = this.#changes;
    const mark = this.#mark;
    const after = this.#after;
    this.#after = [];
    this.#changes = new Map();
    this.#flying = [...changes.keys()];
    const late = this.#timers.setTimeout(() => {
      this.#late = true;
      for (const over of [...after.splice(0), ...this.#after.splice(0)]) over(false);
      this.#fail(new TuttiError('storage_failed', 'A write takes too long.'));
      this.#rested();
    }, patience);
    let failure: { error: unknown } | undefined;
    try {
      if (changes.size) await this.#storage.write([...changes]);
    } catch (error) {
      failure = { error };
    }
    this.#timers.clearTimeout(late);
    this.#late = false;
    this.#flying = [];
    this.#writing = undefined;
    for (const over of after) over(!failure);
    if (failure) this.#putBack(changes, failure.error);
    else this.#stored(mark);
    this.#rested();
  }

  /** What a write was to store is stored with the next one. */
  #putBack(changes: Map<string, unknown>, error: unknown): void {
    if (!this.#closed) {
      for (const [key, value] of this.#changes) changes.set(key, value);
      this.#changes = changes;
      this.#due = this.#timers.setTimeout(() => this.#schedule(), retry);
    }
    this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#move(false);
    this.#host.failed(error);
    this.#host.unstored();
  }

  #stored(mark: number): void {
    this.#move(this.#storage.durable);
    if (this.#changes.size || this.#mark > mark || this.#after.length) this.#schedule();
    if (mark > this.#told) {
      this.#told = mark;
      this.#host.stored(mark);
    }
  }
}
