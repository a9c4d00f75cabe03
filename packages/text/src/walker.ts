import { equal, type Heads, type LV, type Span } from './graph.ts';
import { type History, Kind } from './history.ts';
import { type Order, Tracker } from './tracker.ts';

/** Hears a change of the current text: n code points behind at others are deleted, or, if n is 0, text is put there. */
export type Tell = (at: number, n: number, text: string) => void;

/** Replays events in an order in which causes come first. */
export class Walker {
  readonly tracker: Tracker;
  readonly #history: History;
  /** The version of the prepare state. */
  #version: Heads;
  /** All events before it are in the past of that. */
  #floor: LV = 0;

  /**
   * A walker for the events behind base, all of which follow it: -1 is the
   * beginning, whose text may have some code points already.
   */
  constructor(
    history: History,
    base: LV,
    length = history.textLength(base),
    order: Order = (a, b) => history.agents.compare(a, b),
  ) {
    this.#history = history;
    this.tracker = new Tracker(base + 1, length, order);
    this.#version = base < 0 ? [] : [base];
  }

  /** How many code points there are, of all that was applied. */
  get length(): number {
    return this.tracker.effective;
  }

  /**
   * Applies the events that come next, up to end.
   *
   * @throws TextError if one does not fit the text of its author, or
   * `limit_exceeded` if it takes too many steps; then the walker is void.
   */
  reach(end: LV, tell?: Tell): void {
    const { graph, length } = this.#history;
    const start = this.tracker.grow(end);
    const limit = graph.limit(length);
    for (const span of graph.arrange(start, end)) {
      this.#apply(span.start, span.end, tell);
      graph.within(limit);
    }
  }

  /** Applies events that follow each other. */
  #apply(start: LV, end: LV, tell: Tell | undefined): void {
    const history = this.#history;
    const { tracker } = this;
    const floor = history.graph.floor(start);
    this.visit(history.graph.parents(start), floor);
    for (let run = history.runOf(start), v = start; v < end; run++) {
      const n = Math.min(history.runEnd(run), end) - v;
      const at = history.position(run, v, n);
      const kind = history.kind(run);
      history.fit(run, v, n, tracker.prepared);
      if (kind === Kind.inserted) {
        const effective = tracker.insert(v, at, n);
        tell?.(effective, 0, history.text(run, v, n));
      } else {
        tracker.remove(v, at, n, kind === Kind.erased, tell);
      }
      v += n;
    }
    this.#version = [end - 1];
    this.#floor = floor;
  }

  /**
   * Moves the prepare state to a version, of whose past all events before the floor
   * are, unless more than most events move for that. Returns how many do.
   */
  visit(version: Heads, floor: LV = 0, most = Number.POSITIVE_INFINITY): number {
    if (equal(this.#version, version)) return 0;
    const { graph } = this.#history;
    const { onlyA, onlyB } = graph.compare(this.#version, version, Math.min(this.#floor, floor));
    let moved = 0;
    for (const { start, end } of onlyA) moved += end - start;
    for (const { start, end } of onlyB) moved += end - start;
    if (moved > most) return moved;
    // If most of all is taken back, and nothing remains, that is done at once.
    const all = (version[0] ?? -1) < this.tracker.base && 4 * moved > this.tracker.events;
    if (all) this.tracker.rewind();
    for (const { start, end } of onlyA) {
      if (all) this.#history.each(start, end, () => this.#history.graph.steps++);
      else this.retreat(start, end);
    }
    for (let i = onlyB.length - 1; i >= 0; i--) this.#advance(onlyB[i] as Span);
    this.#version = version;
    this.#floor = floor;
    return moved;
  }

  /** Takes the events from start to end back from the prepare state. */
  retreat(start: LV, end: LV): void {
    const history = this.#history;
    for (let run = history.runOf(end - 1), v = end; v > start; run--) {
      const from = Math.max(history.runStart(run), start);
      this.move(run, from, v - from, -1);
      v = from;
    }
  }

  #advance({ start, end }: Span): void {
    this.#history.each(start, end, (run, v, n) => this.move(run, v, n, 1));
  }

  /** Takes n events of a run back from the prepare state (by is -1), or puts them into it again (1). */
  move(run: number, v: LV, n: number, by: number): void {
    this.#history.graph.steps++;
    if (this.#history.kind(run) === Kind.inserted) this.tracker.move(v, n, by);
    else this.tracker.moveDeleted(v, n, by);
  }
}
