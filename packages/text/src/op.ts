import { TextError } from './error.ts';
import { History, maxLength } from './history.ts';
import { Rope } from './rope.ts';
import { runesOf } from './runes.ts';
import { Walker } from './walker.ts';

/** A change at one place, `[at, delete, insert]`: so many code points behind `at` others are deleted, and text is put there. */
export type Splice = readonly [at: number, deleted: number, inserted: string];

/** A change of a text: splices, each of which sees those before it. */
export type Op = readonly Splice[];

/** Whose text comes first where two insert at one place: what is `left` stands in front. */
export type Side = 'left' | 'right';

/** Makes operations. */
export const op = {
  /** The operation that puts text behind so many code points. */
  insert: (at: number, text: string): Op => [[at, 0, text]],
  /** The operation that deletes n code points behind so many. */
  delete: (at: number, n: number): Op => [[at, n, '']],
};

/**
 * How many code points a text of so many has after a splice that inserts some.
 *
 * @throws TextError if it does not fit the text.
 */
export function spliced(length: number, at: number, n: number, inserted: number): number {
  if (!Number.isInteger(at) || !Number.isInteger(n) || at < 0 || n < 0 || at + n > length) {
    const message = `A splice at ${at} that deletes ${n} is not within a text of ${length} code points.`;
    throw new TextError('bad_operation', message);
  }
  const after = length - n + inserted;
  if (after > maxLength)
    throw new TextError('limit_exceeded', `A text has at most ${maxLength} code points.`);
  return after;
}

/**
 * How many code points an operation inserts and deletes, and how many a text of so
 * many has then.
 *
 * @throws TextError if it is none, or does not fit the text.
 */
export function check(op: Op, length: number): { events: number; after: number } {
  if (!Array.isArray(op)) throw new TextError('bad_operation', 'An operation is an array of splices.');
  let after = length;
  let events = 0;
  for (const splice of op as Op) {
    if (!Array.isArray(splice) || splice.length !== 3) {
      throw new TextError('bad_operation', 'A splice is [at, delete, insert].');
    }
    const [at, n, text] = splice as Splice;
    const inserted = runesOf(text);
    after = spliced(after, at, n, inserted);
    events += n + inserted;
  }
  return { events, after };
}

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

/** Applies a splice that was checked to a text. */
export function put(rope: Rope, [at, n, text]: Splice): void {
  rope.remove(at, n);
  if (text !== '') rope.insert(at, text, runesOf(text));
}

/** Adds the events of an operation that was checked to a history. */
export function record(history: History, op: Op): void {
  for (const [at, n, text] of op) {
    if (n > 0) history.remove(at, n);
    if (text !== '') history.insert(at, text, runesOf(text));
  }
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

/** An operation in the making: each change goes into its last splice where it continues that. */
export class Changes {
  readonly op: [at: number, n: number, text: string][] = [];
  /** How many code points the last splice inserts. */
  #inserted = 0;

  readonly add = (at: number, n: number, text: string): void => {
    const last = this.op.at(-1);
    if (last !== undefined) {
      if (n === 0 && at === last[0] + this.#inserted) {
        last[2] += text;
        this.#inserted += runesOf(text);
        return;
      }
      if (n > 0 && this.#inserted === 0 && (at === last[0] || at + n === last[0])) {
        last[0] = at;
        last[1] += n;
        return;
      }
    }
    this.op.push([at, n, text]);
    this.#inserted = runesOf(text);
  };

  /** Puts another operation behind. */
  addAll(op: Op): void {
    for (const [at, n, text] of op) {
      if (n > 0) this.add(at, n, '');
      if (text !== '') this.add(at, 0, text);
    }
  }
}
