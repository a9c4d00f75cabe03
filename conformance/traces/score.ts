import { eventsOf, type Txn } from './recorded.ts';

/**
 * A log that a recorded history can have: every transaction is an entry of a
 * client that has seen of it exactly what the transaction's parents hold.
 */
export interface Score {
  clients: number;
  /** In the order of the log. */
  notes: Note[];
}

/** One transaction in the log. */
export interface Note {
  txn: number;
  client: number;
  /** So much of the log its author has seen, and what is its client's own. */
  base: number;
  /**
   * If it is not 0, an offset that the server demands of all later entries (rule
   * TEXT-8). The author has not seen it when it makes the edit, and does before
   * the edit is taken.
   */
  bar: number;
}

/** Finds a log for a history, or for as much of it as it can. */
export function arrange(txns: readonly Txn[]): Score {
  const arranging = new Arranging(txns);
  while (arranging.advance());
  return { clients: arranging.parts.length, notes: arranging.notes };
}

/**
 * A score in the making. A past in a log is a beginning of it and the client's own
 * entries. So a transaction may come next only if no other that is still to come
 * has not seen it, but something else that is not there yet.
 */
class Arranging {
  readonly notes: Note[] = [];
  /** Of each client, its transactions in order. */
  readonly parts: number[][] = [];
  readonly #events: readonly number[];
  /** By each transaction, of each client, how many it follows, and itself. */
  readonly #seen: number[][] = [];
  /** Of each client's, the offsets. */
  readonly #at: number[][] = [];
  /** Where the server's newest bar is, and the events since. */
  #bar = { offset: 0, events: 0 };
  /** So many transactions have a past that no client can have. */
  #wide = 0;

  constructor(txns: readonly Txn[]) {
    this.#events = txns.map(({ patches }) => eventsOf(patches));
    const clients = new Map<number, number[]>(); // an agent's
    for (const txn of txns) this.#part(txn, clients);
  }

  /** Puts one transaction more into the log, and what has to follow it; false if none can be. */
  advance(): boolean {
    const client = this.#next();
    if (client === undefined) return false;
    const length = this.notes.length;
    this.#come(client);
    if (this.#wide > 0) this.notes.length = length;
    return this.#wide === 0;
  }

  /** Gives a transaction to a client of its agent, all of whose others it follows. */
  #part({ agent, parents }: Txn, clients: Map<number, number[]>): void {
    const i = this.#seen.length;
    const seen = this.parts.map((_, c) => Math.max(0, ...parents.map((parent) => this.#count(parent, c))));
    this.#seen.push(seen);
    if (this.#events[i] === 0) return; // it is no entry
    const own = clients.get(agent) ?? [];
    clients.set(agent, own);
    let client = own.find((c) => seen[c] === this.#of(c).length);
    if (client === undefined) {
      client = this.parts.push([]) - 1;
      this.#at.push([]);
      own.push(client);
    }
    seen[client] = this.#of(client).push(i);
  }

  /** The client whose transaction comes next: of those that spoil the past of the fewest the first that was recorded. */
  #next(): number | undefined {
    const ready = [...this.parts.keys()].filter((c) => this.#upcoming(c) !== undefined && this.#holds(c));
    const trials = ready.map((client) => ({
      client,
      spoilt: this.#spoilt(client),
      txn: this.#upcoming(client) ?? 0,
    }));
    return trials.sort((a, b) => a.spoilt - b.spoilt || a.txn - b.txn)[0]?.client;
  }

  /** How many pasts a client's next transaction would spoil. */
  #spoilt(client: number): number {
    const lengths = this.#at.map(({ length }) => length);
    const before = { length: this.notes.length, bar: this.#bar, wide: this.#wide };
    this.#bar = { ...this.#bar };
    this.#come(client);
    const spoilt = this.#wide - before.wide;
    for (const [c, length] of lengths.entries()) this.#offsets(c).length = length;
    this.notes.length = before.length;
    this.#bar = before.bar;
    this.#wide = before.wide;
    return spoilt;
  }

  /** Puts a client's next transaction into the log, and what has to follow it. */
  #come(client: number): void {
    const raises = this.#raises(client);
    if (raises) this.#wide += this.#torn(client);
    this.#put(client, 0);
    if (!raises) return;
    this.#bar = { offset: this.notes.length, events: 0 };
    this.#hurry(client);
  }

  /** Whether all others' is there that a client's transaction follows, the next one unless another is given. */
  #holds(client: number, txn = this.#upcoming(client) ?? 0): boolean {
    return this.#others(client).every((c) => this.#count(txn, c) <= this.#offsets(c).length);
  }

  /** Whether every transaction can still have its past when a client's next one is put into the log. */
  #exact(client: number): boolean {
    const k = this.#offsets(client).length;
    return this.#others(client).every((c) => {
      const last = this.#ignorant(c, client, k);
      return last < this.#offsets(c).length || this.#holds(c, this.#of(c)[last]);
    });
  }

