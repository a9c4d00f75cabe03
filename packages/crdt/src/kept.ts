import { type Place, readKept, type Storage } from './place.ts';
import { type AnyReplica, adopt } from './replica.ts';

/** A replica that is kept: written to its place at once and after each change, until it is closed. */
export class Kept<R extends AnyReplica> {
  readonly replica: R;
  readonly #storage: Storage;
  readonly #place: Place;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #endListening: () => void;
  /** The write that is to begin; it stores what is changed until then. */
  #next: Promise<void> | undefined;
  /** The write that began last. */
  #latest: Promise<void> | undefined;
  #failed = false;
  #closed: Promise<void> | undefined;

  constructor(replica: R, storage: Storage, place: Place, onError?: (error: unknown) => void) {
    this.replica = replica;
    this.#storage = storage;
    this.#place = place;
    this.#onError = onError;
    const save = () => this.#save().catch(() => {});
    this.#endListening = replica.onChange(save);
    save();
  }

  /** Settles when the state of now is stored; rejects if it cannot be. */
  async saved(): Promise<void> {
    await (this.#closed ?? (this.#failed ? this.#save() : (this.#next ?? this.#latest)));
  }

  /**
   * Stores the state and gives the place up. The replica lives on under a
   * fresh id, and is no longer kept.
   */
  close(): Promise<void> {
    this.#closed ??= this.#save().finally(this.#place.leave);
    return this.#closed;
  }

  #save(): Promise<void> {
    this.#next ??= Promise.allSettled([this.#latest]).then(() => this.#write());
    return this.#next;
  }

  async #write(): Promise<void> {
    try {
      const text = await this.#take();
      await this.#storage.setItem(this.#place.key, text);
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      this.#onError?.(error);
      throw error;
    }
  }

  /** The state to write. What is done from now on is for the next write, or, when closing, under another id. */
  async #take(): Promise<string> {
    try {
      if (this.#place.shared) await this.#takeIn();
      return JSON.stringify(this.replica.payload());
    } finally {
      this.#latest = this.#next;
      this.#next = undefined;
      if (this.#closed) {
        this.#endListening();
        this.replica.renew();
      }
    }
  }

  /** Takes in what another wrote to the place meanwhile. */
  async #takeIn(): Promise<void> {
    const kept = await readKept(this.#storage, this.#place.key);
    if (kept !== undefined) adopt(this.replica, kept);
  }
}
