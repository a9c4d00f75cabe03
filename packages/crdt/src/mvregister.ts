import { type CountsPayload, isAhead, listCounts, sameCounts } from './counts.ts';
import { CrdtError, refuse } from './error.ts';
import { Reader, readCount, readId, readTuple } from './payload.ts';
import { Replica } from './replica.ts';
import { compare, toValue, type Value } from './value.ts';

export interface MVRegisterPayload<T> {
  replicaId: string;
  /** How many values of each replica are known, set since or not. */
  seen: CountsPayload;
  /** Ascending by replica id. */
  values: [replicaId: string, n: number, value: T][];
}

interface State<T> {
  seen: Map<string, number>;
  /** Of each replica the value that it set last, unless that was replaced. */
  values: Map<string, Value<T>>;
}

/** One JSON value; of values set concurrently all stay, until one is set that has seen them. */
export class MVRegister<T> extends Replica<MVRegisterPayload<T>, State<T>> {
  readonly #seen = new Map<string, number>();
  readonly #values = new Map<string, Value<T>>();

  /** The value, frozen; of several the first in canonical order, see `conflict`; undefined while nothing was set. */
  get value(): T | undefined {
    return this.values()[0];
  }

  /** Whether different values were set concurrently. */
  get conflict(): boolean {
    return this.values().length > 1;
  }

  /** All that was set concurrently, each value once, ascending by canonical JSON, frozen. */
  values(): T[] {
    const byText = new Map<string, T>();
    for (const { text, data } of this.#values.values()) byText.set(text, data);
    return [...byText].sort((a, b) => compare(a[0], b[0])).map(([, data]) => data);
  }

  /** Sets the value, in place of all those in `values()`. */
  set(value: T): MVRegisterPayload<T> {
    const { replicaId } = this;
    const own = toValue<T>(value, 'bad_value', 'value');
    const n = (this.#seen.get(replicaId) ?? 0) + 1;
    if (n > Number.MAX_SAFE_INTEGER) throw new CrdtError('out_of_range', 'the count would pass 2^53−1');
    const known = new Map<string, number>();
    this.#seen.set(replicaId, n);
    for (const id of [...this.#values.keys(), replicaId]) known.set(id, this.#seen.get(id) as number);
    this.#values.clear();
    this.#values.set(replicaId, own);
    this.changed();
    return {
      replicaId,
      seen: listCounts(known),
      values: [[replicaId, n, own.data]],
    };
  }

  payload(): MVRegisterPayload<T> {
    return {
      replicaId: this.replicaId,
      seen: listCounts(this.#seen),
      values: [...this.#values]
        .sort((a, b) => compare(a[0], b[0]))
        .map(([id, { data }]) => [id, this.#seen.get(id) as number, data]),
    };
  }

  equal(other: MVRegister<T>): boolean {
    if (!sameCounts(this.#seen, other.#seen) || this.#values.size !== other.#values.size) return false;
    for (const [id, { text }] of this.#values) if (other.#values.get(id)?.text !== text) return false;
    return true;
  }

  protected read(payload: unknown): State<T> {
    const reader = new Reader(payload, ['seen', 'values']);
    const seen = reader.counts(reader.get('seen'), 'seen');
    const values = new Map<string, Value<T>>();
    for (const [i, item] of reader.list(reader.get('values'), 'values').entries()) {
      const where = `values[${i}]`;
      const [replicaId, count, value] = readTuple(item, 3, 3, where);
      const [id, n] = [readId(replicaId, where), readCount(count, where)];
      if (values.has(id)) refuse(where, 'this replica id stands twice');
      if (n !== seen.get(id)) refuse(where, 'not the last that was seen of its replica');
      values.set(id, toValue<T>(value, 'bad_payload', where));
    }
    return { seen, values };
  }

  protected state(): State<T> {
    return { seen: this.#seen, values: this.#values };
  }

  protected isReused({ seen }: State<T>): boolean {
    return isAhead(seen, this.#seen, this.replicaId);
  }

  protected join({ seen, values }: State<T>): boolean {
    let changed = false;
    for (const [id, n] of seen) {
      const mine = this.#seen.get(id) ?? 0;
      if (n < mine) continue;
      const [own, theirs] = [this.#values.get(id), values.get(id)];
      if (n > mine || (own && !theirs) || (own && theirs && theirs.text > own.text)) {
        this.#seen.set(id, n);
        if (theirs) this.#values.set(id, theirs);
        else this.#values.delete(id);
        changed = true;
      }
    }
    return changed;
  }
}