  /** The last of a client's transactions that does not follow another client's k-th; -1 if there is none. */
  #ignorant(client: number, of: number, k: number): number {
    const part = this.#of(client);
    let from = 0;
    let to = part.length;
    while (from < to) {
      const i = (from + to) >> 1;
      if (this.#count(part[i] ?? 0, of) > k) to = i;
      else from = i + 1;
    }
    return from - 1;
  }

  /** Puts a client's next transaction into the log. */
  #put(client: number, bar: number): void {
    const txn = this.#upcoming(client) ?? 0;
    const unseen = this.#others(client).map(
      (c) => this.#offsets(c)[this.#count(txn, c)] ?? Number.POSITIVE_INFINITY,
    );
    const base = Math.min(bar > 0 ? bar - 1 : this.notes.length, ...unseen.map((offset) => offset - 1));
    if (!this.#exact(client)) this.#wide++;
    this.#offsets(client).push(this.notes.push({ txn, client, base, bar }));
    this.#bar.events += this.#events[txn] ?? 0;
  }

  /** Whether a client's next transaction would be a bar (rule TEXT-8). */
  #raises(client: number): boolean {
    const txn = this.#upcoming(client) ?? 0;
    const entries = this.notes.length + 1 - this.#bar.offset;
    const events = this.#bar.events + (this.#events[txn] ?? 0);
    if (entries >= 4096 || events >= 1 << 20) return true;
    if (entries < 512 && events < 1 << 16) return false;
    return this.#others(client).every((c) => this.#count(txn, c) >= this.#offsets(c).length);
  }

  /**
   * How many transactions a bar, a client's next transaction, would hold up that
   * follow another that it would hold up: that is in the log behind the bar, so
   * nobody can have seen it without the bar.
   */
  #torn(of: number): number {
    const k = this.#offsets(of).length;
    return this.#others(of).flatMap((c) => {
      const late = this.#of(c).slice(this.#offsets(c).length, this.#ignorant(c, of, k) + 1);
      return late.filter((txn) => !this.#holds(c, txn));
    }).length;
  }

  /** Puts all behind a bar, a client's latest transaction, that do not follow it. */
  #hurry(of: number): void {
    const bar = this.notes.length;
    for (const c of this.#others(of)) {
      const last = this.#ignorant(c, of, this.#offsets(of).length - 1);
      while (this.#offsets(c).length <= last) this.#put(c, bar);
    }
  }

  #others(client: number): number[] {
    return [...this.parts.keys()].filter((c) => c !== client);
  }

  #of(client: number): number[] {
    return this.parts[client] as number[];
  }

  #offsets(client: number): number[] {
    return this.#at[client] as number[];
  }

  /** A client's next transaction; undefined if all are in the log. */
  #upcoming(client: number): number | undefined {
    return this.#of(client)[this.#offsets(client).length];
  }

  /** How many of a client's a transaction follows. */
  #count(txn: number, client: number): number {
    return this.#seen[txn]?.[client] ?? 0;
  }
}
