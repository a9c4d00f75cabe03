import type { Timers } from '../alarm.ts';
import type { Effect } from '../core/effect.ts';
import type { Kept, KeptClient } from '../core/ledger.ts';
import type { Revived } from '../doc/document.ts';
import type { Left } from '../doc/documents.ts';
import type { Copies, Copy } from '../document.ts';
import { TuttiError } from '../index.ts';
import type { Storage } from '../storage/storage.ts';
import { StoredCopies } from './copies.ts';
import type { DeadLetter, OutboxEntry } from './dead.ts';
import { platformLock } from './lock.ts';
import { type ClientRow, type DeadRow, type EntryRow, numberOf, Rows, type TopicRow } from './rows.ts';
import { Saver } from './saver.ts';

/** What has waited for so long is given up (rule OUT-8), in milliseconds. */
const longest = 30 * 86_400_000;

/** An entry of the outbox, as an application of another version made it. */
export interface OldEntry {
  topic: string;
  name?: string;
  data: unknown;
  /** The version by which it was made. */
  version?: number;
}

/** What the keeper needs of its client. */
export interface KeeperHost {
  /** Of this server; also names locks. */
  readonly name: string;
  readonly storage: Storage;
  /** It was opened for the keeper, which closes it. Others may use one that the application gave. */
  readonly owned: boolean;
  readonly user: string;
  /** The client to go on as, and no other. */
  readonly only: string | undefined;
  readonly version: number | undefined;
  readonly timers: Timers;
  migrate(entry: OldEntry): OldEntry | null;
  /** Milliseconds since 1970. */
  now(): number;
  report(error: unknown): void;
  /** A number by which the core is to know an entry. */
  reserve(): number;
  /** The type of the document that is open on a topic. */
  docOf(topic: string): string | undefined;
  /** All up to a batch is stored. */
  kept(batch: number): void;
  /** The outbox, or what became dead letters, has changed. */
  changed(): void;
  /** What is kept was erased. */
  forgotten(): void;
}

/** What a client goes on with. */
export interface Life {
  restore: Kept;
  /** By topic: the operations that were not settled, and the document that they were made on. */
  documents: Left[];
  /** Other clients of the user that are dead and have left something. */
  others: string[];
}

/** Keeps what a client has not settled, and documents (rules OUT and COPY). */
export class Keeper implements Copies {
  readonly #host: KeeperHost;
  readonly #rows: Rows;
  readonly #saver: Saver;
  readonly #client: string;
  readonly #release: () => void;
  readonly #deaf: () => void;
  readonly #channel: BroadcastChannel | undefined;
  #copies!: StoredCopies;
  #self: ClientRow | undefined;
  readonly #topics: Record<string, TopicRow> = {};
  /** The latest number of an entry. */
  #last = 0;
  /** By the number by which the core knows it: each unsettled entry, and its row. */
  readonly #entries = new Map<number, { row: string; entry: EntryRow; former: boolean }>();
  /** Operations that the stored document holds, and that the core does not know to be settled. */
  readonly #confirmed = new Set<number>();
  /** How those ended that are about to leave the core's queue. */
  readonly #ends = new Map<number, Extract<Effect, { kind: 'settled' }>>();
  readonly #letters = new Map<string, DeadRow>();

