import { Column, search } from './column.ts';
import { TextError } from './error.ts';
import { Queue } from './queue.ts';
import * as Side from './side.ts';

/**
 * The local number of an event: one inserted or deleted code point. An event's
 * causes have lower numbers. -1 is the empty text before all events.
 */
export type LV = number;

/** Events none of which follows another, ascending: they and their past. */
export type Heads = readonly LV[];

/** A range of events, its end excluded. */
export interface Span {
  start: LV;
  end: LV;
}

/**
 * Which event follows which. It holds runs of events, each of which follows the
 * one before it; the first follows the run's parents.
 */
export class Graph {
  readonly #starts = new Column();
  readonly #parents: Heads[] = [];
  readonly #floors = new Column();
  readonly #queue = new Queue();
  /** How many were taken: runs that were looked at, and runs of operations that were moved. */
  steps = 0;

  /** How many runs there are. */
  get length(): number {
    return this.#starts.length;
  }

  /** The first event of a run. */
  start(run: number): LV {
    return this.#starts.values[run] as number;
  }

  /**
   * Takes in the events from start on, the next ones. All events before the floor
   * must be in their past: the higher it is, the less is looked through.
   */
  add(start: LV, parents: Heads, floor: LV = 0): void {
    if (start > 0 && parents.length === 1 && parents[0] === start - 1) return;
    this.#starts.push(start);
    this.#parents.push([...parents]);
    this.#floors.push(floor);
  }

  /** The index of the run of an event. */
  of(v: LV): number {
    return this.#starts.last(v);
  }

