import type { Range } from '../protocol.ts';
import type { Publish } from './input.ts';
import type { KeptTopic } from './ledger.ts';

/**
 * How often in a row an operation is said anew on a connection. More, and the
 * log that the client reads is not the server's.
 */
const mostOutdated = 3;

/** An entry that is not settled in its topic's log, as far as the client knows. */
export interface Item extends Publish {
  positional: boolean;
  /** 0 until its turn to be sent first comes. */
  seq: number;
  /** It counts in the order of publishing. */
  place: number;
  /** Where that is stored: the batch that told it first, */
  first: number;
  /** and the one that told it as it now is, or that it is gone. */
  told: number;
  /** When its promise gives up; Infinity: never. */
  deadline: number;
  /** Its promise is settled; the entry stays so that those behind it are not held by a gap. */
  done: boolean;
  /** It is on its way on the present connection. */
  flying: boolean;
  /** A connection ended while it was on its way, so it may be in the log. */
  doubtful: boolean;
  /** It is a positional operation whose entry came, and no answer: it is not said anew if that log is lost. */
  logged?: boolean;
}

/** What a client publishes in one topic: a queue in the order of publishing, and so of seq. */
export class Lane {
  items: Item[] = [];
  /** The highest seq given. */
  last: number;
  /** Seqs that will never be used, ascending, until a higher one is acknowledged. */
  voids: Range[];
  /** Where that is stored: the batch that told the voids as they now are. */
  told = 0;
  flying = 0;
  /** An answer was no acknowledgement: nothing is sent until all in flight is answered, */
  held = false;
  /** and this time has come. */
  until = 0;
  /** How often in a row the server refused. */
  refusals = 0;
  /** The present hold was counted among them. */
  refused = false;
  /** How often in a row the server wanted the first operation said anew, */
  outdated = 0;
  /** and whether that is to be told before anything is sent. */
  telling = false;
  /** The step in which nothing is sent, so that what waits can be amended. */
  amending = 0;
  /** Since then it was not tried to send. */
  #owed = false;
  /** The highest offset at which the server took an operation of the present client. */
  taken: number;
  /** It did so in a former life, and the document was not opened since. */
  awaited: boolean;

  constructor({ last, voids, taken = 0 }: KeptTopic = { last: 0, voids: [] }) {
    this.last = last;
    this.voids = voids;
    this.taken = taken;
    this.awaited = taken > 0;
  }

  /** Whether entries may be sent in this step, at the time. Ends a hold that is over. */
  ready(now: number, step: number): boolean {
    if (this.amending === step) return false;
    if (this.held && !this.flying && now >= this.until) this.held = this.refused = false;
    this.#owed &&= this.held;
    return !this.held;
  }

  /** When time alone lets entries be sent that cannot be in this step; Infinity if answers must come first. */
  wish(now: number): number {
    if (!this.items.length || (this.held && this.flying)) return Infinity;
    if (this.#owed) return Math.max(this.held ? this.until : 0, now);
    return this.held ? this.until : Infinity;
  }

  /** Lets nothing be sent in this step if there are positional operations: what they are to say may change. */
  amends(step: number): void {
    if (!this.items.some((i) => i.positional)) return;
    this.amending = step;
    this.#owed = true;
  }

  /** Notes that the operation is to be said anew; false if that would not mend it. */
  outdate(item: Item): boolean {
    if (!item.positional || this.outdated === mostOutdated) return false;
    this.outdated++;
    this.telling = true;
    return true;
  }

  /** Notes that the seqs will never be used; returns whether that is new. */
  void(first: number, last: number): boolean {
    if (this.voids.some(([a, b]) => a <= first && last <= b)) return false;
    const apart = this.voids.filter(([a, b]) => b < first - 1 || a > last + 1);
    const near = this.voids.filter((v) => !apart.includes(v)).flat();
    apart.push([Math.min(first, ...near), Math.max(last, ...near)]);
    this.voids = apart.sort((x, y) => x[0] - y[0]);
    return true;
  }

  /** Forgets the voids below a seq that is acknowledged; returns whether there were any. */
  unvoid(seq: number): boolean {
    const { length } = this.voids;
    if (length) this.voids = this.voids.filter(([, last]) => last > seq);
    return this.voids.length < length;
  }

  /** The voids that the entry of that seq carries: those for which it is the lowest entry above. */
  carried(seq: number): Range[] {
    const below = this.items.reduce((n, i) => (i.seq && i.seq < seq ? Math.max(n, i.seq) : n), 0);
    return this.voids.filter(([, last]) => last > below && last < seq);
  }

  /** Forgets the connection. */
  ground(): void {
    for (const item of this.items) {
      item.doubtful ||= item.flying;
      item.flying = false;
    }
    this.flying = this.until = this.outdated = 0;
    this.held = this.refused = this.telling = this.#owed = false;
  }

  /** Numbers anew from 1, for a client that the server has never seen. */
  renew(): void {
    this.voids = [];
    this.last = this.taken = 0;
    this.awaited = false;
    for (const item of this.items) {
      item.seq = 0;
      item.logged = false;
    }
  }
}
