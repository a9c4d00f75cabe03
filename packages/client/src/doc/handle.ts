import { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import type { Document, DocumentStatus } from './document.ts';
import type { Mutation, MutationOptions } from './mutation.ts';
import type { DocumentState } from './state.ts';

/** What holds for a handle. */
export interface HandleOptions extends MutationOptions {
  /**
   * Keeps the document on this device, so that it opens without a network: its
   * handles show at once what was confirmed when it was last open, and what was
   * done since. Whether it outlives the page tells `client.outbox.durable`.
   */
  offline?: boolean;
}

/** What has changed in a document, told once. */
export interface DocumentChange {
  /** Those at which something else is shown than before. */
  readonly keys: readonly string[];
}

/**
 * What an application holds of a document. All handles on one topic of a
 * client show the same document; each is closed for itself, and the last one
 * closes the document when nothing is pending any more.
 */
export abstract class Handle<D extends Document<DocumentState<F>, F>, F = never> {
  /** When the document is first shown; fails if it ends before. Nobody needs to look at it. */
  readonly ready: Promise<void>;
  protected readonly document: D;
  protected readonly timeout: number | undefined;
  readonly #report: (error: unknown) => void;
  readonly #errors: Listeners<[error: TuttiError, key?: string]>;
  readonly #stops: (() => void)[] = [];
  #closed = false;

  constructor(document: D, report: (error: unknown) => void, timeout: number | undefined) {
    this.document = document;
    this.timeout = timeout;
    this.#report = report;
    this.#errors = new Listeners(report);
    this.#stops.push(
      document.join(),
      document.faults.add((error) => this.fault(error)),
    );
    this.ready = new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.status === 'open') resolve();
        else if (this.status !== 'opening') reject(document.error ?? new TuttiError('closed'));
      };
      look();
      this.#stops.push(document.moved.add(look), look);
    });
    this.ready.catch(() => {});
  }

  get topic(): string {
    return this.document.topic;
  }

  get status(): DocumentStatus {
    return this.#closed ? 'closed' : this.document.status;
  }

  /** Calls a function when the status has changed; returns a function that ends it. */
  onStatus(listener: (status: DocumentStatus) => void): () => void {
    return this.follow(this.document.moved.add(listener));
  }

  /** Calls a function once for each change of what is shown; returns a function that ends it. */
  subscribe(listener: (change: DocumentChange) => void): () => void {
    return this.follow(this.document.changed.add((keys) => listener({ keys })));
  }

  /**
   * Calls a function with what went wrong and no mutation tells: the document
   * ended, or something in it cannot be read, at the key if there is one.
   * Without any, the client's `onError` is told.
   */
  onError(listener: (error: TuttiError, key?: string) => void): () => void {
    return this.#errors.add(listener);
  }

  /** Calls a function with each mutation of the document when it is made, and when its status has changed. */
  onMutation(listener: (mutation: Mutation) => void): () => void {
    return this.follow(this.document.mutated.add(listener));
  }

  /** Ends this handle with its listeners. What is pending goes on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stops.splice(0).reverse()) stop();
  }

  /** Ends with the handle. */
  protected follow(stop: () => void): () => void {
    this.#stops.push(stop);
    return () => {
      const i = this.#stops.indexOf(stop);
      if (i >= 0) this.#stops.splice(i, 1);
      stop();
    };
  }

  protected fault(error: TuttiError, key?: string): void {
    if (!this.#errors.size) this.#report(error);
    else if (key === undefined) this.#errors.tell(error);
    else this.#errors.tell(error, key);
  }
}
