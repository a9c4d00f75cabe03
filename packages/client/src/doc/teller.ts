import type { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import type { Mutation } from './mutation.ts';

/**
 * How far a document is: nothing is shown of it yet; it is shown, and follows
 * its log whenever there is a connection; it ended by an error, or by `close`.
 */
export type DocumentStatus = 'opening' | 'open' | 'failed' | 'closed';

/**
 * Tells of what happens in a document. What has changed is told at the end of
 * the turn, or by `tell`, once: first the keys, then the mutations, then all
 * else, in order. F is what the state tells of what happened: that is told at
 * once, but for `atOnce`.
 */
export abstract class Teller<F> {
  abstract readonly host: { readonly report: (error: unknown) => void };
  /** Told the keys whose shown cells differ, before anyone of the application is. */
  readonly touched = this.#listeners<[keys: readonly string[]]>();
  readonly changed = this.#listeners<[keys: readonly string[]]>();
  readonly moved = this.#listeners<[status: DocumentStatus]>();
  readonly mutated = this.#listeners<[mutation: Mutation]>();
  readonly folded = this.#listeners<[folded: F]>();
  readonly faults = this.#listeners<[error: TuttiError]>();
  /** Keys that have changed and were not told. */
  #keys = new Set<string>();
  /** Mutations that are new or whose status has changed, and were not told. */
  #mutations = new Set<Mutation>();
  /** What else was not told. */
  #news: (() => void)[] = [];
  /** What the state says of what happened, and was not told, */
  readonly #telling: F[] = [];
  /** and how many reasons there are not to tell it now. */
  #holding = 0;
  #due = false;

  /** The document as all that came up to now makes it: to look at it may find what is to be told. */
  abstract get replica(): unknown;

  /** Tells what has changed, once. */
  tell(): void {
    const keys = [...this.#keys];
    const mutations = this.#mutations;
    const news = this.#news;
    this.#keys = new Set();
    this.#mutations = new Set();
    this.#news = [];
    if (keys.length) this.changed.tell(keys);
    for (const mutation of mutations) this.mutated.tell(mutation);
    for (const tell of news) tell();
  }

  /** Takes steps, and tells what the state says of them behind the last. */
  atOnce<T>(steps: () => T): T {
    this.#holding++;
    try {
      return steps();
    } finally {
      this.#holding--;
      this.#tellNews();
    }
  }

  /** A mutation is new, or its status has changed. */
  mention(mutation: Mutation): void {
    this.#mutations.add(mutation);
    this.schedule();
  }

  /** Something else is shown at these keys. */
  protected touch(keys: readonly string[]): void {
    if (!keys.length) return;
    for (const key of keys) this.#keys.add(key);
    this.touched.tell(keys);
    this.schedule();
  }

  /** Tells what the state says of what happened, at once, but behind what is being told. */
  protected news(folded: F): void {
    this.#telling.push(folded);
    this.#tellNews();
  }

  /** Tells something behind the keys that have changed. */
  protected later(tell: () => void): void {
    this.#news.push(tell);
    this.schedule();
  }

  #tellNews(): void {
    if (this.#holding) return;
    this.#holding++;
    for (const folded of this.#telling) this.folded.tell(folded); // comes to what is added meanwhile
    this.#telling.length = 0;
    this.#holding--;
  }

  #listeners<A extends unknown[]>(): Listeners<A> {
    return new Listeners<A>((error) => this.host.report(error));
  }

  /** Tells at the end of the turn. */
  protected schedule(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      void this.replica;
      this.tell();
    });
  }
}
