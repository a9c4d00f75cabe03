/** Whole numbers of 32 bits in a row, in an array that grows. */
export class Column {
  /** They, and behind them room for more. */
  values = new Int32Array(16);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, 0);
    this.values[this.length++] = value;
  }

  /** The index of the last number that is not above one. The numbers ascend, and the first is not above it. */
  last(value: number): number {
    const { values } = this;
    const end = this.length - 1;
    if ((values[end] as number) <= value) return end;
    return search(end, (i) => (values[i] as number) > value) - 1;
  }
}

/** An array with what is in another, and room for so many numbers at least. */
export function grown(values: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(length, values.length * 2));
  larger.set(values);
  return larger;
}

/** The lowest of the numbers from 0 to n for which a test holds, as it does for all behind it; n if for none. */
export function search(n: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
