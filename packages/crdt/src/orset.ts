import { type ApartPayload, Context } from './context.ts';
import type { CountsPayload } from './counts.ts';
import { type Dot, type Element, Elements } from './elements.ts';
import { CrdtError, refuse } from './error.ts';
import { Reader, readCount, readId, readTuple } from './payload.ts';
import { Replica } from './replica.ts';
import { compare, toValue } from './value.ts';

export interface ORSetPayload<T> {
  replicaId: string;
  /** Up to which of its operations each replica is known. */
  seen: CountsPayload;
  /** Operations known beyond those; missing if there are none. */
  apart?: ApartPayload;
  /** Ascending by canonical JSON; with the adds that hold the value in the set. */
  elements: [value: T, adds: [replicaId: string, n: number][]][];
}

interface State {
  context: Context;
  elements: Elements;
}

/**
 * A set of JSON values. An add that a remove has not seen survives it, and
 * what was removed leaves nothing behind. See Bieniusa et al., "An optimized
 * conflict-free replicated set" (2012), and Almeida, Shoker, Baquero, "Delta
 * state replicated data types" (2018).
 */
export class ORSet<T> extends Replica<ORSetPayload<T>, State> {
  readonly #context = new Context();
  readonly #elements = new Elements();

  get size(): number {
    return this.#elements.byText.size;
  }

  /** The elements, ascending by canonical JSON, frozen. */
  get value(): T[] {
    return this.#sorted().map(({ value }) => value.data as T);
  }

  has(value: T): boolean {
    return this.#elements.byText.has(toValue(value, 'bad_value', 'value').text);
  }

  /** Adds the value. One that is in the set is added anew, and so outlives a remove that has not seen this. */
  add(value: T): ORSetPayload<T> {
    const { replicaId } = this;
    const own = toValue<T>(value, 'bad_value', 'value');
    const n = this.#context.highest(replicaId) + 1;
    if (n > Number.MAX_SAFE_INTEGER) throw new CrdtError('out_of_range', 'the count would pass 2^53−1');
    const replaced = this.#elements.remove(own.text);
    this.#elements.put(own, replicaId, n);
    this.#context.add(replicaId, n);
    this.changed();
    const context = contextOf(replaced);
    context.add(replicaId, n);
    return { replicaId, ...context.payload(), elements: [[own.data, [[replicaId, n]]]] };
  }

  /** Removes the value, as far as this replica knows it added. One that is not in the set changes nothing. */
  remove(value: T): ORSetPayload<T> {
    const removed = this.#elements.remove(toValue(value, 'bad_value', 'value').text);
    if (removed.length) this.changed();
    return { replicaId: this.replicaId, ...contextOf(removed).payload(), elements: [] };
  }

  payload(): ORSetPayload<T> {
    const elements = this.#sorted().map<ORSetPayload<T>['elements'][number]>(({ value, dots }) => [
      value.data as T,
      dots.map<[string, number]>(({ id, n }) => [id, n]).sort((a, b) => compare(a[0], b[0]) || a[1] - b[1]),
    ]);
    return { replicaId: this.replicaId, ...this.#context.payload(), elements };
  }

  equal(other: ORSet<T>): boolean {
    const [mine, theirs] = [this.#elements, other.#elements];
    if (!this.#context.equal(other.#context) || mine.byText.size !== theirs.byText.size) return false;
    for (const [text, { dots }] of mine.byText) {
      const same = theirs.byText.get(text);
      if (same?.dots.length !== dots.length) return false;
      for (const { id, n } of dots) if (theirs.dot(id, n)?.element !== same) return false;
    }
    return true;
  }

  protected read(payload: unknown): State {
    const reader = new Reader(payload, ['seen', 'elements'], ['apart']);
    const context = new Context(reader.counts(reader.get('seen'), 'seen'));
    if (reader.has('apart')) readApart(reader, context);
    return { context, elements: readElements(reader, context) };
  }

  protected state(): State {
    return { context: this.#context, elements: this.#elements };
  }

  protected isReused({ context }: State): boolean {
    return context.highest(this.replicaId) > this.#context.highest(this.replicaId);
  }

  protected join({ context, elements }: State): boolean {
    const dropped = this.#elements.dropRemoved(context, elements);
    for (const { value, dots } of elements.byText.values())
      for (const { id, n } of dots) if (!this.#context.has(id, n)) this.#elements.put(value, id, n);
    return this.#context.join(context) || dropped;
  }

  #sorted(): Element[] {
    return [...this.#elements.byText.values()].sort((a, b) => compare(a.value.text, b.value.text));
  }
}

function contextOf(dots: Dot[]): Context {
  const context = new Context();
  for (const { id, n } of dots) context.add(id, n);
  return context;
}

function readApart(reader: Reader, context: Context): void {
  const ids = new Set<string>();
  for (const [i, item] of reader.list(reader.get('apart'), 'apart').entries()) {
    const where = `apart[${i}]`;
    const [replicaId, ns] = readTuple(item, 2, 2, where);
    const id = readId(replicaId, where);
    if (ids.has(id)) refuse(where, 'this replica id stands twice');
    ids.add(id);
    if (!reader.list(ns, where).length) refuse(where, 'a replica id without a count');
    for (const n of ns as unknown[])
      if (!context.add(id, readCount(n, where))) refuse(where, `${n} was seen already`);
  }
}

function readElements(reader: Reader, context: Context): Elements {
  const elements = new Elements();
  for (const [i, item] of reader.list(reader.get('elements'), 'elements').entries()) {
    const where = `elements[${i}]`;
    const [data, adds] = readTuple(item, 2, 2, where);
    const value = toValue(data, 'bad_payload', where);
    if (elements.byText.has(value.text)) refuse(where, 'this value stands twice');
    const dots = reader.list(adds, where);
    if (!dots.length) refuse(where, 'a value without an add');
    for (const dot of dots) {
      const [replicaId, count] = readTuple(dot, 2, 2, where);
      const [id, n] = [readId(replicaId, where), readCount(count, where)];
      if (!context.has(id, n)) refuse(where, 'an add that is neither seen nor apart');
      if (elements.dot(id, n)) refuse(where, 'an add that stands twice');
      elements.put(value, id, n);
    }
  }
  return elements;
}
