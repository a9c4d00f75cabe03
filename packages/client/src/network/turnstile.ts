/** How many may be inside. Browsers open no more connections to a server of HTTP/1.1. */
const most = 6;

/** Lets requests through one after the other, while it is open and few are under way. */
export class Turnstile {
  readonly #open: () => boolean;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(open: () => boolean) {
    this.#open = open;
  }

  /** Resolves when it is the caller's turn, who has to leave again. */
  enter(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.pass();
    });
  }

  leave(): void {
    this.#inside--;
    this.pass();
  }

  /** Lets through who may. */
  pass(): void {
    while (this.#open() && this.#inside < most && this.one());
  }

  /** Lets the first one through; false if nobody waits. */
  one(): boolean {
    const next = this.#waiting.shift();
    if (next) this.#inside++;
    next?.();
    return !!next;
  }
}
