/** Functions that are told something. One that throws stops no other. */
export class Listeners<A extends unknown[]> {
  readonly #all = new Map<object, (...args: A) => void>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Returns a function that takes it out again; calling that twice is safe. */
  add(listener: (...args: A) => void): () => void {
    const key = {};
    this.#all.set(key, listener);
    return () => void this.#all.delete(key);
  }

  tell(...args: A): void {
    for (const [key, listener] of [...this.#all])
      if (this.#all.has(key)) guard(this.#report, listener, ...args);
  }
}

/** Calls a function of the application; what it throws is reported. */
export function guard<A extends unknown[]>(
  report: (error: unknown) => void,
  f: (...args: A) => void,
  ...args: A
): void {
  try {
    f(...args);
  } catch (error) {
    report(error);
  }
}
