/** The value below which a part of the numbers lies, sorted or not; NaN of none. */
export function quantile(numbers, part) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted.length === 0
    ? Number.NaN
    : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

export const median = (numbers) => quantile(numbers, 0.5);

/** The numbers that are measured: taken from one moment to another. */
export class Samples {
  #from = Number.POSITIVE_INFINITY;
  #numbers = [];

  /** Throws away what there is, and measures what began from now on. */
  begin() {
    this.#from = performance.now();
    this.#numbers = [];
  }

  /** Takes the milliseconds since a moment, if it is within what is measured. */
  since(moment) {
    if (moment >= this.#from) this.#numbers.push(performance.now() - moment);
  }

  get count() {
    return this.#numbers.length;
  }

  quantile(part) {
    return quantile(this.#numbers, part);
  }
}
