import { History, maxLength } from './history.ts';
import { Changes, check, type Op, put, record, type Side } from './op.ts';
import { Rope } from './rope.ts';
import { runesOf } from './runes.ts';
import { Walker } from './walker.ts';

export { TextError, type TextErrorCode } from './error.ts';
export type { Op, Side, Splice } from './op.ts';

/** Makes operations. */
export const op = {
  /** The operation that puts text behind so many code points. */
  insert: (at: number, text: string): Op => [[at, 0, text]],
  /** The operation that deletes n code points behind so many. */
  delete: (at: number, n: number): Op => [[at, n, '']],
};

/**
 * The text that an operation makes of one.
 *
 * @throws TextError if it cannot be applied to it.
 */
export function apply(text: string, op: Op): string {
  check(op, runesOf(text));
  const rope = new Rope(text);
  for (const splice of op) put(rope, splice);
  return rope.toString();
}

/**
 * What an operation, made without knowing another, does to a text to which that
 * was applied already:
 *
 *     apply(apply(s, a), transform(b, a, 'right')) === apply(apply(s, b), transform(a, b, 'left'))
 *
 * It is what merging makes of the two. Both must fit the same text.
 *
 * @throws TextError if one of them is no operation.
 */
export function transform(op: Op, against: Op, side: Side): Op {
  const length = maxLength / 2;
  check(op, length);
  if (check(against, length).events === 0) return op;
  const history = new History();
  history.graph.add(0, []);
  record(history, against);
  const fork = history.end;
  history.graph.add(fork, []);
  record(history, op);
  const order = side === 'left' ? -1 : 1;
  const walker = new Walker(history, -1, length, () => order);
  walker.reach(fork);
  const changes = new Changes();
  walker.reach(history.end, changes.add);
  return changes.op;
}

/** Where a position is after an operation. What is inserted there moves it if it is on the right side of it. */
export function transformPosition(at: number, op: Op, side: Side): number {
  let position = at;
  for (const [from, n, text] of op) {
    const inserted = runesOf(text);
    if (position < from || (position === from && side === 'left')) continue;
    if (position >= from + n) position += inserted - n;
    else position = side === 'left' ? from : from + inserted;
  }
  return position;
}
