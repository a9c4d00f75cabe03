import type { Timers } from '../alarm.ts';
import type { Effect } from '../core/effect.ts';
import type { Kept, KeptClient } from '../core/ledger.ts';
import type { Revived } from '../doc/document.ts';
import type { Left } from '../doc/documents.ts';
import type { Copies, Copy } from '../document.ts';
import { TuttiError } from '../error.ts';
import type { Channel, Storage } from '../storage/storage.ts';
import { StoredCopies } from './copies.ts';
import { type DeadLetter, type OutboxEntry, told } from './dead.ts';
import { Letters } from './letters.ts';
import { type ReviveHost, restoredEntry, restoredOperation, restoredTopics, revived } from './revive.ts';
import { type ClientRow, type DeadRow, type EntryRow, numberOf, Rows, type TopicRow } from './rows.ts';
import { Saver } from './saver.ts';
import { type Place, Siblings } from './siblings.ts';
import { read, readable } from './valid.ts';

/** What the keeper needs of its client. */
export interface KeeperHost extends ReviveHost {
  /** Of this server; also names locks. */
  readonly name: string;
  readonly storage: Storage;
  /** Joins one of the storage's channels; absent: it has none. */
  readonly channel: ((...of: Parameters<NonNullable<Storage['channel']>>) => Channel | undefined) | undefined;
  readonly user: string;
  /** The client to go on as, and no other. */
  readonly only: string | undefined;
  readonly timers: Timers;
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
  /** Another client of the user has died, and left something. */
  orphaned(client: string): void;
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
  readonly #letters: Letters;
  readonly #stopHearing: () => void;
  /** The rows that were being written when all was erased are, too. */
  #vanished: Promise<void> | undefined;
  /** Topics whose documents the client does not have: what is on them waits for a client that has. */
  readonly #foreign = new Set<string>();

  /** The keeper of a client whose lock is held. It is revived once, before all else. */
  constructor(host: KeeperHost, client: string, release: () => void) {
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
    this.#letters = new Letters(this.#rows, this.#saver, host.report);
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

  /** Reads what its client has left, with the row of it, if it has one, and those of all clients of the user. */
  async revive(
    row: ClientRow | undefined,
    all: readonly (readonly [client: string, row: ClientRow])[],
  ): Promise<Omit<Life, 'others'>> {
    const { storage, now, report } = this.#host;
    await this.#siblings.read(all).catch(report);
    this.#copies = await StoredCopies.read({
      storage,
      saver: this.#saver,
      rows: this.#rows,
      now,
      report,
      confirmed: ({ key, offset: at }, upTo) => this.#confirm(key, { at, upTo }),
      waits: (topic) => [...this.#entries.values()].some(({ entry }) => entry.topic === topic),
    });
    this.#letters.take(readable(await storage.read(this.#rows.dead), read.dead, report));
    const topics = this.#rows.topics(this.#client);
    for (const [key, topic] of await storage.read(topics))
      this.#topics.set(key.slice(topics.length), read.topic(topic)); // without it a seq would be said twice
    const entries = await storage.read(this.#rows.entries(this.#client));
    this.#last = Math.floor(now()); // siblings may remember rows of a former life
    for (const [key] of entries) this.#last = Math.max(this.#last, numberOf(key));
    for (const [key, entry] of readable(entries, read.entry, report)) this.#take(key, entry);
    return { restore: this.#restored(row), documents: await this.#documents() };
  }

  /** What the core is to go on with. */
  #restored(row: ClientRow | undefined): Kept {
    const restore: Kept = {
      topics: restoredTopics(this.#topics, this.#entries.values()),
      entries: [...this.#entries].flatMap(([key, { entry }]) => restoredEntry(key, entry) ?? []),
    };
    if (row) {
      const { used: _, ...client } = row;
      // A run above all before, also those that were said and not stored.
      restore.client = { ...client, run: Math.max(client.run, Math.floor(this.#host.now())) };
      this.#self = row;
    }
    return restore;
  }

  /** What documents are to go on with. */
  async #documents(): Promise<Left[]> {
    const documents = new Map<string, Left & { operations: Revived[] }>();
    for (const [key, { entry }] of this.#entries) {
      const { topic, doc } = entry;
      const operation = restoredOperation(key, entry, this.#siblings);
      if (!operation || doc === undefined) continue;
      let document = documents.get(topic);
      if (!document) {
        document = { topic, doc, operations: [], copy: await this.#copies.load(topic, doc) };
        documents.set(topic, document);
      }
      document.operations.push(operation);
    }
    return [...documents.values()];
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
      .map(({ entry }) => ({ ...told(entry), sent: entry.seq !== undefined }));
  }

  get letters(): DeadLetter[] {
    return this.#letters.list;
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
    this.#letters.adopt(id, letter);
    this.#letters.trim();
    this.#host.changed();
  }

  /** Takes a dead letter away. */
  discard(id: string): void {
    if (this.#letters.discard(id)) this.#host.changed();
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

  /** Ends it when it could not be revived. */
  abandon(): void {
    void this.#saver.stop();
    this.#letGo();
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
    this.#letters.lost();
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
    const entry = revived(stored, this.#host);
    const dead = entry instanceof TuttiError;
    this.#entries.set(key, { row, entry: dead ? stored : entry, former: true });
    if (dead) this.#bury(key, entry);
    else if (entry !== stored) this.#store(row, entry);
  }

  #put(key: number, kept: Omit<EntryRow, 'made'>): void {
    const { docOf, now, version } = this.#host;
    const known = this.#entries.get(key);
    const row = known?.row ?? this.#rows.entry(this.#client, ++this.#last);
    const doc = known?.entry.doc ?? (kept.base === undefined ? undefined : docOf(kept.topic));
    const made = known?.entry.made ?? now();
    const entry: EntryRow = {
      ...kept,
      made,
      ...(doc !== undefined && { doc }),
      ...(version !== undefined && { version }),
    };
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
  #bury(key: number, error: TuttiError): void {
    const known = this.#entries.get(key);
    if (!known) return;
    this.#remove(key);
    this.#host.buried(...this.#letters.add(known.row, known.entry, error));
    if (this.#host.only === undefined) this.#letters.trim(); // else whoever adopts it does
    this.#host.changed();
  }
}
