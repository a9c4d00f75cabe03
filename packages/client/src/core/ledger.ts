import type { Seen } from '../document.ts';
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
  seen?: readonly Seen[];
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
 *
 * Nothing is sent that a later life would send as something else, nor under a seq
 * that it would say for something else (rules OUT-2, OUT-10). What that life finds
 * is what is stored when this one ends, and of what is being stored then nobody
 * knows. So an entry is sent when it is stored under its seq. While storing fails,
 * one of which nothing is stored is sent too, at a moment when nothing is being
 * stored, by a client of which nothing is stored.
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
  /** The batch that told that the client is a new one. */
  #born = Infinity;
  /** Entries that are not in the log and not queued any more, which may be stored still. */
  #ended: Item[] = [];
  /** What was told since cannot be stored for now, */
  #failing = false;
  /** and in this step nothing is being stored. */
  #resting = false;

  client(client: KeptClient): void {
    this.#client = client;
    this.#clientTold = this.#batch + 1;
  }

  /** The client is a former life's. */
  restored(): void {
    this.#born = 0;
  }

  /** The client is a new one from now on. */
  renewed(): void {
    this.#born = this.#batch + 1;
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
    item.first = Math.min(item.first, item.told);
  }

  /** The entry has left the queue, and is in the log or not. */
  gone(item: Item, logged: boolean): void {
    this.#items.delete(item);
    this.#gone.push(item.key);
    item.told = this.#batch + 1;
    if (!logged) this.#ended.push(item);
  }

  /** All up to this batch is stored; one that was not told is passed over. */
  kept(batch: number): void {
    if (batch <= this.#stored || batch > this.#batch) return;
    this.#stored = batch;
    this.#failing = false;
    this.#ended = this.#ended.filter((item) => item.told > batch);
  }

  /** Nothing of what was told since is stored, nor is it being stored in this step. */
  unkept(): void {
    this.#failing = this.#resting = true;
  }

  /** Whether the entry may be sent: wherever this life ends, the next one does not send it as another. */
  holds(lane: Lane, item: Item): boolean {
    if (this.keeps(item)) return this.#failing || Math.max(this.#clientTold, lane.told) <= this.#stored;
    if (!this.#failing || !this.unknown || !this.lacks(item)) return false;
    if (!this.#resting) this.#items.add(item); // told again, it is tried again to store it
    return this.#resting;
  }

  /** Whether the entry is stored as it now is. */
  keeps(item: Item): boolean {
    return item.told <= this.#stored;
  }

  /** Whether nothing is stored of the client: a later life goes on as another. */
  get unknown(): boolean {
    return this.#born > this.#stored;
  }

  /** Whether nothing is stored of the entry, nor of one before it in its topic that a later life would send. */
  lacks({ topic, first }: Item): boolean {
    const stored = this.#stored;
    return first > stored && this.#ended.every((e) => e.topic !== topic || e.first > stored);
  }

  /** The batch of this step, if anything has changed. */
  tell(): Effect[] {
    this.#resting = false;
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
  const { key, topic, seq, name, entryKey, base, positional, waits, seen, data, bytes } = item;
  return {
    key,
    topic,
    ...(seq && { seq }),
    ...(name && { name }),
    ...(entryKey && { entryKey }),
    ...(base !== undefined && { base }),
    ...(positional && { positional }),
    ...(waits && { waits }),
    ...(seen && { seen }),
    data,
    bytes,
  };
}
