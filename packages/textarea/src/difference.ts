import { splits } from './position.ts';

/** A part of a text, in UTF-16 code units, and what it was replaced by. */
export interface Difference {
  readonly from: number;
  readonly to: number;
  readonly inserted: string;
}

/**
 * What an edit has changed that left the caret where it is. Behind what is typed,
 * pasted or deleted stands the caret, so what is behind that has not changed: that
 * tells which of several equal letters is the new one. Where it is not so (a word
 * that was corrected elsewhere), it is what differs between what is equal at both ends.
 */
export function difference(before: string, after: string, caret: number): Difference {
  const shorter = Math.min(before.length, after.length);
  const rest = after.length - caret;
  const behind = rest <= shorter && sameEnd(before, after, rest) ? rest : 0;
  let from = equalStart(before, after, shorter - behind);
  if (splits(before, from) || splits(after, from)) from--;
  let end = equalEnd(before, after, shorter - from);
  if (splits(before, before.length - end) || splits(after, after.length - end)) end--;
  return { from, to: before.length - end, inserted: after.slice(from, after.length - end) };
}

/** How many code units two texts have in common at their beginning, of so many. */
function equalStart(a: string, b: string, most: number): number {
  return longest(most, (from, to) => a.slice(from, to) === b.slice(from, to));
}

/** How many code units two texts have in common at their end, of so many. */
function equalEnd(a: string, b: string, most: number): number {
  return longest(most, (from, to) => sameEnd(a, b, to, from));
}

/** Whether the last code units of two texts are the same, so many but those behind. */
function sameEnd(a: string, b: string, most: number, behind = 0): boolean {
  return a.slice(a.length - most, a.length - behind) === b.slice(b.length - most, b.length - behind);
}

/**
 * Up to where, of so many, all is equal: mostly all of them, else by halves, as
 * comparing slices is much faster than comparing units.
 */
function longest(most: number, equal: (from: number, to: number) => boolean): number {
  if (equal(0, most)) return most;
  let low = 0;
  let high = most - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (equal(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
