import type { LV, Span } from './graph.ts';
import { type History, Kind } from './history.ts';
import { Changes, type Op } from './op.ts';
import type { Tracker } from './tracker.ts';

/** How many edits can be undone at least. */
const maxSteps = 1000;

/**
 * A replica's own edits, which can be undone, and those that are. What an undo
 * puts back is a copy of what was deleted, which is remembered: undoing that
 * which inserted the one takes the other away as well.
 */
export class Steps {
  undos: Span[] = [];
  redos: Span[] = [];
  /** Of which code point each is a copy. */
  readonly #copies = new Map<LV, LV>();

  /** Makes events a step that can be undone. */
  remember(start: LV, end: LV): void {
    this.redos = [];
    if (this.undos.length === 2 * maxSteps) this.undos = this.undos.slice(maxSteps); // seldom, as all others move
    this.undos.push({ start, end });
  }

  /** The operation that takes a step back, and of which code points those are copies that it inserts. */
  inverse(history: History, tracker: Tracker, { start, end }: Span): { op: Op; copied: LV[] } {
    const restored = new Set<LV>();
    history.each(start, end, (run, v, n) => {
      if (history.kind(run) === Kind.inserted) return;
      for (let k = v; k < v + n; k++) restored.add(tracker.deletedBy(k));
    });
    const ranks = this.#ranks(tracker, restored);
    const rank = (v: LV): number => ranks.get(this.#root(v)) ?? 0;
    const changes = new Changes();
    const copied: LV[] = [];
    const text: LV[] = []; // the code points up to here, as they will be
    tracker.each((id, n, state) => {
      for (let v = id; v < id + n; v++) {
        if (state === 1 && this.#isOf(v, start, end)) {
          changes.add(text.length, 1, '');
        } else if (state === 1) {
          text.push(v);
        } else if (state === 2 && restored.has(v)) {
          let at = text.length;
          while (at > 0 && rank(text[at - 1] as LV) > rank(v)) at--;
          changes.add(at, 0, history.written(v, 1));
          copied.push(v);
          text.splice(at, 0, v);
        }
      }
    });
    return { op: changes.op, copied };
  }

  /** Remembers of which code points those are copies that the events from start on inserted. */
  note(history: History, start: LV, copied: readonly LV[]): void {
    let i = 0;
    history.each(start, history.end, (run, v, n) => {
      if (history.kind(run) !== Kind.inserted) return;
      for (let k = v; k < v + n; k++) this.#copies.set(k, copied[i++] as LV);
    });
  }

  /** Whether a code point was inserted by the events from start to end, or is a copy of one that was. */
  #isOf(v: LV, start: LV, end: LV): boolean {
    let origin: LV | undefined = v;
    while (origin !== undefined && (origin < start || origin >= end)) origin = this.#copies.get(origin);
    return origin !== undefined;
  }

  /** The code point that one is a copy of, in the end. */
  #root(v: LV): LV {
    let root = v;
    for (let next = this.#copies.get(v); next !== undefined; next = this.#copies.get(next)) root = next;
    return root;
  }

  /**
   * The places, among each other, of code points that are to be put back, and of
   * those that copies stand for. A copy stands in front of what was deleted where
   * it is, whatever its own place was.
   */
  #ranks(tracker: Tracker, restored: ReadonlySet<LV>): Map<LV, number> {
    const roots = new Set<LV>();
    for (const v of restored) roots.add(this.#root(v));
    for (const v of this.#copies.keys()) roots.add(this.#root(v));
    const ranks = new Map<LV, number>();
    if (roots.size === 0) return ranks;
    tracker.each((id, n) => {
      for (let v = id; v < id + n; v++) if (roots.has(v)) ranks.set(v, ranks.size + 1);
    });
    return ranks;
  }
}
