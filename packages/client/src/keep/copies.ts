import type { Copy } from '../document.ts';
import type { Entry, Snapshot } from '../protocol.ts';
import type { Storage } from '../storage/storage.ts';
import { type CopyRow, type IndexRow, numberOf, type Rows, type TailRow } from './rows.ts';
import type { Saver } from './saver.ts';

/** Entries behind a snapshot, and their bytes, before a new snapshot is due (rule COPY-3). */
const mostEntries = 256;
const leastBytes = 64 << 10;
/** What is kept of a user (rule COPY-4). */
const mostCopies = 100;
const mostBytes = 64 << 20;

/** What copies need of those who keep the outbox. */
export interface CopiesHost {
  readonly storage: Storage;
  readonly saver: Saver;
  readonly rows: Rows;
  now(): number;
  /** The operation is in the stored document: it leaves the outbox in the same write. */
  confirmed(key: number): void;
  /** Whether there are unsettled operations on a topic. */
  waits(topic: string): boolean;
}

/** The documents that are stored of a user (rules COPY). */
export class StoredCopies {
  readonly #host: CopiesHost;
  readonly #index = new Map<string, IndexRow>();
  readonly #open = new Map<string, StoredCopy>();

  private constructor(host: CopiesHost) {
    this.#host = host;
  }

  static async read(host: CopiesHost): Promise<StoredCopies> {
    const copies = new StoredCopies(host);
    const { index } = host.rows;
    for (const [key, row] of await host.storage.read(index))
      copies.#index.set(key.slice(index.length), row as IndexRow);
    return copies;
  }

  /** Whether the document on a topic is being kept. */
  keeps(topic: string): boolean {
    return this.#open.has(topic);
  }

  /** The copy of a document with what is stored of it. */
  async load(topic: string, doc: string): Promise<Copy> {
    const open = this.#open.get(topic);
    if (open) return open.join();
    const { storage, saver, rows } = this.#host;
    await saver.rest();
    const [[, row] = []] = (await storage.read(rows.copy(topic))).filter(([key]) => key === rows.copy(topic));
    const tail = row ? await storage.read(rows.tail(topic)) : [];
    const raced = this.#open.get(topic);
    if (raced) return raced.join();
    const { doc: type, snapshot } = (row ?? {}) as Partial<CopyRow>;
    const entries = tail.map(([, entry]) => entry as TailRow);
    const stored = snapshot && type === doc ? { snapshot, entries } : undefined;
    return this.#add(
      topic,
      doc,
      stored,
      tail.map(([key]) => numberOf(key)),
    );
  }

  /** A copy of a document, in place of what may be stored of it. */
  begin(topic: string, doc: string): Copy {
    return this.#open.get(topic)?.join() ?? this.#add(topic, doc, undefined, []);
  }

  /** The storage has lost all rows. */
  lost(): void {
    this.#index.clear();
    for (const copy of this.#open.values()) copy.lost();
  }

  #add(topic: string, doc: string, stored: Copy['stored'], tail: number[]): Copy {
    const { bytes = 0 } = this.#index.get(topic) ?? {};
    const ended = (): void => void this.#open.delete(topic);
    const copy = new StoredCopy(this.#host, topic, doc, stored, tail, bytes, {
      grew: (now) => this.#note(topic, now),
      erased: () => this.#forget(topic),
      ended,
    });
    this.#open.set(topic, copy);
    return copy;
  }

  #note(topic: string, bytes: number): void {
    const { saver, rows, now } = this.#host;
    const row = { bytes, used: now() };
    this.#index.set(topic, row);
    saver.put(rows.index + topic, row);
    this.#evict();
  }

  /** Erases what was opened least recently, while there is too much. */
  #evict(): void {
    const sum = (): number => [...this.#index.values()].reduce((all, { bytes }) => all + bytes, 0);
    while (this.#index.size > mostCopies || sum() > mostBytes) {
      const idle = [...this.#index]
        .filter(([topic]) => !this.#open.has(topic) && !this.#host.waits(topic))
        .sort(([, a], [, b]) => a.used - b.used);
      const [oldest] = idle;
      if (!oldest) return;
      void this.#erase(oldest[0]);
    }
  }

  async #erase(topic: string): Promise<void> {
    this.#forget(topic);
    const { storage, saver, rows } = this.#host;
    for (const [key] of await storage.read(rows.tail(topic)))
      if (!this.#open.has(topic)) saver.put(key, undefined);
  }

  #forget(topic: string): void {
    const { saver, rows } = this.#host;
    this.#index.delete(topic);
    saver.put(rows.index + topic, undefined);
    saver.put(rows.copy(topic), undefined);
  }
}

/** Is told what becomes of a copy. */
interface Fate {
  grew(bytes: number): void;
  erased(): void;
  ended(): void;
}

class StoredCopy implements Copy {
  readonly stored: Copy['stored'];
  readonly #host: CopiesHost;
  readonly #topic: string;
  readonly #doc: string;
  readonly #fate: Fate;
  /** The offsets of the entries that are stored behind the snapshot, */
  #tail: number[];
  /** their bytes, and those of the snapshot. */
  #tailBytes = 0;
  #bytes: number;
  #lost = false;
  #told: (() => void) | undefined;
  /** How many use it. */
  #users = 1;

  constructor(
    host: CopiesHost,
    topic: string,
    doc: string,
    stored: Copy['stored'],
    tail: number[],
    bytes: number,
    fate: Fate,
  ) {
    this.#host = host;
    this.#topic = topic;
    this.#doc = doc;
    this.stored = stored;
    this.#tail = tail;
    this.#bytes = bytes;
    this.#fate = fate;
    if (stored) fate.grew(bytes);
  }

  get long(): boolean {
    return (
      this.#lost || this.#tail.length > mostEntries || this.#tailBytes > Math.max(this.#bytes, leastBytes)
    );
  }

  onLost(listener: () => void): void {
    this.#told = listener;
  }

  snapshot(snapshot: Snapshot, confirmed: readonly number[]): void {
    if (this.#users === 0) return;
    const { saver, rows } = this.#host;
    this.#cut();
    this.#lost = false;
    this.#bytes = JSON.stringify(snapshot.cells).length;
    const row: CopyRow = { doc: this.#doc, snapshot };
    saver.put(rows.copy(this.#topic), row);
    this.#fate.grew(this.#bytes);
    for (const key of confirmed) this.#host.confirmed(key);
  }

  entries(entries: readonly Entry[], confirmed: readonly number[]): void {
    if (this.#users === 0 || this.#lost) return;
    const { saver, rows } = this.#host;
    for (const entry of entries) {
      saver.put(rows.tailEntry(this.#topic, entry.offset), entry);
      this.#tail.push(entry.offset);
      this.#tailBytes += JSON.stringify(entry.data).length;
    }
    for (const key of confirmed) this.#host.confirmed(key);
  }

  join(): Copy {
    this.#users++;
    return this;
  }

  close(): void {
    if (--this.#users === 0) this.#fate.ended();
  }

  erase(): void {
    if (this.#users === 1) {
      this.#cut();
      this.#fate.erased();
    }
    this.close();
  }

  /** Nothing of it is stored any more. */
  lost(): void {
    this.#tail = [];
    this.#lost = true;
    this.#told?.();
  }

  /** Takes away what is stored behind the snapshot. */
  #cut(): void {
    const { saver, rows } = this.#host;
    for (const offset of this.#tail) saver.put(rows.tailEntry(this.#topic, offset), undefined);
    this.#tail = [];
    this.#tailBytes = 0;
  }
}
