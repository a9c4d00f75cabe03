import { maxLength } from './history.ts';
import { Changes, check, type Op } from './op.ts';

/**
 * Whether what came is an operation with the same events as one's own, but for the
 * order in which they delete what is deleted in one go: a snapshot says one with
 * fewer splices than its author did.
 */
export function same(came: Op, own: Op): boolean {
  if (came === own) return true;
  try {
    check(came, maxLength / 2);
  } catch {
    return false; // it is no operation
  }
  return JSON.stringify(canonical(came)) === JSON.stringify(canonical(own));
}

/**
 * The operation in the one way in which all that are the same say it: what is
 * deleted in one go from behind, in as few splices as it can be.
 */
function canonical(op: Op): Op {
  const said = new Changes();
  /** What is deleted in one go, of the text before. */
  let gone: [start: number, end: number][] = [];
  const end = () => {
    for (const [start, stop] of gone.reverse()) said.add(start, stop - start, '');
    gone = [];
  };
  for (const [at, n, text] of op) {
    if (n > 0) without(gone, at, n);
    if (text !== '') {
      end();
      said.add(at, 0, text);
    }
  }
  end();
  return said.op;
}

/** Adds to spans of a text that are gone n code points behind so many of what is left of it. */
function without(gone: [start: number, end: number][], at: number, n: number): void {
  let start = at;
  let i = 0;
  for (const [from, to] of gone) {
    if (from > start) break;
    start += to - from;
    i++;
  }
  let end = start + n;
  let j = i;
  for (const [from, to] of gone.slice(i)) {
    if (from > end) break;
    end += to - from;
    j++;
  }
  gone.splice(i, j - i, [start, end]);
}
