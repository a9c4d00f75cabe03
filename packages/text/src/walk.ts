import type { Span, Version } from './graph.ts';
import { equal } from './graph.ts';
import { type History, Kind } from './history.ts';
import { Tracker } from './tracker.ts';

/** Hears a change of the current text: n code points behind at others are deleted, or, if n is 0, text is put there. */
export type Tell = (at: number, n: number, text: string) => void;

/** What `History.walk` does. */
export function walk(history: History, version: Version, from: number, tell: Tell): Version {
  const { graph } = history;
  let before = version;
  let start = from;
  while (start < history.end && equal(graph.parents(start), before)) {
    const end = graph.stretch(start, history.end);
    plainly(history, start, end, tell);
    before = [end - 1];
    start = end;
  }
  if (start === history.end) return before;
  const after = graph.advance(before, { start, end: history.end });
  const { base, events } = graph.zone([...before, ...after]);
  const old: Span[] = [];
  const fresh: Span[] = [];
  for (const span of events) {
    if (span.start < start) old.push({ start: span.start, end: Math.min(span.end, start) });
    if (span.end > start) fresh.push({ start: Math.max(span.start, start), end: span.end });
  }
  const walker = new Walker(history, (events[0] as Span).start, base < 0 ? [] : [base]);
  for (const span of graph.arrange(old)) walker.apply(span, silence);
  for (const span of graph.arrange(fresh)) walker.apply(span, tell);
  return after;
}

function silence(): void {}

/** Tells events as their authors meant them: they saw all that is before. */
function plainly(history: History, start: number, end: number, tell: Tell): void {
  for (let run = history.runOf(start), v = start; v < end; run++) {
    const n = Math.min(history.runEnd(run), end) - v;
    const at = history.position(run, v, n);
    if (history.kind(run) === Kind.inserted) tell(at, 0, history.text(run, v, n));
    else tell(at, n, '');
    v += n;
  }
}

/** Replays events in an order in which causes come first. */
class Walker {
  readonly #history: History;
  readonly #tracker: Tracker;
  /** The version of the prepare state. */
  #version: Version;

  constructor(history: History, start: number, version: Version) {
    this.#history = history;
    this.#tracker = new Tracker(start, history.end, history.agents);
    this.#version = version;
  }

  /** Applies events that follow each other. */
  apply({ start, end }: Span, tell: Tell): void {
    const history = this.#history;
    this.#visit(history.graph.parents(start));
    for (let run = history.runOf(start), v = start; v < end; run++) {
      const n = Math.min(history.runEnd(run), end) - v;
      const at = history.position(run, v, n);
      const kind = history.kind(run);
      if (kind === Kind.inserted) {
        const effective = this.#tracker.insert(v, at, n);
        if (tell !== silence) tell(effective, 0, history.text(run, v, n));
      } else {
        this.#tracker.remove(v, at, n, kind === Kind.erased, tell);
      }
      v += n;
    }
    this.#version = [end - 1];
  }

  /** Moves the prepare state to a version. */
  #visit(version: Version): void {
    const { onlyA, onlyB } = this.#history.graph.compare(this.#version, version);
    for (const span of onlyA) this.#retreat(span);
    for (let i = onlyB.length - 1; i >= 0; i--) this.#advance(onlyB[i] as Span);
    this.#version = version;
  }

  #retreat({ start, end }: Span): void {
    const history = this.#history;
    for (let run = history.runOf(end - 1), v = end; v > start; run--) {
      const from = Math.max(history.runStart(run), start);
      this.#move(run, from, v - from, -1);
      v = from;
    }
  }

  #advance({ start, end }: Span): void {
    const history = this.#history;
    for (let run = history.runOf(start), v = start; v < end; run++) {
      const n = Math.min(history.runEnd(run), end) - v;
      this.#move(run, v, n, 1);
      v += n;
    }
  }

  #move(run: number, v: number, n: number, by: number): void {
    if (this.#history.kind(run) === Kind.inserted) this.#tracker.moveInserted(v, n, by);
    else this.#tracker.moveDeleted(v, n, by);
  }
}
