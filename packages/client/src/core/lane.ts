import type { Range } from '../protocol.ts';
import type { Publish } from './input.ts';

/** An entry that is not settled in its topic's log, as far as the client knows. */
export interface Item extends Publish {
  /** 0 until it is first sent. */
  seq: number;
  /** When its promise gives up; Infinity: never. */
  deadline: number;
  /** Its promise is settled; the entry stays so that those behind it are not held by a gap. */
  done: boolean;
  /** It is on its way on the present connection. */
  flying: boolean;
  /** A connection ended while it was on its way, so it may be in the log. */
  doubtful: boolean;
}

/** What a client publishes in one topic: a queue in the order of publishing, and so of seq. */
export class Lane {
  items: Item[] = [];
  /** Seqs that will never be used, ascending, until a higher one is acknowledged. */
  voids: Range[] = [];
  flying = 0;
  /** An answer was no acknowledgement: nothing is sent until all in flight is answered, */
  held = false;
  /** and this time has come. */
  until = 0;
  /** How often in a row the server refused. */
  refusals = 0;
  /** The present hold was counted among them. */
  refused = false;
  #last = 0;

  /** Whether entries may be sent at the time. Ends a hold that is over. */
  ready(now: number): boolean {
    if (this.held && !this.flying && now >= this.until) this.held = this.refused = false;
    return !this.held;
  }

  /** When a hold ends by time; Infinity if there is none, or if answers must come first. */
  wish(): number {
    return this.held && this.items.length && !this.flying ? this.until : Infinity;
  }

  /** Gives the item its seq if it has none yet; returns whether it is new. */
  number(item: Item): boolean {
    if (item.seq) return false;
    item.seq = ++this.#last;
    return true;
  }

  /** Notes that the seqs will never be used. */
  void(first: number, last: number): void {
    const apart = this.voids.filter(([a, b]) => b < first - 1 || a > last + 1);
    const near = this.voids.filter((v) => !apart.includes(v)).flat();
    apart.push([Math.min(first, ...near), Math.max(last, ...near)]);
    this.voids = apart.sort((x, y) => x[0] - y[0]);
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
    this.flying = this.until = 0;
    this.held = this.refused = false;
  }

  /** Numbers anew from 1, for a client that the server has never seen. */
  renew(): void {
    this.voids = [];
    this.#last = 0;
    for (const item of this.items) item.seq = 0;
  }
}
