import { Listeners } from '../listeners.ts';
import type { Cells } from './cells.ts';
import { type Shown, View, type ViewOptions } from './view.ts';

/** What of a document is wanted, in which order. */
export interface QueryOptions<T> {
  /** Which records; all if absent. */
  where?: (value: T, key: string) => boolean;
  /** As of `Array.sort`, ties by key; by the field `order` if absent. */
  sort?: (a: T, b: T) => number;
  /** The first so many; all if absent. */
  limit?: number;
}

/** A part of a document that is kept up to date. */
export interface Query<O> {
  /** As it is now: the same array as long as nothing in it has changed. */
  readonly value: readonly O[];
  /** Calls a function when the value has changed; returns a function that ends it. */
  subscribe(listener: (value: readonly O[]) => void): () => void;
  /** Ends it; the value then stays as it is. */
  close(): void;
}

/** A query on a document. Ends with `close`, and with the handle, which calls it too. */
export class LiveQuery<C, O, S extends Shown<O>> implements Query<O> {
  readonly #document: Cells<C>;
  readonly #view: View<O, S>;
  readonly #listeners: Listeners<[value: readonly O[]]>;
  readonly #stops: (() => void)[];
  #told: readonly O[] | undefined;
  #final: readonly O[] | undefined;

  constructor(document: Cells<C>, report: (error: unknown) => void, options: ViewOptions<O, S>) {
    this.#document = document;
    this.#view = new View(options);
    this.#listeners = new Listeners(report);
    this.#stops = [
      document.touched.add((keys) => this.#view.change(keys)),
      document.changed.add(() => this.#tell()),
    ];
  }

  get value(): readonly O[] {
    void this.#document.replica;
    return this.#final ?? this.#view.value;
  }

  subscribe(listener: (value: readonly O[]) => void): () => void {
    if (!this.#listeners.size) this.#told = this.value;
    return this.#listeners.add(listener);
  }

  close(): void {
    if (!this.#stops.length) return;
    this.#final = this.value;
    for (const stop of this.#stops.splice(0)) stop();
  }

  #tell(): void {
    if (!this.#listeners.size) return;
    const { value } = this;
    if (value === this.#told) return;
    this.#told = value;
    this.#listeners.tell(value);
  }
}
