/** A way to the server: WebSocket, an event stream and POST, or long-polling and POST. */
export type Road = 'ws' | 'sse' | 'poll';

/**
 * How an attempt or a connection over a road ended. `hung`: the 10 s ran out.
 * `cut`: it was lost with no word of the server, or soon. `fair`: in any way
 * that says nothing against the road.
 */
export type Ending = 'hung' | 'cut' | 'fair';

const patience = 3;
const firstTry = 20_000;
const longestTry = 600_000;

/**
 * Which road is taken (rules CONN-11 and CONN-12): down by what fails, up
 * again by trying the better ones beside the running connection.
 */
export class Roads {
  /** Best first. */
  readonly #all: readonly Road[];
  readonly #random: () => number;
  /** A connection over them was live, in this network. */
  readonly #known = new Set<Road>();
  #turn: Road;
  /** How often in a row its road failed. */
  #failures = 0;
  /** How many tries were made. */
  #tries = 0;
  /** When the next is made. */
  #due = Infinity;
  /** The road that is being tried. */
  #out: Road | undefined;

  constructor(all: readonly [Road, ...Road[]], last: Road | undefined, random: () => number) {
    this.#all = all;
    this.#random = random;
    this.#turn = last && all.includes(last) ? last : all[0];
  }

  /** The road whose turn it is. */
  get turn(): Road {
    return this.#turn;
  }

  /** When a better road is to be tried. */
  get due(): number {
    return this.#due;
  }

  /** A connection over this road is live. */
  live(now: number): void {
    this.#known.add(this.#turn);
    this.#plan(now);
  }

  /** The attempt or the connection ended; stable: it had been live for long. */
  ended(ending: Ending, stable: boolean): void {
    this.#due = Infinity;
    this.#out = undefined;
    if (stable && !this.#better.length) this.#tries = 0;
    this.#failures = ending === 'fair' ? 0 : this.#failures + 1;
    const most = ending === 'cut' && this.#known.has(this.#turn) ? patience : 1;
    if (this.#failures >= most) this.take(this.#all[(this.#all.indexOf(this.#turn) + 1) % this.#all.length]);
  }

  /** Makes it this road's turn; the best one's if absent. */
  take(road = this.#all[0] as Road): void {
    this.#turn = road;
    this.#failures = 0;
  }

  /** The network may be another: what was learned of the old one does not hold. */
  forget(): void {
    this.#known.clear();
    this.#tries = 0;
  }

  /** The better road that is to be tried now, if there is one and no other is out. */
  try(): Road | undefined {
    const better = this.#better;
    if (!better.length || this.#out) return undefined;
    this.#due = Infinity;
    this.#out = better[this.#tries++ % better.length];
    return this.#out;
  }

  /** What came of a try; returns whether to take that road. */
  tried(road: Road, ok: boolean, now: number): boolean {
    if (road !== this.#out) return false;
    this.#out = undefined;
    if (!ok) this.#plan(now);
    return ok;
  }

  get #better(): readonly Road[] {
    return this.#all.slice(0, this.#all.indexOf(this.#turn));
  }

  #plan(now: number): void {
    if (!this.#better.length) return;
    const most = Math.min(longestTry, firstTry * 2 ** Math.min(this.#tries, 10));
    this.#due = now + Math.floor((0.5 + this.#random() / 2) * most);
  }
}
