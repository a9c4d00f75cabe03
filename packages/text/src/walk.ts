import { equal, type Heads, type LV } from './graph.ts';
import { type History, Kind } from './history.ts';
import { type Tell, Walker } from './walker.ts';

/** How many events are held near for a start. */
const maxNear = 1 << 14;
/** How many events a walker of all may have to be kept. */
const mostKept = 4 * maxNear;

/**
 * The walker of the concurrent part of a history, which goes on from where it was
 * while what comes follows the event before its tracker's. It is kept from one
 * walk to the next.
 */
export class Nearby {
  #walker: Walker | undefined;
  /** So many events it holds before a later beginning is looked for. */
  #limit = 0;

  /** The walker for events up to end, of a version before and after them, whose lowest parent is given. */
  walker(history: History, versions: Heads, lowest: LV, end: LV): Walker {
    const old = this.#walker;
    if (old !== undefined && lowest >= old.tracker.base - 1 && this.#holds(end) <= this.#limit) return old;
    const base = history.graph.base(versions);
    const walker = old?.tracker.base === base + 1 ? old : new Walker(history, base);
    this.adopt(walker, end);
    return walker;
  }

  /** Goes on with a walker that has the events up to end. */
  adopt(walker: Walker, end: LV): void {
    this.#walker = walker;
    this.#limit = Math.max(maxNear, 2 * this.#holds(end));
  }

  /** Lets the walker go if it would hold too much with the events up to end, or all if none is given. */
  drop(end = Number.POSITIVE_INFINITY): void {
    if (this.#holds(end) > this.#limit) this.#walker = undefined;
  }

  /** How many events it has to hold for the next one up to end. */
  #holds(end: LV): number {
    return this.#walker === undefined ? 0 : end - this.#walker.tracker.base;
  }
}

/**
 * Folds the events of a history from one on into a text of so many code points
 * that holds those before it, at a version: tells what becomes of the text, in
 * order, and returns the version after it. What it replays for that it keeps
 * near, for the next time.
 *
 * @throws TextError if an event is at a position that its author's text did not
 * have; then what was told, and near, are void.
 */
export function walk(
  history: History,
  before: Heads,
  from: LV,
  size: number,
  near: Nearby,
  tell: Tell,
): Heads {
  const { graph, end } = history;
  if (from === end) return before;
  const lowest = graph.lowest(from);
  let version = before;
  let length = size;
  for (let start = from; start < end; ) {
    if (equal(graph.parents(start), version)) {
      const stop = graph.stretch(start, end);
      length = plainly(history, start, stop, length, tell);
      version = [stop - 1];
      start = stop;
      continue;
    }
    const met = graph.meeting(version, start, end, lowest);
    const low = lowest[graph.of(start) - graph.length + lowest.length] as number;
    const walker = near.walker(history, [...version, ...met.after], low, met.end);
    walker.reach(start);
    walker.reach(met.end, tell);
    length = walker.tracker.effective;
    version = met.after;
    start = met.end;
  }
  return version;
}

/**
 * Walks a history from its first event on, which comes before any text, by one
 * walker: tells what becomes of the text, and returns the version after it. It is
 * for a history that branches early: what comes before that the tracker would hold
 * for nothing.
 *
 * @throws TextError as `walk` does.
 */
export function whole(history: History, near: Nearby, tell: Tell): Heads {
  const { graph, end } = history;
  const walker = new Walker(history, -1);
  walker.reach(end, tell);
  if (end <= mostKept) near.adopt(walker, end);
  return graph.advance([], 0, end);
}

/** Tells events as their authors meant them: they saw all that is before. Returns how long the text is then. */
function plainly(history: History, start: LV, end: LV, before: number, tell: Tell): number {
  let length = before;
  history.each(start, end, (run, v, n) => {
    const at = history.position(run, v, n);
    history.fit(run, v, n, length);
    if (history.kind(run) === Kind.inserted) {
      length += n;
      tell(at, 0, history.text(run, v, n));
    } else {
      length -= n;
      tell(at, n, '');
    }
  });
  return length;
}
