import type { DocumentStatus, Mutation } from '@tutti/client';
import { Lease, standIn } from './lease.ts';

/** What all handles of documents have. */
export interface Followed {
  readonly status: DocumentStatus;
  subscribe(listener: (change: { readonly keys: readonly string[] }) => void): () => void;
  onStatus(listener: () => void): () => void;
  onMutation(listener: (mutation: Mutation) => void): () => void;
  pending?: unknown;
  close(): void;
}

/** What a component follows: all that is shown, the status, or what is at one key. */
export type Channel = 'all' | 'status' | `key ${string}`;

const none: readonly never[] = Object.freeze([]);

/**
 * A handle that all components share which use the same topic in the same way.
 * A component is told of what it follows alone, however many others there are.
 */
export class Shared<H extends Followed> {
  /** For handlers and effects: opens the handle if no component is mounted that uses it. */
  readonly handle: H = standIn(() => this.#lease.get());
  readonly #lease: Lease<H>;
  readonly #listeners = new Map<Channel, Set<() => void>>();
  readonly #pending = new Map<string, readonly Mutation[]>();

  /** `closed` is called when no component uses it any more. */
  constructor(open: () => H, closed: () => void) {
    this.#lease = new Lease(
      () => this.#follow(open()),
      (handle) => {
        this.#pending.clear();
        handle.close();
        closed();
      },
    );
  }

  /** The handle if it is open. */
  get open(): H | undefined {
    return this.#lease.value;
  }

  /** The mutations of a key that are not settled: the same array as long as nothing has become of one. */
  pending(key: string): readonly Mutation[] {
    let pending = this.#pending.get(key);
    if (!pending) {
      const { open } = this;
      if (!open) return none;
      pending = (open as unknown as { pending(key: string): readonly Mutation[] }).pending(key);
      if (!pending.length) return none;
      this.#pending.set(key, pending);
    }
    return pending;
  }

  listen(channel: Channel, listener: () => void): () => void {
    const release = this.#lease.retain();
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (!listeners.size && this.#listeners.get(channel) === listeners) this.#listeners.delete(channel);
      release();
    };
  }

  #follow(handle: H): H {
    const tell = (channel: Channel): void => {
      for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener();
    };
    handle.subscribe(({ keys }) => {
      for (const key of keys) tell(`key ${key}`);
      tell('all');
    });
    handle.onStatus(() => tell('status'));
    handle.onMutation(({ keys }) => {
      for (const key of keys) {
        this.#pending.delete(key);
        tell(`key ${key}`);
      }
    });
    return handle;
  }
}
