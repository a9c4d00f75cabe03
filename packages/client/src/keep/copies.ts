import type { Confirmed, Copy } from '../document.ts';
import type { Entry, Snapshot } from '../protocol.ts';
import type { Storage } from '../storage/storage.ts';
import { type CopyRow, type IndexRow, numberOf, type Rows } from './rows.ts';
import type { Saver } from './saver.ts';
import { read, readable } from './valid.ts';

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
  report(error: unknown): void;
  /** The operation is in the stored document, which is as of an offset: it leaves the outbox in the same write. */
  confirmed(operation: Confirmed, upTo: number | undefined): void;
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
    for (const [key, row] of readable(await host.storage.read(index), read.index, host.report))
      copies.#index.set(key.slice(index.length), row);
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
    const { storage, saver, rows, report } = this.#host;
    await saver.rest();
    const [[, row] = []] = readable(await storage.read(rows.copy(topic)), read.copy, report);
    const tail = await storage.read(rows.tail(topic));
    const raced = this.#open.get(topic);
    if (raced) return raced.join();
    const stored = row?.doc === doc ? { snapshot: row.snapshot, entries: following(row, tail) } : undefined;
    const offsets = tail.map(([key]) => numberOf(key));
    return this.#add(topic, doc, stored, offsets);
  }

  /** A copy of a document, in place of what may be stored of it. */
  begin(topic: string, doc: string): Copy {
    const open = this.#open.get(topic);
    if (open) return open.join();
    return this.#add(topic, doc, undefined, undefined);
  }

  /** The storage has lost all rows. */
  lost(): void {
    this.#index.clear();
    for (const copy of this.#open.values()) copy.lost();
  }

  /** No tail: what is stored is not known. It stays until a snapshot takes its place. */
  #add(topic: string, doc: string, stored: Copy['stored'], tail: number[] | undefined): StoredCopy {
    const { bytes = 0, stays = false } = this.#index.get(topic) ?? {};
    let known = tail !== undefined;
    const copy = new StoredCopy(
      this.#host,
      topic,
      doc,
      stored,
      tail ?? [],
      { bytes, stays },
      {
        grew: (now) => {
          this.#note(topic, now);
          if (!known) this.#sweep(topic, copy).catch(this.#host.report);
          known = true;
        },
        erased: () => this.#forget(topic),
        ended: () => void this.#open.delete(topic),
      },
    );
    this.#open.set(topic, copy);
    return copy;
  }

  #note(topic: string, size: Size): void {
    const { saver, rows, now } = this.#host;
    const { bytes, stays } = size;
    const row = { bytes, used: now(), ...(stays && { stays }) };
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
      this.#index.delete(oldest[0]);
      this.#erase(oldest[0]).catch(this.#host.report);
    }
  }

  /** Takes a document away, and the entries behind it, unless it is opened by then. */
  async #erase(topic: string): Promise<void> {
    const { storage, saver, rows } = this.#host;
    const tail = await storage.read(rows.tail(topic));
    if (this.#open.has(topic)) return;
    this.#forget(topic);
    for (const [key] of tail) saver.put(key, undefined);
  }

  /** Takes away the entries behind a document that is not stored any more. */
  async #sweep(topic: string, copy: StoredCopy): Promise<void> {
    const { storage, saver, rows } = this.#host;
    for (const [key] of await storage.read(rows.tail(topic)))
      if (this.#open.get(topic) === copy && !copy.has(numberOf(key))) saver.put(key, undefined);
  }

  #forget(topic: string): void {
    const { saver, rows } = this.#host;
    this.#index.delete(topic);
    saver.put(rows.index + topic, undefined);
    saver.put(rows.copy(topic), undefined);
  }
}

/** The entries that continue a stored document; those of one before it may have stayed. */
function following({ snapshot }: CopyRow, tail: readonly (readonly [string, unknown])[]): Entry[] {
  const entries: Entry[] = [];
  for (const [, row] of tail) {
    const { offset } = entries.at(-1) ?? snapshot;
    const [[, entry] = []] = readable([['', row]], read.tail, () => {});
    if (entry?.offset === offset + 1) entries.push(entry);
  }
  return entries;
}

