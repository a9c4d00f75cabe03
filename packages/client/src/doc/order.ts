import { badOperation, compareBytes } from './json.ts';

/*
 * The order of records is a field that holds a fractional index (rule
 * RECORDS-11): base-62 digits, read as those behind a point. The ideas are of
 * Figma ("Realtime editing of ordered sequences") and of Greenspan
 * ("Implementing fractional indexing").
 *
 * An index begins with a whole number, so that what is always added at an end
 * stays short. Its first digit says how many follow: 1 to 26 for a to z, and
 * for Z to A with the numbers below zero. Behind it stand digits by chance, so
 * that two clients that add in one place at once hardly choose the same.
 */

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base = digits.length;

/** Between how many indexes of one length, at least, one is chosen. */
const room = base ** 3;

/** Whether a value may be an index. */
export function isIndex(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9A-Za-z]*[1-9A-Za-z]$/.test(value);
}

/** Compares by the index, those without one last, then by key. */
export function comparePlaces(
  a: { key: string; index?: unknown },
  b: { key: string; index?: unknown },
): number {
  const x = isIndex(a.index) ? a.index : undefined;
  const y = isIndex(b.index) ? b.index : undefined;
  if (x === y) return compareBytes(a.key, b.key);
  return y === undefined || (x !== undefined && x < y) ? -1 : 1;
}

/**
 * Returns an index above one and below another; each may be empty: there is
 * none on that side. Random draws from [0, 1), and is asked once. Throws
 * bad_operation for what are no indexes, or not in that order.
 */
export function between(after: string, before: string, random: () => number): string {
  if ((after && !isIndex(after)) || (before && !isIndex(before)) || (after && before && after >= before))
    throw badOperation(`There is no index between ${JSON.stringify(after)} and ${JSON.stringify(before)}.`);
  let start: string | undefined;
  if (!before) start = after < 'A' ? 'a0' : nextWhole(after, 1);
  else if (!after && before >= 'A') start = nextWhole(before, -1);
  return start === undefined ? middle(after, before, random) : start + middle('', '', random);
}

/** The whole number after that of an index (by 1), or before it (by -1), if there is one. */
function nextWhole(index: string, by: 1 | -1): string | undefined {
  const first = index.charCodeAt(0);
  const length = whole(first);
  let rest = '';
  for (let i = length - 1; i > 0; i--) {
    const digit = digitAt(index, i) + by;
    rest = digits[(digit + base) % base] + rest;
    if (digit >= 0 && digit < base) return (index.slice(0, i) + '0'.repeat(length)).slice(0, i) + rest;
  }
  const next = digits[digits.indexOf(index[0] as string) + by];
  if (next === undefined || next < 'A') return undefined;
  return next + (by > 0 ? '0' : 'z').repeat(whole(next.charCodeAt(0)) - 1);
}

/** How many digits a whole number has whose first is this character. */
function whole(first: number): number {
  return first < 97 ? 92 - first : first - 95;
}

/**
 * A fraction between two, given by their digits; an empty high is one. It has
 * as many digits as it takes for room, and is one of the middle half of those.
 */
function middle(low: string, high: string, random: () => number): string {
  const all: number[] = [];
  /** How far high is above low, in units of the last digit. */
  let apart = high ? 0 : 1;
  while (apart < room) {
    const digit = digitAt(low, all.length);
    apart = apart * base + digitAt(high, all.length) - digit;
    all.push(digit);
  }
  const count = apart - 1;
  let add = 1 + Math.floor(count / 4) + Math.floor(random() * Math.floor(count / 2));
  for (let i = all.length - 1; add > 0; i--) {
    add += all[i] as number;
    all[i] = add % base;
    add = Math.floor(add / base);
  }
  return all
    .map((digit) => digits[digit])
    .join('')
    .replace(/0+$/, '');
}

function digitAt(index: string, i: number): number {
  return i < index.length ? digits.indexOf(index[i] as string) : 0;
}