  private constructor(host: KeeperHost, client: string, release: () => void) {
    this.#host = host;
    this.#rows = new Rows(host.user);
    this.#saver = new Saver(host.storage, host.timers, host.report);
    this.#client = client;
    this.#release = release;
    if (typeof BroadcastChannel === 'function') {
      this.#channel = new BroadcastChannel(`${host.name} ${this.#rows.all}`);
      this.#channel.onmessage = () => host.forgotten();
      (this.#channel as { unref?(): void }).unref?.();
    }
    this.#deaf = host.storage.onLost(() => this.#putAll());
  }

  /** Goes on as a client that is dead, or as a new one; undefined if the one to go on as is alive. */
  static async begin(host: KeeperHost): Promise<{ keeper: Keeper; life: Life } | undefined> {
    const rows = new Rows(host.user);
    const all = (await host.storage.read(rows.clients)).map(
      ([key, row]) => [key.slice(rows.clients.length), row as ClientRow] as const,
    );
    const wanted = all
      .filter(([client]) => (host.only ?? client) === client)
      .sort(([, a], [, b]) => b.used - a.used);
    const lock = (client: string): Promise<(() => void) | undefined> => {
      const name = `${host.name} ${rows.client(client)}`;
      return host.storage.lock ? host.storage.lock(name) : platformLock(name);
    };
    for (const [client, row] of wanted) {
      const release = await lock(client);
      if (!release) continue;
      const keeper = new Keeper(host, client, release);
      const others = host.only === undefined ? await keeper.#orphans(all, lock) : [];
      return { keeper, life: await keeper.#revive(row, others) };
    }
    if (host.only !== undefined) return undefined;
    const client = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    const release = await lock(client);
    const keeper = new Keeper(host, client, release ?? (() => {}));
    return { keeper, life: await keeper.#revive(undefined, await keeper.#orphans(all, lock)) };
  }

  get durable(): boolean {
    return this.#saver.durable;
  }

  /** How many entries are not settled. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Nothing is kept that is not settled. */
  get idle(): boolean {
    return this.#entries.size === 0;
  }

  /** What is not settled, in the order in which it was made. */
  get entries(): OutboxEntry[] {
    return [...this.#entries.values()]
      .filter(({ entry }) => !entry.place)
      .map(({ entry: { topic, name, doc, data, made, seq } }) => ({
        topic,
        ...(name !== undefined && { name }),
        ...(doc !== undefined && { doc }),
        data,
        time: made,
        sent: seq !== undefined,
      }));
  }

  get letters(): DeadLetter[] {
    return [...this.#letters].map(([id, { topic, name, entryKey, doc, data, made, error }]) => ({
      id,
      topic,
      ...(name !== undefined && { name }),
      ...(entryKey !== undefined && { key: entryKey }),
      ...(doc !== undefined && { doc }),
      data,
      time: made,
      error: TuttiError.from({ ...error, retryable: false } as never),
    }));
  }

  /** Stores what the core wants to be stored. */
  keep({ batch, client, topics = {}, entries = [], gone = [] }: Extract<Effect, { kind: 'keep' }>): void {
    if (client) this.#putClient(client);
    for (const [topic, row] of Object.entries(topics)) this.#putTopic(topic, row);
    for (const { key, ...entry } of entries) if (!this.#confirmed.has(key)) this.#put(key, entry);
    for (const key of gone) this.#leave(key);
    this.#saver.after(() => this.#host.kept(batch));
    if (entries.length || gone.length) this.#host.changed();
  }

  /** An entry is about to leave the core's queue. */
  settled(effect: Extract<Effect, { kind: 'settled' }>): void {
    if (this.#entries.has(effect.key)) this.#ends.set(effect.key, effect);
  }

  dead(keys: readonly number[], error: TuttiError): void {
    for (const key of keys) if (this.#entries.get(key)?.former) this.#bury(key, error);
  }

  /** Takes a dead letter away. */
  discard(id: string): void {
    if (!this.#letters.delete(id)) return;
    this.#saver.put(this.#rows.letter(id), undefined);
    this.#host.changed();
  }

  load(topic: string, doc: string): Promise<Copy> {
    return this.#copies.load(topic, doc);
  }

  begin(topic: string, doc: string): Copy {
    return this.#copies.begin(topic, doc);
  }

  /** Erases all that is kept of the user. */
  async forget(): Promise<void> {
    const { storage } = this.#host;
    this.#channel?.postMessage('forget');
    await this.#saver.rest();
    const all = await storage.read(this.#rows.all);
    await storage.write(all.map(([key]) => [key, undefined]));
  }

  /** Ends it, when all is stored. */
  async close(): Promise<void> {
    this.#channel?.close();
    await this.#saver.rest();
    this.#release();
    this.#deaf();
    if (this.#host.owned) this.#host.storage.close();
  }

  /** The dead clients that have left something. */
  async #orphans(
    all: readonly (readonly [client: string, row: ClientRow])[],
    lock: (client: string) => Promise<(() => void) | undefined>,
  ): Promise<string[]> {
    const found: string[] = [];
    for (const [client] of all) {
      if (client === this.#client) continue;
      const release = await lock(client);
      if (!release) continue;
      const left = await this.#host.storage.read(this.#rows.entries(client));
      release();
      if (left.length) found.push(client);
    }
    return found;
  }

  /** Reads what the client has left. */
  async #revive(row: ClientRow | undefined, others: string[]): Promise<Life> {
    const { storage, now } = this.#host;
    this.#copies = await StoredCopies.read({
      storage,
      saver: this.#saver,
      rows: this.#rows,
      now,
      confirmed: (key) => this.#confirm(key),
      waits: (topic) => [...this.#entries.values()].some(({ entry }) => entry.topic === topic),
    });
    for (const [key, letter] of await storage.read(this.#rows.dead))
      this.#letters.set(key.slice(this.#rows.dead.length), letter as DeadRow);
    const topics = this.#rows.topics(this.#client);
    for (const [key, topic] of await storage.read(topics))
      this.#topics[key.slice(topics.length)] = topic as TopicRow;
    for (const [key, entry] of await storage.read(this.#rows.entries(this.#client)))
      this.#take(key, entry as EntryRow);
    const restore: Kept = { topics: { ...this.#topics }, entries: [] };
    const { used: _, ...client } = row ?? {};
    // A run above all before, also those that were said and not stored.
    if (isClient(client)) restore.client = { ...client, run: Math.max(client.run, Math.floor(now())) };
    this.#self = row;
    const documents = new Map<string, Left & { operations: Revived[] }>();
    for (const [sending, { entry }] of this.#entries) {
      const { topic, doc, base, data, seq, place, made: _, version: __, ...more } = entry;
      if (!place) {
        const kept = { key: sending, topic, data, ...(base !== undefined && { base }), ...(seq && { seq }) };
        restore.entries?.push({ ...more, ...kept });
      }
      if (doc === undefined || base === undefined) continue;
      let document = documents.get(topic);
      if (!document) {
        document = { topic, doc, operations: [], copy: await this.#copies.load(topic, doc) };
        documents.set(topic, document);
      }
      document.operations.push({ sending, base, data, ...(seq && { seq }), ...(place && { place }) });
    }
    return { restore, documents: [...documents.values()], others };
  }

  #putClient(client: Partial<KeptClient>): void {
    this.#self = { ...client, used: this.#host.now() };
    this.#saver.put(this.#rows.client(this.#client), this.#self);
  }

  /** The storage has lost all rows. */
  #putAll(): void {
    if (this.#self) this.#putClient(this.#self);
    for (const [topic, row] of Object.entries(this.#topics)) this.#putTopic(topic, row);
    for (const { row, entry } of this.#entries.values()) this.#saver.put(row, entry);
    for (const [id, letter] of this.#letters) this.#saver.put(this.#rows.letter(id), letter);
    this.#copies.lost();
  }

  #putTopic(topic: string, row: TopicRow): void {
    this.#topics[topic] = row;
    this.#saver.put(this.#rows.topics(this.#client) + topic, row);
  }

  /** Takes an entry over from a former life. */
  #take(row: string, stored: EntryRow): void {
    this.#last = Math.max(this.#last, numberOf(row));
    const key = this.#host.reserve();
    const { version, now } = this.#host;
    let entry: EntryRow | null = stored;
    let error = new TuttiError('timeout');
    if (now() - stored.made > longest) entry = null;
    else if (stored.version !== version && stored.seq === undefined) {
      entry = this.#migrate(stored);
      error = new TuttiError('bad_operation', 'It was made for another version of the application.');
    }
    this.#entries.set(key, { row, entry: entry ?? stored, former: true });
    if (!entry) this.#bury(key, error);
    else if (entry !== stored) this.#saver.put(row, entry);
  }

  #migrate(stored: EntryRow): EntryRow | null {
    const { topic, name, data, version } = stored;
    const old = {
      topic,
      data,
      ...(name !== undefined && { name }),
      ...(version !== undefined && { version }),
    };
    try {
      const now = this.#host.migrate(old);
      return now && { ...stored, topic: now.topic, data: now.data, ...this.#version() };
    } catch (error) {
      this.#host.report(error);
      return null;
    }
  }

  #version(): { version?: number } {
    const { version } = this.#host;
    return version === undefined ? {} : { version };
  }

  #put(key: number, kept: Omit<EntryRow, 'made'>): void {
    // By its row the next life finds the client, and what it has left.
    if (!this.#self) this.#putClient({});
    const known = this.#entries.get(key);
    const row = known?.row ?? this.#rows.entry(this.#client, ++this.#last);
    const doc = known?.entry.doc ?? (kept.base === undefined ? undefined : this.#host.docOf(kept.topic));
    const made = known?.entry.made ?? this.#host.now();
    const entry: EntryRow = { ...kept, made, ...(doc !== undefined && { doc }), ...this.#version() };
    this.#entries.set(key, { row, entry, former: known?.former ?? false });
    this.#saver.put(row, entry);
  }

  /** An entry has left the core's queue. */
  #leave(key: number): void {
    const end = this.#ends.get(key);
    this.#ends.delete(key);
    this.#confirmed.delete(key);
    const known = this.#entries.get(key);
    if (!known) return;
    const { entry, row, former } = known;
    if (end && 'error' in end) {
      if (former && end.error.code !== 'aborted') return this.#bury(key, end.error);
    } else if (end && entry.doc !== undefined && this.#copies.keeps(entry.topic)) {
      const { kind: _, key: __, ...place } = end;
      known.entry = { ...entry, place };
      return this.#saver.put(row, known.entry);
    }
    this.#remove(key);
  }

  /** The stored document holds an operation. */
  #confirm(key: number): void {
    const known = this.#entries.get(key);
    if (!known) return;
    if (!known.entry.place) this.#confirmed.add(key);
    this.#remove(key);
    this.#host.changed();
  }

  #remove(key: number): void {
    const known = this.#entries.get(key);
    if (known) this.#saver.put(known.row, undefined);
    this.#entries.delete(key);
  }

  /** Makes a dead letter of an entry of a former life. */
  #bury(key: number, { code, message }: TuttiError): void {
    const known = this.#entries.get(key);
    if (!known) return;
    this.#remove(key);
    const { topic, name, entryKey, doc, data, made } = known.entry;
    const letter: DeadRow = {
      topic,
      ...(name !== undefined && { name }),
      ...(entryKey !== undefined && { entryKey }),
      ...(doc !== undefined && { doc }),
      data,
      made,
      error: { code, message },
    };
    const id = known.row.slice(this.#rows.all.length);
    this.#letters.set(id, letter);
    this.#saver.put(this.#rows.letter(id), letter);
    this.#host.changed();
  }
}

function isClient(row: Partial<KeptClient>): row is KeptClient {
  return row.secret !== undefined;
}
