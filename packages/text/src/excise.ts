import type { LV } from './graph.ts';
import { History, Kind } from './history.ts';
import { Changes, check, type Op, record } from './op.ts';
import { Walker } from './walker.ts';

/**
 * What operations that follow each other become if one of them, the first to be
 * counted 0, has no effect: those before it as they were, and those behind it at
 * the places where their text then is. The first is of a text of so many code
 * points.
 *
 * @throws TextError if they do not fit it.
 */
export function excise(ops: readonly Op[], without: number, length: number): Op[] {
  const history = new History();
  history.graph.add(0, []);
  let now = length;
  const ends = ops.map((op) => {
    now = check(op, now).after;
    record(history, op);
    return history.end;
  });
  if (history.end === 0 || ops[without] === undefined) return [...ops];
  const walker = new Walker(history, -1, length, (a, b) => a - b);
  walker.reach(history.end);
  const start = ends[without - 1] ?? 0;
  if (start < history.end) walker.retreat(start, history.end);
  return ops.map((op, i) => {
    if (i < without) return op;
    return i === without ? [] : place(history, walker, ends[i - 1] as LV, ends[i] as LV);
  });
}

/** Puts events into the prepare state, and returns what that does to its text. */
export function place(history: History, walker: Walker, start: LV, end: LV): Op {
  const { tracker } = walker;
  const changes = new Changes();
  history.each(start, end, (run, v, n) => {
    const insertion = history.kind(run) === Kind.inserted;
    for (let done = v; done < v + n; ) {
      const { at, state, n: like } = tracker.place(insertion ? done : tracker.deletedBy(done));
      const part = insertion ? Math.min(like, v + n - done) : 1;
      if (insertion) changes.add(at, 0, history.text(run, done, part));
      else if (state === 1) changes.add(at, 1, '');
      // What is deleted may be nothing, as what has no effect inserted it.
      if (insertion || state > 0) walker.move(run, done, part, 1);
      done += part;
    }
  });
  return changes.op;
}
