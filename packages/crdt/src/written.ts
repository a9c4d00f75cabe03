import { compareStamps, type Stamp } from './clock.ts';
import type { Value } from './value.ts';

/** What was written last in one place; no value: it was deleted. */
export interface Written<T> {
  stamp: Stamp;
  value?: Value<T> | undefined;
}

/**
 * Whether a takes the place of b: the later stamp. Of one stamp, which only a
 * reused replica id makes twice, the deletion, then the greater canonical JSON.
 */
export function overrides(a: Written<unknown>, b: Written<unknown> | undefined): boolean {
  if (!b) return true;
  const order = compareStamps(a.stamp, b.stamp);
  if (order !== 0 || !b.value) return order > 0;
  return !a.value || a.value.text > b.value.text;
}

export function sameWritten(a: Written<unknown> | undefined, b: Written<unknown> | undefined): boolean {
  if (!a || !b) return a === b;
  return compareStamps(a.stamp, b.stamp) === 0 && a.value?.text === b.value?.text;
}
