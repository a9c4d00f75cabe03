/**
 * Something that is opened when it is first needed, and closed when nobody
 * uses it any more. Closing waits for the end of the turn: React ends and
 * begins effects anew within one (StrictMode, a component that moves).
 */
export class Lease<R> {
  /** What is open. */
  value: R | undefined;
  readonly #open: () => R;
  readonly #close: (value: R) => void;
  #users = 0;

  constructor(open: () => R, close: (value: R) => void) {
    this.#open = open;
    this.#close = close;
  }

  /** Opens it, to the end of the turn if nobody uses it. Throws what opening throws. */
  get(): R {
    if (this.value === undefined) {
      this.value = this.#open();
      this.#closeIfUnused();
    }
    return this.value;
  }

  /** Opens it and keeps it open; returns a function, to be called once, that lets go of it. */
  retain(): () => void {
    this.get();
    this.#users++;
    return () => {
      this.#users--;
      this.#closeIfUnused();
    };
  }

  #closeIfUnused(): void {
    queueMicrotask(() => {
      const { value } = this;
      if (this.#users || value === undefined) return;
      this.value = undefined;
      this.#close(value);
    });
  }
}

/** Stands in for what may not be open: each use of it opens it. The same object for good. */
export function standIn<R extends object>(get: () => R): R {
  return new Proxy({} as R, {
    get: (_, name) => {
      const object = get();
      const member: unknown = Reflect.get(object, name);
      return typeof member === 'function' ? member.bind(object) : member;
    },
  });
}
