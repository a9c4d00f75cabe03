/** Whole milliseconds to wait after the n-th failure in a row, random being from [0, 1). */
export function backoff(n: number, random: number): number {
  return Math.floor(random * Math.min(20_000, 500 * 2 ** Math.min(n, 10)));
}
