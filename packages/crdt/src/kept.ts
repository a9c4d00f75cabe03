import { type Place, readKept, type Storage } from './place.ts';
import { type AnyReplica, adopt } from './replica.ts';

/** A replica that is kept: written to its place at once and after each change, until it is closed. */
export class Kept<R extends AnyReplica> {
  readonly replica: R;
  readonly #storage: Storage;
  readonly #place: Place;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #endListening: () => void;
  /** The storage has not the newest state. */
  #due = false;
  #writing: Promise<void> | undefined;
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
  saved(): Promise<void> {
    return this.#due ? this.#save() : (this.#writing ?? Promise.resolve());
  }

  /**
   * Stores the state of now and gives the place up. The replica lives on under
   * a fresh id, and is no longer kept.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.saved();
    } finally {
      this.#endListening();
      this.replica.renew();
      this.#place.leave();
    }
  }

  #save(): Promise<void> {
    this.#due = true;
    this.#writing ??= this.#write();
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      await undefined;
      while (this.#due) {
        if (this.#place.shared) await this.#takeIn();
        this.#due = false;
        await this.#storage.setItem(this.#place.key, JSON.stringify(this.replica.payload()));
      }
    } catch (error) {
      this.#due = true;
      this.#onError?.(error);
      throw error;
    } finally {
      this.#writing = undefined;
    }
  }

  /** Takes in what another wrote to the place meanwhile. */
  async #takeIn(): Promise<void> {
    const kept = await readKept(this.#storage, this.#place.key);
    if (kept !== undefined) adopt(this.replica, kept);
  }
}
