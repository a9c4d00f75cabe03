import { TextError } from './error.ts';

/** @throws TextError unless it is a position in a text of this length. */
export function within(at: number, length: number): void {
  if (Number.isInteger(at) && at >= 0 && at <= length) return;
  throw new TextError('bad_operation', `Position ${at} is not within a text of ${length} code points.`);
}

/** Whether something is a whole number from 0 on. */
export function isCount(n: unknown): n is number {
  return Number.isSafeInteger(n) && (n as number) >= 0;
}

/** The whole number from low to high that is the nearest to one. */
export function clamp(at: number, low: number, high: number): number {
  return Math.min(Math.max(Math.trunc(at) || 0, low), high);
}
