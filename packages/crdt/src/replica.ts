import { CrdtError } from './error.ts';
import { isReplicaId, randomId } from './id.ts';

export interface ReplicaOptions {
  /**
   * Makes a replica id: 1 to 64 of `[A-Za-z0-9_-]` that nobody had before.
   * Default: 128 random bits.
   */
  newReplicaId?: () => string;
}

// biome-ignore lint/suspicious/noExplicitAny: of whatever type
export type AnyReplica = Replica<any, any>;

/**
 * Takes in a payload that this device kept. The clock may have been set back
 * since it was stamped; the replica is renewed if its id turns up in it.
 */
export let adopt: (replica: AnyReplica, payload: unknown) => void;

/**
 * What every type is: one replica of a shared state.
 *
 * An operation changes this replica and returns a delta, a payload of what it
 * changed. Replicas that applied the same payloads, whole or deltas, in any
 * order and any number of times, are equal.
 */
export abstract class Replica<Payload extends { replicaId: string }, State> {
  readonly #newId: () => string;
  readonly #listeners = new Set<() => void>();
  #id: string;

  constructor({ newReplicaId = randomId }: ReplicaOptions = {}) {
    this.#newId = newReplicaId;
    this.#id = freshId(newReplicaId);
  }

  /** Under which this replica's operations are counted. No two instances may have the same at a time. */
  get replicaId(): string {
    return this.#id;
  }

  /**
   * Gives this replica a fresh id. What was done under the old one stays, and
   * nothing more is done under it.
   */
  renew(): void {
    this.#id = freshId(this.#newId);
    this.begin();
  }

  /** The whole state, as JSON. Equal states under one replica id have equal payloads, byte for byte. */
  abstract payload(): Payload;

  /** Whether the two have the same state; the replica ids do not matter. */
  abstract equal(other: this): boolean;

  /** Takes in all that the other replica has. Throws a CrdtError, and has then changed nothing. */
  merge(other: this): void {
    this.#take(other.state());
  }

  /**
   * Takes in a payload, whole or a delta, of any replica. Throws a CrdtError,
   * and has then changed nothing.
   */
  applyPayload(payload: unknown): void {
    this.#take(this.read(payload));
  }

  /**
   * Joins a whole payload that was kept, and goes on under the replica id in
   * it. It must be the newest of that id, which must live nowhere else: only a
   * lock can promise that, see `open`. Throws a CrdtError, and has then
   * changed nothing.
   */
  resume(payload: unknown): void {
    const state = this.read(payload);
    this.checkSum(state);
    this.#id = (payload as Payload).replicaId;
    const changed = this.join(state);
    this.begin();
    if (changed) this.changed();
  }

  /**
   * Calls the listener after each change, by an operation or by what was
   * taken in. Returns a function that ends it.
   */
  onChange(listener: () => void): () => void {
    const call = () => listener();
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }

  /** What a payload holds; throws bad_payload. */
  protected abstract read(payload: unknown): State;

  /** What this replica holds, not to be changed by who reads it. */
  protected abstract state(): State;

  /** Whether the state has more of this replica's id than this replica made. */
  protected abstract isReused(state: State): boolean;

  /** Throws clock_skew if the state is from too far ahead. */
  protected checkClock(_state: State): void {}

  /** Throws out_of_range if a sum would be, with the state joined. */
  protected checkSum(_state: State): void {}

  /** Joins a state. Returns whether that changed anything. */
  protected abstract join(state: State): boolean;

  /** The replica id is another one: what is known of it so far counts as made by this replica. */
  protected begin(): void {}

  protected changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #take(state: State): void {
    if (this.isReused(state))
      throw new CrdtError('replica_reused', `${this.#id} was used by another instance: renew()`);
    this.checkClock(state);
    this.checkSum(state);
    if (this.join(state)) this.changed();
  }

  #adopt(payload: unknown): void {
    const state = this.read(payload);
    if (this.isReused(state)) this.renew();
    this.checkSum(state);
    if (this.join(state)) this.changed();
  }

  static {
    adopt = (replica, payload) => replica.#adopt(payload);
  }
}

function freshId(make: () => string): string {
  const id = make();
  if (!isReplicaId(id)) throw new CrdtError('bad_value', 'newReplicaId: not 1 to 64 of A-Z a-z 0-9 _ -');
  return id;
}
