import type { Op, Splice } from './text.ts';

type Range = [start: number, end: number];

/** Half of a pair. A search for it costs nothing in a text that is stored as Latin letters. */
const surrogate = /[\ud800-\udfff]/;

/** How many code points a text has before a UTF-16 code unit, or in all. */
export function points(text: string, units = text.length): number {
  if (!surrogate.test(text.slice(0, units))) return units;
  let pairs = 0;
  for (let i = 1; i < units; i++) if (isLow(text.charCodeAt(i)) && isHigh(text.charCodeAt(i - 1))) pairs++;
  return units - pairs;
}

/** Whether a place is within a surrogate pair. */
export function splits(text: string, at: number): boolean {
  return isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1));
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Where a position is after an operation. What is inserted there does not move it. */
export function moved(position: number, op: Op): number {
  let now = position;
  for (const [at, n, inserted] of op) {
    if (now <= at) continue;
    now = now >= at + n ? now - n + points(inserted) : at;
  }
  return now;
}

/**
 * What a splice comes to on a text that others have changed meanwhile: it deletes
 * what is left of what it deleted, and nothing that was inserted there.
 */
export function across([at, n, inserted]: Splice, others: Op): Op {
  const place = moved(at, others);
  let ranges: Range[] = [[at, at + n]];
  for (const [from, deleted, text] of others) {
    const by = points(text) - deleted;
    const parts = ranges.flatMap(([start, end]): Range[] => [
      [start, Math.min(end, from)],
      [Math.max(start, from + deleted) + by, end + by],
    ]);
    ranges = joined(parts.filter(([start, end]) => start < end));
  }
  const [first] = ranges;
  if (ranges.length === 1 && first?.[0] === place) return [[place, first[1] - place, inserted]];
  const deletions = ranges.reverse().map(([start, end]): Splice => [start, end - start, '']);
  return inserted === '' ? deletions : [...deletions, [place, 0, inserted]];
}

/** Makes one of ranges that touch. */
function joined(ranges: readonly Range[]): Range[] {
  const all: Range[] = [];
  for (const [start, end] of ranges) {
    const last = all.at(-1);
    if (last?.[1] === start) last[1] = end;
    else all.push([start, end]);
  }
  return all;
}
