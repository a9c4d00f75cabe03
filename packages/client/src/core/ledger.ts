import type { Range } from '../protocol.ts';
import type { Effect } from './effect.ts';
import type { Item, Lane } from './lane.ts';

/** What a client keeps of itself. */
export interface KeptClient {
  secret: string;
  /** When the secret was taken, on the core's clock. */
  taken: number;
  /** The highest run that was said. */
  run: number;
  /** The client's id, if a server has told it. */
  id?: string;
}

/** What it keeps of a topic: the highest seq given, and the voids that an entry is still to carry. */
export interface KeptTopic {
  last: number;
  voids: Range[];
  /** Told by `restore` alone: the highest offset of an operation that the server took, and no document holds. */
  taken?: number;
}

/** What it keeps of an entry; members that have their default value are absent. */
export interface KeptEntry {
  key: number;
  topic: string;
  /** Absent: it was never given one. */
  seq?: number;
  name?: string;
  entryKey?: string;
  base?: number;
  positional?: boolean;
  waits?: boolean;
  /** The value that was published or amended, not a copy. */
  data: unknown;
  /** Length of the data's JSON in bytes. */
  bytes: number;
}

/** What a client keeps beyond its life, or a part of it. */
export interface Kept {
  client?: KeptClient;
  topics?: Record<string, KeptTopic>;
  /** In the order in which they were published. */
  entries?: KeptEntry[];
}

/**
 * What of a client has changed and is still to be told to whoever stores it,
 * and what is stored. What changes in a step is told at its end, as one batch;
 * so the number of the batch that tells a change is known at once.
 */
export class Ledger {
  /** The latest batch that was told, */
  #batch = 0;
  /** and the latest that is stored. */
  #stored = 0;
  #client: KeptClient | undefined;
  /** The batch that told the client as it now is. */
  #clientTold = 0;
  readonly #topics = new Map<string, Lane>();
  readonly #items = new Set<Item>();
  #gone: number[] = [];

  client(client: KeptClient): void {
    this.#client = client;
    this.#clientTold = this.#batch + 1;
  }

  /** The highest seq of the topic has changed, or its voids. */
  topic(name: string, lane: Lane, voids: boolean): void {
    this.#topics.set(name, lane);
    if (voids) lane.told = this.#batch + 1;
  }

  /** The entry is new, or has another seq, base or data. */
  entry(item: Item): void {
    this.#items.add(item);
    item.told = this.#batch + 1;
  }

  /** The entry has left the queue. */
  gone(item: Item): void {
    this.#items.delete(item);
    this.#gone.push(item.key);
  }

  /** All up to this batch is stored; one that was not told is passed over. */
  kept(batch: number): void {
    if (batch <= this.#batch) this.#stored = Math.max(this.#stored, batch);
  }

  /** Whether the entry is stored as it now is, and so are the voids of its topic, and the client. */
  holds(lane: Lane, item: Item): boolean {
    return Math.max(this.#clientTold, lane.told, item.told) <= this.#stored;
  }

  /** The batch of this step, if anything has changed. */
  tell(): Effect[] {
    const client = this.#client;
    const topics = [...this.#topics].map(([name, { last, voids }]) => [name, { last, voids }]);
    const entries = [...this.#items].sort((a, b) => a.place - b.place).map(row);
    const gone = this.#gone;
    if (!client && !topics.length && !entries.length && !gone.length) return [];
    this.#client = undefined;
    this.#topics.clear();
    this.#items.clear();
    this.#gone = [];
    const told: Kept & { gone?: number[] } = {
      ...(client && { client }),
      ...(topics.length && { topics: Object.fromEntries(topics) }),
      ...(entries.length && { entries }),
      ...(gone.length && { gone }),
    };
    return [{ kind: 'keep', batch: ++this.#batch, ...told }];
  }
}

function row(item: Item): KeptEntry {
  const { key, topic, seq, name, entryKey, base, positional, waits, data, bytes } = item;
  return {
    key,
    topic,
    ...(seq && { seq }),
    ...(name && { name }),
    ...(entryKey && { entryKey }),
    ...(base !== undefined && { base }),
    ...(positional && { positional }),
    ...(waits && { waits }),
    data,
    bytes,
  };
}
