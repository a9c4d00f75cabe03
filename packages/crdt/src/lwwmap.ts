import { Clock, type ClockOptions, readStamp, type Stamp } from './clock.ts';
import { CrdtError, refuse } from './error.ts';
import { Reader, readTuple } from './payload.ts';
import { Replica } from './replica.ts';
import { compare, isWellFormed, toValue } from './value.ts';
import { overrides, sameWritten, type Written } from './written.ts';

export interface LWWMapPayload<T> {
  replicaId: string;
  /** Ascending by key; without a value: deleted. */
  entries: ([key: string, stamp: Stamp, value: T] | [key: string, stamp: Stamp])[];
}

/**
 * JSON values by key; of what was done to one key concurrently, the later
 * stamp stays. A deleted key leaves its stamp behind for good: where keys come
 * and go without end, an ORSet stays smaller.
 */
export class LWWMap<T> extends Replica<LWWMapPayload<T>, Map<string, Written<T>>> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Written<T>>();
  #size = 0;

  constructor(options: ClockOptions = {}) {
    super(options);
    this.#clock = new Clock(options);
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#size;
  }

  /** A copy, ascending by key; the values are frozen. */
  get value(): Map<string, T> {
    const value = new Map<string, T>();
    for (const [key, written] of this.#sorted()) if (written.value) value.set(key, written.value.data);
    return value;
  }

  /** The value of the key, frozen; undefined if it has none. */
  get(key: string): T | undefined {
    return this.#entries.get(key)?.value?.data;
  }

  has(key: string): boolean {
    return this.#entries.get(key)?.value !== undefined;
  }

  set(key: string, value: T): LWWMapPayload<T> {
    if (typeof key !== 'string' || !isWellFormed(key))
      throw new CrdtError('bad_value', 'the key is not a string without lone surrogates');
    const own = toValue<T>(value, 'bad_value', 'value');
    return this.#write(key, { stamp: this.#clock.stamp(this.replicaId), value: own });
  }

  /** Deletes the key. One that has no value is left as it is; the delta is then empty. */
  delete(key: string): LWWMapPayload<T> {
    if (!this.has(key)) return { replicaId: this.replicaId, entries: [] };
    return this.#write(key, { stamp: this.#clock.stamp(this.replicaId) });
  }

  payload(): LWWMapPayload<T> {
    return { replicaId: this.replicaId, entries: this.#sorted().map(toEntry) };
  }

  equal(other: LWWMap<T>): boolean {
    if (this.#entries.size !== other.#entries.size) return false;
    for (const [key, written] of this.#entries)
      if (!sameWritten(written, other.#entries.get(key))) return false;
    return true;
  }

  protected read(payload: unknown): Map<string, Written<T>> {
    const reader = new Reader(payload, ['entries']);
    const entries = new Map<string, Written<T>>();
    for (const [i, item] of reader.list(reader.get('entries'), 'entries').entries()) {
      const where = `entries[${i}]`;
      const [key, stamp, ...value] = readTuple(item, 2, 3, where);
      if (typeof key !== 'string' || !isWellFormed(key))
        refuse(where, 'the key is not a string without lone surrogates');
      if (entries.has(key)) refuse(where, 'this key stands twice');
      entries.set(key, {
        stamp: readStamp(stamp, where),
        value: value.length ? toValue<T>(value[0], 'bad_payload', where) : undefined,
      });
    }
    return entries;
  }

  protected state(): Map<string, Written<T>> {
    return this.#entries;
  }

  protected isReused(entries: Map<string, Written<T>>): boolean {
    const { replicaId } = this;
    for (const { stamp } of entries.values()) if (this.#clock.isReused(stamp, replicaId)) return true;
    return false;
  }

  protected override checkClock(entries: Map<string, Written<T>>): void {
    for (const { stamp } of entries.values()) this.#clock.check(stamp);
  }

  protected join(entries: Map<string, Written<T>>): boolean {
    let changed = false;
    for (const [key, written] of entries) {
      if (!overrides(written, this.#entries.get(key))) continue;
      this.#clock.see(written.stamp);
      this.#put(key, written);
      changed = true;
    }
    return changed;
  }

  protected override begin(): void {
    this.#clock.begin();
  }

  #write(key: string, written: Written<T>): LWWMapPayload<T> {
    this.#put(key, written);
    this.changed();
    return { replicaId: this.replicaId, entries: [toEntry([key, written])] };
  }

  #put(key: string, written: Written<T>): void {
    this.#size += Number(written.value !== undefined) - Number(this.has(key));
    this.#entries.set(key, written);
  }

  #sorted(): [string, Written<T>][] {
    return [...this.#entries].sort((a, b) => compare(a[0], b[0]));
  }
}

function toEntry<T>([key, { stamp, value }]: [string, Written<T>]): LWWMapPayload<T>['entries'][number] {
  return value ? [key, [...stamp], value.data] : [key, [...stamp]];
}
