import { TuttiError } from '../error.ts';
import type { Fields } from './cell.ts';
import type { Condition } from './condition.ts';
import { badOperation, isObject, own } from './json.ts';
import type { MutationOptions } from './mutation.ts';
import { between, isIndex } from './order.ts';

/** When an operation on a record is to be rejected. */
export interface Guard {
  /** Up to 16 conditions, judged by the server at the operation's place in the log: `precondition_failed`. */
  if?: readonly Condition[];
  /** It would overwrite or remove what others wrote and this client had not seen: `overwrites_unseen`. */
  ifUnseen?: 'reject';
}

export interface RecordOptions extends Guard, MutationOptions {}

/** Fields to write; those that are undefined are removed. */
export type Patch<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** What a batch needs of the records as they are shown. */
export interface Source {
  /** The name of the field of RECORDS-11. */
  readonly order: string;
  fields(key: string): Fields | undefined;
  /** Places in the order from this one on, ascending. */
  places(from?: Place): Iterable<Place>;
  newKey(): string;
  random(): number;
}

/** Where a record is in the order. */
export interface Place {
  readonly key: string;
  readonly index: unknown;
}

/** Changes of records that are made all together or not at all. */
export class RecordsBatch<T> {
  readonly ops: object[] = [];
  readonly #source: Source;
  /** The places of records that this batch has touched; null: deleted. */
  readonly #places = new Map<string, Place | null>();
  #error: unknown;

  /** Use `batch` of records. */
  constructor(source: Source) {
    this.#source = source;
  }

  /** Creates a record or replaces it. */
  set(key: string, value: T, guard: Guard = {}): void {
    this.#note(key, own(value as Fields, this.#source.order));
    this.ops.push({ op: 'set', key, value, ...guarded(guard) });
  }

  /** Writes and removes fields of a record that is there. */
  patch(key: string, fields: Patch<T>, guard: Guard = {}): void {
    this.#try(() => {
      if (!isObject(fields)) throw badOperation('A patch is an object of fields.');
      const names = Object.keys(fields);
      const unset = names.filter((name) => fields[name as keyof T] === undefined);
      const { order } = this.#source;
      if (names.includes(order)) this.#note(key, own(fields as Fields, order));
      this.ops.push({
        op: 'patch',
        key,
        ...(unset.length < names.length && { set: fields }),
        ...(unset.length && { unset }),
        ...guarded(guard),
      });
    });
  }

  delete(key: string, guard: Guard = {}): void {
    this.#places.set(key, null);
    this.ops.push({ op: 'delete', key, ...guarded(guard) });
  }

  /** Adds a record under a new key, and returns that: keys ascend in the order in which they were made. */
  insert(value: T, guard?: Guard): string {
    const key = this.#source.newKey();
    this.set(key, value, guard);
    return key;
  }

  /** Adds a record behind another in the order, or as the first (null), and returns its key. */
  insertAfter(after: string | null, value: T, guard?: Guard): string {
    const key = this.#source.newKey();
    this.place(key, after, value, guard);
    return key;
  }

  /** Moves a record behind another in the order, or to the front (null). */
  move(key: string, after: string | null, guard?: Guard): void {
    this.#try(() => this.patch(key, { [this.#source.order]: this.#between(after, key) } as Patch<T>, guard));
  }

  /** @internal `insertAfter` with a key that is given. */
  place(key: string, after: string | null, value: T, guard?: Guard): void {
    this.#try(() => {
      if (!isObject(value)) throw badOperation('A record is an object.');
      this.set(key, { ...value, [this.#source.order]: this.#between(after) } as T, guard);
    });
  }

  /** @internal The operation of all; throws what is wrong with one. */
  operation(): object {
    if (this.#error) throw this.#error;
    const [first, ...others] = this.ops;
    return first && !others.length ? first : { op: 'batch', ops: this.ops };
  }

  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#error ??= error;
    }
  }

  #note(key: string, index: unknown): void {
    this.#places.set(key, { key, index });
  }

  /** An index behind that record's and before the next. */
  #between(after: string | null, moving?: string): string {
    const low = after === null ? '' : this.#indexOf(after);
    let high = '';
    const consider = ({ key, index }: Place): void => {
      if (key !== moving && isIndex(index) && index > low && (!high || index < high)) high = index;
    };
    for (const place of this.#source.places(after !== null && low ? { key: after, index: low } : undefined)) {
      if (!this.#places.has(place.key)) consider(place);
      if (high) break;
    }
    for (const place of this.#places.values()) if (place) consider(place);
    return between(low, high, this.#source.random);
  }

  /** The record's index; if it has none, that of the last record that has one. */
  #indexOf(key: string): string {
    const { order, places } = this.#source;
    const fields = this.#source.fields(key);
    const place = this.#places.has(key)
      ? this.#places.get(key)
      : fields && { key, index: own(fields, order) };
    if (!place) throw new TuttiError('missing', `There is no record ${JSON.stringify(key)} to stand behind.`);
    if (isIndex(place.index)) return place.index;
    let last = '';
    for (const other of [...places(), ...this.#places.values()])
      if (isIndex(other?.index) && other.index > last) last = other.index;
    return last;
  }
}

function guarded({ if: conditions, ifUnseen }: Guard): Guard {
  return { ...(conditions && { if: conditions }), ...(ifUnseen && { ifUnseen }) };
}
