import type { Difference, Heads, LV } from './graph.ts';
import { type History, Kind } from './history.ts';
import { type Id, type Order, Tracker } from './tracker.ts';

/**
 * Hears a change of the current text: n code points behind at others are deleted,
 * of which the first is told, or, if n is 0, text is put there.
 */
export type Tell = (at: number, n: number, text: string, first?: Id) => void;

/** Replays events in an order in which causes come first. */
export class Walker {
  readonly tracker: Tracker;
  /** Its events were folded before, and are few: a log's since its bar. */
  charged = false;
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

  /**
   * Applies the events that come next, up to end.
   *
   * @throws TextError if one does not fit the text of its author, or
   * `limit_exceeded` if it takes too many steps, unless they were charged; then the
   * walker is void.
   */
  reach(end: LV, tell?: Tell): void {
    const { graph, length } = this.#history;
    const { tracker } = this;
    const start = tracker.grow(end);
    const limit = graph.limit(length);
    for (const span of graph.arrange(start, end)) {
      this.#apply(span.start, span.end, tell);
      graph.steps += tracker.steps;
      tracker.steps = 0;
      if (!this.charged) graph.within(limit);
    }
  }

  /** Applies events that follow each other. */
  #apply(start: LV, end: LV, tell: Tell | undefined): void {
    const history = this.#history;
    const { tracker } = this;
    const { graph } = history;
    this.visit(graph.parents(start), graph.floor(start));
    history.each(start, end, (run, v, n) => {
      const at = history.position(run, v, n);
      const kind = history.kind(run);
      history.fit(run, v, n, tracker.prepared);
      if (kind === Kind.inserted) {
        const effective = tracker.insert(v, at, n);
        tell?.(effective, 0, history.text(run, v, n));
      } else {
        tracker.remove(v, at, n, kind === Kind.erased, tell);
      }
    });
    this.#version = [end - 1];
  }

  /** Moves the prepare state to a version, of whose past all events before the floor are. */
  visit(version: Heads, floor: LV = 0): void {
    this.shift(this.compare(version, floor), version, floor);
  }

  /** The events that are taken back, and put in again, to visit a version: spans, the latest first. */
  compare(version: Heads, floor: LV): Difference {
    return this.#history.graph.compare(this.#version, version, Math.min(this.#floor, floor));
  }

  /** Moves the prepare state to a version from which it differs so. */
  shift({ onlyA, onlyB }: Difference, version: Heads, floor: LV): void {
    for (const { start, end } of onlyA) this.retreat(start, end);
    for (const { start, end } of onlyB.reverse()) {
      this.#history.each(start, end, (run, v, n) => this.move(run, v, n, 1));
    }
    this.#version = version;
    this.#floor = floor;
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

  /** Takes n events of a run back from the prepare state (by is -1), or puts them into it again (1). */
  move(run: number, v: LV, n: number, by: number): void {
    if (this.#history.kind(run) === Kind.inserted) this.tracker.move(v, n, by);
    else this.tracker.moveDeleted(v, n, by);
  }
}
