import { TextError } from './error.ts';
import { type History, maxLength, tooLong } from './history.ts';
import type { Rope } from './rope.ts';
import { runesOf } from './runes.ts';

/** A change at one place, `[at, delete, insert]`: so many code points behind `at` others are deleted, and text is put there. */
export type Splice = readonly [at: number, deleted: number, inserted: string];

/** A change of a text: splices, each of which sees those before it. */
export type Op = readonly Splice[];

/** Whose text comes first where two insert at one place: what is `left` stands in front. */
export type Side = 'left' | 'right';

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
  if (after > maxLength) throw tooLong();
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

/** Applies a splice that was checked to a text. */
export function put(rope: Rope, [at, n, text]: Splice): void {
  rope.remove(at, n);
  if (text !== '') rope.insert(at, text, runesOf(text));
}

/** Applies an operation to a text, and returns the one that takes it back, and what it deleted. */
export function turn(text: Rope, op: Op): { inverse: Op; removed: string } {
  const inverse: Splice[] = [];
  let removed = '';
  for (const splice of op) {
    const [at, n, inserted] = splice;
    const gone = text.slice(at, at + n);
    inverse.push([at, runesOf(inserted), gone]);
    removed += gone;
    put(text, splice);
  }
  return { inverse: inverse.reverse(), removed };
}

/** Adds the events of an operation that was checked to a history. */
export function record(history: History, op: Op): void {
  for (const [at, n, text] of op) {
    if (n > 0) history.remove(at, n);
    if (text !== '') history.insert(at, text, runesOf(text));
  }
}

/** An operation in the making: each change goes into its last splice where it continues that. */
export class Changes {
  readonly op: [at: number, n: number, text: string][];
  /** How many code points the last splice inserts. */
  #inserted: number;

  /** The changes behind those of an operation. */
  constructor(op: Op = []) {
    this.op = op.map(([at, n, text]) => [at, n, text]);
    this.#inserted = runesOf(op.at(-1)?.[2] ?? '');
  }

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
}

/** Puts another operation behind. */
export function addAll(changes: Changes, op: Op): void {
  for (const [at, n, text] of op) {
    if (n > 0) changes.add(at, n, '');
    if (text !== '') changes.add(at, 0, text);
  }
}