  /** What an event follows directly. */
  parents(v: LV): Heads {
    const run = this.of(v);
    return (this.#starts.values[run] as number) === v ? (this.#parents[run] as Heads) : [v - 1];
  }

  /** The floor of an event: all events before it are in its past. */
  floor(v: LV): LV {
    return this.#floors.values[this.of(v)] as number;
  }

  /** The end of the events from start on that follow each other, up to end. */
  stretch(start: LV, end: LV): LV {
    const next = this.of(start) + 1;
    return next < this.length ? Math.min(end, this.#starts.values[next] as number) : end;
  }

  /**
   * The events that are in the past of a alone, and of b alone, the versions
   * themselves included: spans, the latest first. All events before the floor must
   * be in the past of both.
   */
  compare(a: Heads, b: Heads, floor: LV = 0): { onlyA: Span[]; onlyB: Span[] } {
    const onlyA: Span[] = [];
    const onlyB: Span[] = [];
    if (equal(a, b)) return { onlyA, onlyB };
    const queue = this.#queue;
    queue.clear();
    for (const v of a) if (v >= floor) queue.push(v, Side.left);
    for (const v of b) if (v >= floor) queue.push(v, Side.right);
    while (queue.alone > 0) {
      this.steps++;
      const v = queue.top;
      let side = queue.pop();
      const run = this.of(v);
      const start = Math.max(floor, this.#starts.values[run] as number);
      let end = v + 1;
      for (let next = queue.top; next >= start; next = queue.top) {
        const wider = side | queue.pop();
        if (wider === side) continue;
        if (next + 1 < end) (side === Side.left ? onlyA : onlyB).push({ start: next + 1, end });
        end = next + 1;
        side = wider;
      }
      if (side !== Side.both) (side === Side.left ? onlyA : onlyB).push({ start, end });
      this.#follow(run, side, floor);
    }
    return { onlyA, onlyB };
  }

  /**
   * The latest event that all of a version have in common as their past, or are,
   * and that all else of their past is the past of, or follows; -1 if there is
   * none.
   */
  base(version: Heads): LV {
    const queue = this.#queue;
    queue.clear();
    for (const v of version) queue.push(v, Side.both);
    while (queue.top >= 0) {
      const v = queue.top;
      queue.pop();
      if (queue.top < 0) return v;
      const run = this.of(v);
      if (queue.top >= (this.#starts.values[run] as number)) continue;
      const parents = this.#parents[run] as Heads;
      if (parents.length === 0) break; // nothing is common to what follows nothing
      for (const parent of parents) queue.push(parent, Side.both);
    }
    return -1;
  }

  /** Of each run from that of start on, the lowest parent of it and of those behind it. */
  lowest(start: LV): Int32Array {
    const first = this.of(start);
    const lowest = new Int32Array(this.length - first);
    let low = this.#starts.values[this.length - 1] as number;
    for (let i = lowest.length - 1; i >= 0; i--) {
      low = Math.min(low, this.#parents[first + i]?.[0] ?? -1);
      lowest[i] = low;
    }
    return lowest;
  }

  /**
   * How far to go from start on, where a version is, up to end at most: until one
   * event is all of the version, and whatever is behind it follows it, as the
   * lowest parents of the runs from there on tell; all the way without them.
   * Returns that place, and the version there.
   */
  meeting(version: Heads, start: LV, end: LV, lowest?: Int32Array): { after: Heads; end: LV } {
    const after = new Set(version);
    let met = start;
    for (let run = this.of(start); met < end; run++) {
      for (const parent of this.parents(met)) after.delete(parent);
      const last = run + 1 === this.length;
      met = last ? end : Math.min(end, this.#starts.values[run + 1] as number);
      after.add(met - 1);
      if (lowest === undefined || after.size > 1) continue;
      if (last || (lowest[run + 1 - this.length + lowest.length] as number) >= met - 1) break;
    }
    return { after: [...after].sort((a, b) => a - b), end: met };
  }

  /** The version that a version becomes by the events from start to end, the next ones. */
  advance(version: Heads, start: LV, end: LV): Heads {
    return this.meeting(version, start, end).after;
  }

  /**
   * How many steps may have been taken when what is about to be done is, on a
   * history of so many runs of operations. Branches that part and meet with each
   * event cost steps by the square of their number. Histories that people make
   * take a few for each run.
   */
  limit(runs: number): number {
    return this.steps + 2 ** 18 + 64 * (this.length + runs);
  }

  /** @throws TextError `limit_exceeded` if more steps were taken. */
  within(limit: number): void {
    if (this.steps <= limit) return;
    throw new TextError('limit_exceeded', 'The branches of the history part and meet too often.');
  }

  /** Takes back all runs but the first n. */
  truncate(n: number): void {
    this.#starts.length = n;
    this.#parents.length = n;
    this.#floors.length = n;
  }

  /** Those of some events that are in no other's past. */
  dominators(events: Heads): Heads {
    if (events.length < 2) return events;
    const queue = this.#queue;
    queue.clear();
    for (const v of events) queue.push(v, Side.left);
    const found: LV[] = [];
    const lowest = events.reduce((a, b) => Math.min(a, b));
    for (let v = queue.top; v >= lowest; v = queue.top) {
      this.steps++;
      if (queue.pop() === Side.left) found.push(v);
      const run = this.of(v);
      queue.drop(this.#starts.values[run] as number); // whoever is further down in the run is in its past
      this.#follow(run, Side.right, lowest);
    }
    return found.reverse();
  }

  /** Queues the parents of a run, but those before the floor. */
  #follow(run: number, side: number, floor: LV): void {
    const parents = this.#parents[run] as Heads;
    for (let i = parents.length - 1; i >= 0 && (parents[i] as LV) >= floor; i--)
      this.#queue.push(parents[i] as LV, side);
  }

  /**
   * Puts the events from start to end into an order in which each comes behind
   * its causes, and branches stay together: as spans of which only the first event
   * may follow something else than the one before it.
   */
  arrange(start: LV, end: LV): Span[] {
    const pieces: Span[] = [];
    for (let from = start; from < end; ) {
      const to = this.stretch(from, end);
      pieces.push({ start: from, end: to });
      from = to;
    }
    if (pieces.length < 3) return pieces;
    const waits = new Int32Array(pieces.length); // for so many parents
    const children: number[][] = pieces.map(() => []);
    const ready: number[] = [];
    for (const [i, piece] of pieces.entries()) {
      let waiting = 0;
      for (const parent of this.parents(piece.start)) {
        const j = lastFrom(pieces, i, parent);
        if (j < 0 || parent >= (pieces[j] as Span).end) continue;
        waiting++;
        (children[j] as number[]).push(i);
      }
      waits[i] = waiting;
      if (waiting === 0) ready.push(i);
    }
    ready.reverse();
    const order: Span[] = [];
    for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
      order.push(pieces[i] as Span);
      const behind = children[i] as number[];
      for (let k = behind.length - 1; k >= 0; k--) {
        const child = behind[k] as number;
        const waiting = (waits[child] as number) - 1;
        waits[child] = waiting;
        if (waiting === 0) ready.push(child);
      }
    }
    return order;
  }
}

/** Whether two versions are the same. */
export function equal(a: Heads, b: Heads): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

/** The index of the last of the first n spans that begins at an event or before it, or -1. */
export function lastFrom(spans: readonly Span[], n: number, v: LV): number {
  return search(n, (i) => (spans[i] as Span).start > v) - 1;
}

/** Makes one of spans that follow each other. */
export function join(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last?.end === span.start) last.end = span.end;
    else joined.push(span);
  }
  return joined;
}
