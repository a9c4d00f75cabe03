/** What is shown at one key: the same object as long as nothing differs. */
export interface Shown<O> {
  readonly key: string;
  /** What the application is given. */
  readonly out: O;
}

export interface ViewOptions<O, S extends Shown<O>> {
  /** What is shown at a key; undefined: nothing. */
  get(key: string): S | undefined;
  /** All keys at which something may be shown. */
  keys(): Iterable<string>;
  where?: ((shown: S) => boolean) | undefined;
  compare(a: S, b: S): number;
  limit?: number | undefined;
}

/**
 * A part of a document, filtered and in order. It is told which keys have
 * changed, and looks at them alone when it is next read. The array is the same
 * as long as nothing in it has changed.
 */
export class View<O, S extends Shown<O> = Shown<O>> {
  readonly #options: ViewOptions<O, S>;
  /** Keys not looked at yet; undefined: all. */
  #changed: Set<string> | undefined;
  readonly #byKey = new Map<string, S>();
  #rows: S[] = [];
  /** A row has changed since `value` was read. */
  #stale = false;
  #value: readonly O[] = Object.freeze([]);

  constructor(options: ViewOptions<O, S>) {
    this.#options = options;
  }

  get value(): readonly O[] {
    this.#refresh();
    if (this.#stale) {
      this.#stale = false;
      const value = this.#rows.slice(0, this.#options.limit).map((row) => row.out);
      if (value.length !== this.#value.length || value.some((out, i) => out !== this.#value[i]))
        this.#value = Object.freeze(value);
    }
    return this.#value;
  }

  /** How many there are, whatever the limit. */
  get size(): number {
    this.#refresh();
    return this.#byKey.size;
  }

  /** The rows from the first on that does not come before this one. */
  *from(row?: S): IterableIterator<S> {
    this.#refresh();
    for (let i = row ? this.#place(row) : 0; i < this.#rows.length; i++) yield this.#rows[i] as S;
  }

  /** What is shown at these keys has changed. */
  change(keys: Iterable<string>): void {
    if (this.#changed) for (const key of keys) this.#changed.add(key);
  }

  #refresh(): void {
    const { keys, compare } = this.#options;
    if (this.#changed?.size === 0) return;
    const changed = this.#changed ?? new Set([...this.#byKey.keys(), ...keys()]);
    const many = this.#changed === undefined || changed.size > this.#rows.length / 8;
    // Stays so if the application's filter throws.
    this.#changed = undefined;
    let different = false;
    for (const key of changed) different = this.#look(key, many) || different;
    if (different && many) this.#rows = [...this.#byKey.values()].sort(compare);
    this.#stale ||= different;
    this.#changed = new Set();
  }

  /** Takes a key's row as it is now; returns whether it has changed. */
  #look(key: string, many: boolean): boolean {
    const { get, where } = this.#options;
    const old = this.#byKey.get(key);
    const shown = get(key);
    const row = shown && (!where || where(shown)) ? shown : undefined;
    if (row === old) return false;
    if (old && !many) this.#rows.splice(this.#find(old), 1);
    if (row) this.#byKey.set(key, row);
    else this.#byKey.delete(key);
    if (row && !many) this.#rows.splice(this.#place(row), 0, row);
    return true;
  }

  #find(row: S): number {
    const place = this.#place(row);
    return this.#rows[place] === row ? place : this.#rows.indexOf(row);
  }

  #place(row: S): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#options.compare(this.#rows[middle] as S, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
