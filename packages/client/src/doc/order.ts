import { compareBytes } from './json.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Whether a field's value is a fractional index (rule RECORDS-11). */
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
  if (x !== y) {
    if (x === undefined) return 1;
    if (y === undefined) return -1;
    return x < y ? -1 : 1;
  }
  return compareBytes(a.key, b.key);
}

/** An index between two, of which `low` is the smaller; undefined: there is none on that side. */
export function between(low: string | undefined, high: string | undefined, random: () => number): string {
  let prefix = '';
  let bound = high;
  for (let i = 0; ; i++) {
    const from = low?.[i] === undefined ? 0 : digits.indexOf(low[i] as string);
    const to = bound?.[i] === undefined ? 62 : digits.indexOf(bound[i] as string);
    const room = to - from - 1;
    if (room > 0) return prefix + digits[from + 1 + Math.floor(random() * room)];
    prefix += digits[from];
    if (to > from) bound = undefined;
  }
}
