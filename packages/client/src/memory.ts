import type { Road } from './core/roads.ts';

const day = 86_400_000;

/** The part of a page's storage that is used. */
type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Which road a server was reached over the last time, for a day, in the
 * storage of the page's origin. Remembers nothing where there is none, or none
 * that may be used.
 */
export class RoadMemory {
  readonly #key: string;
  readonly #now: () => number;

  constructor(url: string, now: () => number) {
    this.#key = `tutti:road:${url}`;
    this.#now = now;
  }

  get(): Road | undefined {
    const [road, time] = use((store) => store.getItem(this.#key))?.split(' ') ?? [];
    const age = this.#now() - Number(time);
    return age >= 0 && age < day ? (road as Road) : undefined;
  }

  /** The best road of all needs no memory. */
  set(road: Road | undefined): void {
    use((store) => {
      if (road === undefined || road === 'ws') store.removeItem(this.#key);
      else store.setItem(this.#key, `${road} ${Math.floor(this.#now())}`);
    });
  }
}

/** Storage is for pages alone, and even there the browser may forbid it. */
function use<A>(f: (store: Store) => A): A | undefined {
  try {
    return typeof document === 'undefined' ? undefined : f(localStorage);
  } catch {
    return undefined;
  }
}
