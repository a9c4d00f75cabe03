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
  const behind = before.endsWith(after.slice(caret)) ? after.length - caret : 0;
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
  return longest(
    most,
    (from, to) => a.slice(a.length - to, a.length - from) === b.slice(b.length - to, b.length - from),
  );
}

/** Up to where, of so many, all is equal: by halves, as comparing slices is much faster than comparing units. */
function longest(most: number, equal: (from: number, to: number) => boolean): number {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (equal(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