/** How large a copy is in bytes, and whether it stays when nobody uses it. */
type Size = Pick<IndexRow, 'bytes'> & { stays: boolean };

/** Is told what becomes of a copy. */
interface Fate {
  grew(size: Size): void;
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
  #tail: Set<number>;
  /** their bytes, and those of the snapshot. */
  #tailBytes = 0;
  readonly #size: Size;
  /** A document is stored that can be read, and that entries can follow. */
  #whole: boolean;
  /** What the document holds, and the stored one does not yet. */
  #held: Confirmed[] = [];
  /** How many use it. */
  #users = 1;

  constructor(
    host: CopiesHost,
    topic: string,
    doc: string,
    stored: Copy['stored'],
    tail: number[],
    size: Size,
    fate: Fate,
  ) {
    this.#host = host;
    this.#topic = topic;
    this.#doc = doc;
    this.stored = stored;
    this.#tail = new Set(tail);
    this.#size = size;
    this.#fate = fate;
    this.#whole = stored !== undefined;
    for (const { data } of stored?.entries ?? []) this.#tailBytes += bytesOf(data);
    if (stored) fate.grew(size);
  }

  get long(): boolean {
    const bytes = Math.max(this.#size.bytes, leastBytes);
    return !this.#whole || this.#tail.size > mostEntries || this.#tailBytes > bytes;
  }

  /** Whether it has stored the entry at an offset. */
  has(offset: number): boolean {
    return this.#tail.has(offset);
  }

  keep(): void {
    if (this.#size.stays) return;
    this.#size.stays = true;
    if (this.#whole) this.#fate.grew(this.#size);
  }

  snapshot(snapshot: Snapshot, confirmed: readonly Confirmed[]): void {
    if (this.#users === 0) return;
    const { saver, rows } = this.#host;
    this.#cut();
    this.#whole = true;
    this.#size.bytes = bytesOf(snapshot.cells);
    const row: CopyRow = { doc: this.#doc, snapshot };
    saver.put(rows.copy(this.#topic), row);
    this.#fate.grew(this.#size);
    for (const one of [...this.#held.splice(0), ...confirmed]) this.#host.confirmed(one, snapshot.offset);
  }

  entries(entries: readonly Entry[], confirmed: readonly Confirmed[]): void {
    if (this.#users === 0) return;
    if (!this.#whole) {
      this.#held.push(...confirmed);
      return;
    }
    const { saver, rows } = this.#host;
    for (const entry of entries) {
      saver.put(rows.tailEntry(this.#topic, entry.offset), entry);
      this.#tail.add(entry.offset);
      this.#tailBytes += bytesOf(entry.data);
    }
    for (const one of confirmed) this.#host.confirmed(one, entries.at(-1)?.offset);
  }

  damaged(): void {
    this.#whole = false;
  }

  join(): Copy {
    this.#users++;
    return this;
  }

  close(): void {
    if (--this.#users === 0) this.#fate.ended();
  }

  erase(): void {
    if (this.#users === 1 && !this.#size.stays) {
      this.#cut();
      this.#fate.erased();
      for (const one of this.#held.splice(0)) this.#host.confirmed(one, undefined);
    }
    this.close();
  }

  /** Nothing of it is stored any more. */
  lost(): void {
    this.#tail.clear();
    this.#whole = false;
  }

  /** Takes away what is stored behind the snapshot. */
  #cut(): void {
    const { saver, rows } = this.#host;
    for (const offset of this.#tail) saver.put(rows.tailEntry(this.#topic, offset), undefined);
    this.#tail.clear();
    this.#tailBytes = 0;
  }
}

function bytesOf(data: unknown): number {
  return JSON.stringify(data)?.length ?? 0;
}
