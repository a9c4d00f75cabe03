import { encode } from '../encode.ts';
import type { TuttiError } from '../error.ts';
import type { Cells } from './cells.ts';
import { CellsHandle } from './cells-handle.ts';
import type { HandleOptions } from './handle.ts';
import { canonical, freeze, isObject } from './json.ts';
import type { Mutation } from './mutation.ts';
import { type Schema, validate } from './schema.ts';
import type { Stamp } from './type.ts';
import { type Shown, View } from './view.ts';

export interface SetOptions<T> extends HandleOptions {
  /** Elements that do not fit are not added, and not shown. */
  schema?: Schema<T>;
}

/**
 * A set of JSON values, in the order of their canonical JSON. Of an add and a
 * remove that did not know of each other, the add wins. Values are frozen. Use
 * `client.set(topic)`.
 */
export class SetHandle<T> extends CellsHandle<readonly Stamp[]> implements Iterable<T> {
  readonly #schema: Schema<T> | undefined;
  readonly #view: View<T>;
  readonly #shown = new Map<string, Shown<T> | undefined>();

  /** Use `client.set(topic)`. */
  constructor(
    document: Cells<readonly Stamp[]>,
    report: (error: unknown) => void,
    { schema, timeout }: SetOptions<T>,
  ) {
    super(document, report, timeout);
    this.#schema = schema;
    this.#view = new View({
      get: (key) => this.#get(key),
      keys: () => [...document.replica.shown()].map(([key]) => key),
      compare: (a, b) => (a.key < b.key ? -1 : 1),
    });
    const change = (keys: readonly string[]): void => {
      for (const key of keys) if (!document.replica.get(key)) this.#shown.delete(key);
      this.#view.change(keys);
    };
    this.follow(document.touched.add(change));
  }

  get size(): number {
    void this.document.replica;
    return this.#view.size;
  }

  has(value: T): boolean {
    try {
      return this.#get(canonical(encode(value).data)) !== undefined;
    } catch {
      return false;
    }
  }

  /** The elements: the same array as long as nothing has changed. */
  values(): readonly T[] {
    void this.document.replica;
    return this.#view.value;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.values()[Symbol.iterator]();
  }

  /** Adds 1 to 1,000 elements, all at once. The mutation's `local` are those of them that are in the set. */
  add(...values: T[]): Mutation<readonly T[]> {
    return this.#write('add', values);
  }

  /** Takes out 1 to 1,000 elements, all at once, as far as this client has seen them added. */
  remove(...values: T[]): Mutation<readonly T[]> {
    return this.#write('remove', values);
  }

  #write(op: 'add' | 'remove', values: T[]): Mutation<readonly T[]> {
    const draft = {
      keys: [],
      make: () => ({ op, values }),
      check: (data: unknown) => {
        if (op === 'add' && this.#schema && isObject(data))
          for (const value of data.values as unknown[]) {
            const result = validate(this.#schema, value);
            if ('error' in result) throw result.error;
          }
      },
      local: (keys: readonly string[]) =>
        keys.flatMap((key) => this.#get(key) ?? []).map((shown) => shown.out),
    };
    return this.mutate<readonly T[]>(draft, undefined).mutation;
  }

  #get(key: string): Shown<T> | undefined {
    if (!this.document.replica.get(key)) return undefined;
    if (!this.#shown.has(key)) {
      const value: unknown = freeze(JSON.parse(key));
      const result = this.#schema ? validate(this.#schema, value) : { value: value as T };
      if ('error' in result) this.#misfit(result.error, key);
      this.#shown.set(key, 'value' in result ? { key, out: result.value } : undefined);
    }
    return this.#shown.get(key);
  }

  /** Told behind what is being read. */
  #misfit(error: TuttiError, key: string): void {
    queueMicrotask(() => this.fault(error, key));
  }
}
