import { Count } from './branches.ts';
import { equal, type LV, type Span, type Version } from './graph.ts';
import { type History, Kind } from './history.ts';
import { Tracker } from './tracker.ts';

/** Hears a change of the current text: n code points behind at others are deleted, or, if n is 0, text is put there. */
export type Tell = (at: number, n: number, text: string) => void;

/** What `History.walk` does. */
export function walk(history: History, before: Version, from: number, size: number, tell: Tell): Version {
  const { graph } = history;
  if (from === history.end) return before;
  const lowest = graph.lowest(from);
  let version = before;
  let length = size;
  for (let start = from; start < history.end; ) {
    if (equal(graph.parents(start), version)) {
      const end = graph.stretch(start, history.end);
      length = plainly(history, start, end, length, tell);
      version = [end - 1];
      start = end;
      continue;
    }
    const { after, end } = graph.meeting(version, start, history.end, lowest);
    length = concurrently(history, version, after, { start, end }, tell);
    version = after;
    start = end;
  }
  return version;
}

/** Tells events as their authors meant them: they saw all that is before. Returns how long the text is then. */
function plainly(history: History, start: number, end: number, before: number, tell: Tell): number {
  let length = before;
  for (let run = history.runOf(start), v = start; v < end; run++) {
    const n = Math.min(history.runEnd(run), end) - v;
    const at = history.position(run, v, n);
    history.fit(run, v, n, length);
    if (history.kind(run) === Kind.inserted) {
      length += n;
      tell(at, 0, history.text(run, v, n));
    } else {
      length -= n;
      tell(at, n, '');
    }
    v += n;
  }
  return length;
}

/** Tells events that their authors made without knowing all others. Returns how long the text is then. */
function concurrently(
  history: History,
  version: Version,
  after: Version,
  { start, end }: Span,
  tell: Tell,
): number {
  const { graph } = history;
  const { base, events } = graph.zone([...version, ...after]);
  const old: Span[] = [];
  const fresh: Span[] = [];
  for (const span of events) {
    if (span.start < start) old.push({ start: span.start, end: Math.min(span.end, start) });
    if (span.end > start) fresh.push({ start: Math.max(span.start, start), end: span.end });
  }
  const walker = new Walker(history, { start: (events[0] as Span).start, end }, base);
  for (const span of graph.arrange(old)) walker.apply(span);
  for (const span of graph.arrange(fresh)) walker.apply(span, tell);
  return walker.length;
}

/** Replays all events of a history, and returns the state that they come to. */
export function replay(history: History): Tracker {
  const all = { start: 0, end: history.end };
  const walker = new Walker(history, all, -1);
  for (const span of history.graph.arrange([all])) walker.apply(span);
  return walker.tracker;
}

/** Replays events in an order in which causes come first. */
class Walker {
  readonly tracker: Tracker;
  readonly #history: History;
  /** The version of the prepare state. */
  #version: Version;

  constructor(history: History, { start, end }: Span, base: LV) {
    this.#history = history;
    this.tracker = new Tracker(start, end, history.textLength(base), history.agents);
    this.#version = base < 0 ? [] : [base];
  }

  /** How long the text is, of all that was applied. */
  get length(): number {
    return this.tracker.length(Count.effective);
  }

  /** Applies events that follow each other. */
  apply({ start, end }: Span, tell?: Tell): void {
    const history = this.#history;
    this.#visit(history.graph.parents(start));
    for (let run = history.runOf(start), v = start; v < end; run++) {
      const n = Math.min(history.runEnd(run), end) - v;
      const at = history.position(run, v, n);
      const kind = history.kind(run);
      history.fit(run, v, n, this.tracker.length(Count.prepared));
      if (kind === Kind.inserted) {
        const effective = this.tracker.insert(v, at, n);
        tell?.(effective, 0, history.text(run, v, n));
      } else {
        this.tracker.remove(v, at, n, kind === Kind.erased, tell);
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
    if (this.#history.kind(run) === Kind.inserted) this.tracker.moveInserted(v, n, by);
    else this.tracker.moveDeleted(v, n, by);
  }
}
