import type { Timers } from '../alarm.ts';
import { checkTopic } from '../core/check.ts';
import type { Effect } from '../core/effect.ts';
import type { Kept, KeptClient, KeptTopic } from '../core/ledger.ts';
import type { Revived } from '../doc/document.ts';
import type { Left } from '../doc/documents.ts';
import type { Copies, Copy } from '../document.ts';
import { encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import type { Channel, Storage } from '../storage/storage.ts';
import { StoredCopies } from './copies.ts';
import type { DeadLetter, OutboxEntry } from './dead.ts';
import { platformLock } from './lock.ts';
import { type ClientRow, type DeadRow, type EntryRow, numberOf, Rows, type TopicRow } from './rows.ts';
import { Saver } from './saver.ts';
import { type Place, Siblings } from './siblings.ts';
import { read, readable } from './valid.ts';

/** What has waited for so long is given up (rule OUT-8), in milliseconds. */
const longest = 30 * 86_400_000;

/** Dead letters of a user; the oldest of more are given up (rule OUT-7). */
const mostLetters = 1000;

/** Takes a client's lock; returns how to let go of it, or undefined if somebody has it. */
type Lock = (client: string) => Promise<(() => void) | undefined>;

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
  /** Joins one of the storage's channels; absent: it has none. */
  readonly channel: ((...of: Parameters<NonNullable<Storage['channel']>>) => Channel | undefined) | undefined;
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
  /** Nothing of what was to be kept since is stored, nor is it being stored now. */
  unkept(): void;
  /** The outbox, or what became dead letters, has changed. */
  changed(): void;
  /** Nothing is stored of the documents that are open. */
  lost(): void;
  /** An entry has become a dead letter. */
  buried(id: string, letter: DeadRow): void;
  /** What is kept was erased. */
  forgotten(): void;
  /** The storage is not used any more. */
  ended(): void;
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
  readonly #channel: BroadcastChannel | undefined;
  /** What the user's other clients on this device have pending. */
  readonly #siblings: Siblings;
  #copies!: StoredCopies;
  #self: ClientRow | undefined;
  readonly #topics = new Map<string, TopicRow>();
  /** The latest number of an entry. */
  #last = 0;
  /** By the number by which the core knows it: each unsettled entry, and its row. */
  readonly #entries = new Map<number, { row: string; entry: EntryRow; former: boolean }>();
  /** Operations that the stored document holds, and that the core does not know to be settled. */
  readonly #confirmed = new Set<number>();
  /** How those ended that are about to leave the core's queue. */
  readonly #ends = new Map<number, Extract<Effect, { kind: 'settled' }>>();
  readonly #letters = new Map<string, DeadRow>();
  readonly #stopHearing: () => void;
  /** The rows that were being written when all was erased are, too. */
  #vanished: Promise<void> | undefined;
  /** Topics whose documents the client does not have: what is on them waits for a client that has. */
  readonly #foreign = new Set<string>();

  private constructor(host: KeeperHost, client: string, release: () => void) {
    this.#host = host;
    this.#rows = new Rows(host.user);
    this.#saver = new Saver(host.storage, host.timers, {
      stored: (batch) => {
        host.kept(batch);
        this.#siblings.again();
      },
      failed: host.report,
      unstored: host.unkept,
      moved: () => host.changed(),
    });
    this.#client = client;
    this.#release = release;
    this.#siblings = new Siblings({
      join: (heard) => host.channel?.(`${host.name} ${this.#rows.all} entries`, heard),
      storage: host.storage,
      version: host.version,
      saver: this.#saver,
      rows: this.#rows,
      client,
      id: () => this.#self?.id,
      keyOf: (row) => this.#keyOf(row),
    });
    if (typeof BroadcastChannel === 'function') {
      this.#channel = new BroadcastChannel(`${host.name} ${this.#rows.all}`);
      this.#channel.onmessage = () => {
        this.#entries.clear();
        this.#letters.clear();
        this.#vanished = this.#vanish();
        host.changed();
        host.forgotten();
      };
      (this.#channel as { unref?(): void }).unref?.();
    }
    this.#stopHearing = host.storage.onLost(() => this.#putAll());
  }

  /** Goes on as a client that is dead, or as a new one; undefined if the one to go on as is alive. */
  static async begin(host: KeeperHost): Promise<{ keeper: Keeper; life: Life } | undefined> {
    const rows = new Rows(host.user);
    const stored = readable(await host.storage.read(rows.clients), read.client, host.report);
    const all = stored.map(([key, row]) => [key.slice(rows.clients.length), row] as const);
    const wanted = all
      .filter(([client]) => (host.only ?? client) === client)
      .sort(([, a], [, b]) => b.used - a.used);
    const lock: Lock = (client) => {
      const name = `${host.name} ${rows.client(client)}`;
      return host.storage.lock ? host.storage.lock(name) : platformLock(name);
    };
    for (const [client, row] of wanted) {
      const release = await lock(client);
      if (!release) continue;
      try {
        return await new Keeper(host, client, release).#begin(row, all, lock);
      } catch (error) {
        host.report(error); // nobody can go on as this client now
      }
    }
    if (host.only !== undefined) return undefined;
    const client = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    const release = await lock(client);
    return new Keeper(host, client, release ?? (() => {})).#begin(undefined, all, lock);
  }

  async #begin(
    row: ClientRow | undefined,
    all: readonly (readonly [client: string, row: ClientRow])[],
    lock: Lock,
  ): Promise<{ keeper: Keeper; life: Life }> {
    try {
      const others = this.#host.only === undefined ? await this.#orphans(all, lock) : [];
      await this.#siblings.read(all).catch(this.#host.report);
      return { keeper: this, life: await this.#revive(row, others) };
    } catch (error) {
      void this.#saver.stop();
      this.#letGo();
      throw error;
    }
  }

  get durable(): boolean {
    return this.#saver.durable;
  }

  /** How many entries are not settled. */
  get pending(): number {
    return this.#entries.size;
  }

  /** How many of them wait for a client that has documents of their types. */
  get waiting(): number {
    if (this.#foreign.size === 0) return 0;
    let n = 0;
    for (const { entry } of this.#entries.values()) if (this.#foreign.has(entry.topic)) n++;
    return n;
  }

  /** How many dead letters there are. */
  get buried(): number {
    return this.#letters.size;
  }

  /** Nothing is kept that this client can settle. */
  get idle(): boolean {
    return this.#entries.size === this.waiting;
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
    this.#saver.mark(batch);
    if (entries.length || gone.length) this.#host.changed();
  }

  /** An entry is about to leave the core's queue. */
  settled(effect: Extract<Effect, { kind: 'settled' }>): void {
    if (this.#entries.has(effect.key)) this.#ends.set(effect.key, effect);
  }

  /** The client has no documents of the type that is on a topic. */
  foreign(topic: string): void {
    this.#foreign.add(topic);
  }

  dead(keys: readonly number[], error: TuttiError): void {
    for (const key of keys) if (this.#entries.get(key)?.former) this.#bury(key, error);
  }

  over(keys: readonly number[]): void {
    for (const key of keys) if (this.#entries.get(key)?.entry.place) this.#confirm(key);
  }

  /** Takes a dead letter over that another client of the user has stored. */
  adopt(id: string, letter: DeadRow): void {
    this.#letters.set(id, letter);
    this.#host.changed();
  }

  /** Takes a dead letter away. */
  discard(id: string): void {
    if (!this.#letters.delete(id)) return;
    this.#saver.put(this.#rows.letter(id), undefined);
    this.#host.changed();
  }

  /** The page is being left. */
  away(): void {
    this.#saver.hurry();
  }

  load(topic: string, doc: string): Promise<Copy> {
    return this.#copies.load(topic, doc);
  }

  begin(topic: string, doc: string): Copy {
    return this.#copies.begin(topic, doc);
  }

  siblings(...[topic, doc, told]: Parameters<Copies['siblings']>): () => void {
    return this.#siblings.watch(topic, doc, told);
  }

  /** Erases all that is kept of the user; nothing is stored after that. */
  async forget(): Promise<void> {
    const { storage } = this.#host;
    this.#channel?.postMessage('forget');
    await this.#saver.stop();
    const all = await storage.read(this.#rows.all);
    await storage.write(all.map(([key]) => [key, undefined]));
  }

  /** Ends it, when all is stored. */
  async close(): Promise<void> {
    this.#channel?.close();
    await this.#vanished?.catch(this.#host.report);
    await this.#saver.close();
    this.#letGo();
    this.#host.ended();
  }

  #letGo(): void {
    this.#channel?.close();
    this.#siblings.close();
    this.#stopHearing();
    this.#release();
  }

  /** Another page has erased all of the user: what was under way is not to stay behind. */
  async #vanish(): Promise<void> {
    const flying = await this.#saver.stop();
    if (flying.length) await this.#host.storage.write(flying.map((key) => [key, undefined]));
  }

  /** The dead clients that have left something. Those that nobody will know any more are erased. */
  async #orphans(all: readonly (readonly [client: string, row: ClientRow])[], lock: Lock): Promise<string[]> {
    const { storage, now } = this.#host;
    const found: string[] = [];
    for (const [client, { used }] of all) {
      if (client === this.#client) continue;
      const release = await lock(client);
      if (!release) continue;
      try {
        const left = await storage.read(this.#rows.entries(client));
        if (left.length) found.push(client);
        else if (now() - used > longest) {
          const topics = await storage.read(this.#rows.topics(client));
          const keys = [this.#rows.client(client), ...topics.map(([key]) => key)];
          await storage.write(keys.map((key) => [key, undefined]));
        }
      } finally {
        release();
      }
    }
    return found;
  }

  /** Reads what the client has left. */
  async #revive(row: ClientRow | undefined, others: string[]): Promise<Life> {
    const { storage, now, report } = this.#host;
    this.#copies = await StoredCopies.read({
      storage,
      saver: this.#saver,
      rows: this.#rows,
      now,
      report,
      confirmed: ({ key, offset: at }, upTo) => this.#confirm(key, { at, upTo }),
      waits: (topic) => [...this.#entries.values()].some(({ entry }) => entry.topic === topic),
    });
    const letters = readable(await storage.read(this.#rows.dead), read.dead, report);
    for (const [key, letter] of letters.sort(([, a], [, b]) => a.made - b.made))
      this.#letters.set(key.slice(this.#rows.dead.length), letter);
    const topics = this.#rows.topics(this.#client);
    for (const [key, topic] of await storage.read(topics))
      this.#topics.set(key.slice(topics.length), read.topic(topic)); // without it a seq would be said twice
    const entries = await storage.read(this.#rows.entries(this.#client));
    this.#last = Math.floor(now()); // siblings may remember rows of a former life
    for (const [key] of entries) this.#last = Math.max(this.#last, numberOf(key));
    for (const [key, entry] of readable(entries, read.entry, report)) this.#take(key, entry);
    const restore: Kept = { topics: this.#restoredTopics(), entries: [] };
    if (row) {
      const { used: _, ...client } = row;
      // A run above all before, also those that were said and not stored.
      restore.client = { ...client, run: Math.max(client.run, Math.floor(now())) };
      this.#self = row;
    }
    const documents = new Map<string, Left & { operations: Revived[] }>();
    for (const [sending, { entry }] of this.#entries) {
      const { topic, doc, base, data, seq, place, made, version: _, ...more } = entry;
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
      const { waits, seen } = more;
      const state = {
        ...(seq && { seq }),
        ...(place && { place }),
        ...(waits && { waits }),
        ...(seen && { seen: this.#siblings.seen(seen) }),
      };
      document.operations.push({ sending, base, data, made, ...state });
    }
    return { restore, documents: [...documents.values()], others };
  }

  /** The topics as they are stored, with what the server took there and no stored document holds. */
  #restoredTopics(): Record<string, KeptTopic> {
    const topics = new Map<string, KeptTopic>(this.#topics);
    for (const { entry } of this.#entries.values()) {
      const row = topics.get(entry.topic);
      const taken = Math.max(entry.place?.offset ?? 0, row?.taken ?? 0);
      if (row && taken) topics.set(entry.topic, { ...row, taken });
    }
    return Object.fromEntries(topics);
  }

  #putClient(client: KeptClient): void {
    this.#self = { ...client, used: this.#host.now() };
    this.#saver.put(this.#rows.client(this.#client), this.#self);
    this.#siblings.identify();
  }

  /** The storage has lost all rows. */
  #putAll(): void {
    if (this.#self) this.#putClient(this.#self);
    for (const [topic, row] of this.#topics) this.#putTopic(topic, row);
    for (const { row, entry } of this.#entries.values()) this.#store(row, entry);
    for (const [id, letter] of this.#letters) this.#saver.put(this.#rows.letter(id), letter);
    this.#copies.lost();
    this.#host.lost();
  }

  #putTopic(topic: string, row: TopicRow): void {
    const fresh = row.last === 0 && row.voids.length === 0;
    if (fresh) this.#topics.delete(topic);
    else this.#topics.set(topic, row);
    this.#saver.put(this.#rows.topics(this.#client) + topic, fresh ? undefined : row);
  }

  /** Takes an entry over from a former life. */
  #take(row: string, stored: EntryRow): void {
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
    else if (entry !== stored) this.#store(row, entry);
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
      if (!now || checkTopic(now.topic)) return null;
      const { name: _, ...rest } = stored;
      const { topic, name } = now;
      return { ...rest, topic, ...(name && { name }), ...encode(now.data), ...this.#version() };
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
    const known = this.#entries.get(key);
    const row = known?.row ?? this.#rows.entry(this.#client, ++this.#last);
    const doc = known?.entry.doc ?? (kept.base === undefined ? undefined : this.#host.docOf(kept.topic));
    const made = known?.entry.made ?? this.#host.now();
    const entry: EntryRow = { ...kept, made, ...(doc !== undefined && { doc }), ...this.#version() };
    this.#entries.set(key, { row, entry, former: known?.former ?? false });
    this.#store(row, entry);
  }

  #store(row: string, entry: EntryRow): void {
    this.#saver.put(row, entry);
    this.#siblings.note(row, entry);
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
      return this.#store(row, known.entry);
    }
    this.#remove(key, end && 'offset' in end ? { at: end.offset } : {});
  }

  /** The stored document holds an operation. */
  #confirm(key: number, place: Place = {}): void {
    const known = this.#entries.get(key);
    if (!known) return;
    if (!known.entry.place) this.#confirmed.add(key);
    this.#remove(key, { ...place, at: place.at ?? known.entry.place?.offset });
    this.#host.changed();
  }

  /** The number by which the core knows the entry of a row; 0: there is none. */
  #keyOf(row: string): number {
    for (const [key, known] of this.#entries) if (known.row === row) return key;
    return 0;
  }

  /** Takes an entry away, which the log holds, or not. */
  #remove(key: number, place: Place = {}): void {
    const known = this.#entries.get(key);
    if (!known) return;
    this.#saver.put(known.row, undefined);
    this.#siblings.note(known.row, known.entry, place);
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
    this.#host.buried(id, letter);
    for (const [oldest] of this.#letters) {
      if (this.#letters.size <= mostLetters) break;
      this.#letters.delete(oldest);
      this.#saver.put(this.#rows.letter(oldest), undefined);
      this.#host.report(
        new TuttiError('queue_full', 'There are too many dead letters: the oldest is given up.'),
      );
    }
    this.#host.changed();
  }
}
