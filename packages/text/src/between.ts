import type { Op, Splice } from './op.ts';
import { isHigh, isLow, runesOf } from './runes.ts';

/** Up to how many single edits texts are compared code point by code point, and then line by line. */
const mostEdits = 1 << 10;

/** Where two sequences go on together, for n parts. */
interface Match {
  a: number;
  b: number;
  n: number;
}

/**
 * An operation that makes one text of another: a shortest one where few code
 * points differ, one of whole lines where more do, and else one that replaces all
 * between their common beginning and their common end.
 *
 * @throws TextError `bad_operation` if one of them has half of a surrogate pair.
 */
export function between(before: string, after: string): Op {
  runesOf(before);
  runesOf(after);
  const start = commonStart(before, after);
  const at = runesOf(before.slice(0, start));
  const end = commonEnd(before.slice(start), after.slice(start));
  const old = before.slice(start, before.length - end);
  const fresh = after.slice(start, after.length - end);
  if (old === '' && fresh === '') return [];
  if (old === '' || fresh === '') return [[at, runesOf(old), fresh]];
  for (const split of [runes, lines]) {
    const [a, b] = [split(old), split(fresh)];
    const matches = shortest(a, b);
    if (matches !== undefined) return opOf(matches, at, a, b);
  }
  return [[at, runesOf(old), fresh]];
}

function runes(text: string): string[] {
  return [...text];
}

/** The lines of a text with their ends, and what is behind the last of these. */
function lines(text: string): string[] {
  const all = text.split('\n');
  return all.map((line, i) => (i + 1 < all.length ? `${line}\n` : line));
}

/** How many code units of whole code points two texts begin with. */
function commonStart(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n > 0 && isHigh(a.charCodeAt(n - 1)) ? n - 1 : n;
}

/** How many code units of whole code points two texts end with. */
function commonEnd(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n++;
  return n > 0 && isLow(a.charCodeAt(a.length - n)) ? n - 1 : n;
}

/**
 * Where two sequences match if the fewest parts are deleted and inserted, the last
 * place first; nothing if those are too many: the greedy algorithm of Myers, "An
 * O(ND) Difference Algorithm and Its Variations" (1986).
 */
function shortest(a: readonly string[], b: readonly string[]): Match[] | undefined {
  const most = Math.min(mostEdits, a.length + b.length);
  // Of each diagonal k, at k + most: how far of a the best path with b's part = a's - k has come.
  const ends = new Int32Array(2 * most + 2);
  const rounds: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    for (let k = -d; k <= d; k += 2) {
      const [left, right] = [ends[k - 1 + most] as number, ends[k + 1 + most] as number];
      let x = 0;
      if (d > 0) x = k === -d || (k !== d && left < right) ? right : left + 1;
      while (x < a.length && x - k < b.length && x >= k && a[x] === b[x - k]) x++;
      ends[k + most] = x;
      if (x >= a.length && x - k >= b.length) return retrace(rounds, a.length, b.length);
    }
    rounds.push(ends.slice(most - d, most + d + 1));
  }
  return undefined;
}

/** Goes back from the ends of two sequences through the rounds, the d-th of which has the ends of the diagonals -d to d. */
function retrace(rounds: readonly Int32Array[], toA: number, toB: number): Match[] {
  const matches: Match[] = [];
  let [x, y] = [toA, toB];
  for (let d = rounds.length; d > 0; d--) {
    const k = x - y;
    const ends = rounds[d - 1] as Int32Array;
    const left = ends[k - 1 + d - 1] ?? -1;
    const right = ends[k + 1 + d - 1] ?? -1;
    if (k === -d || (k !== d && left < right)) {
      y = right - k - 1;
      matches.push({ a: right, b: y + 1, n: x - right });
      x = right;
    } else {
      y = left - k + 1;
      matches.push({ a: left + 1, b: y, n: x - left - 1 });
      x = left;
    }
  }
  matches.push({ a: 0, b: 0, n: x });
  return matches;
}

/** The operation that leaves what matches, on a text that has so many code points before the first part of a. */
function opOf(matches: Match[], before: number, a: readonly string[], b: readonly string[]): Op {
  const op: Splice[] = [];
  let at = before;
  let [x, y] = [0, 0];
  const put = (toX: number, toY: number): void => {
    const removed = runesOf(a.slice(x, toX).join(''));
    const added = b.slice(y, toY).join('');
    if (removed === 0 && added === '') return;
    op.push([at, removed, added]);
    at += runesOf(added);
  };
  for (const { a: i, b: j, n } of matches.reverse()) {
    if (n === 0) continue;
    put(i, j);
    at += runesOf(a.slice(i, i + n).join(''));
    [x, y] = [i + n, j + n];
  }
  put(a.length, b.length);
  return op;
}
