import { remember } from '../doc/held.ts';
import type { Seen, SiblingOperation } from '../document.ts';
import type { Channel, Storage } from '../storage/storage.ts';
import type { ClientRow, EntryRow, Rows } from './rows.ts';
import type { Saver } from './saver.ts';
import { read, readable, readNews } from './valid.ts';

/** What siblings need of those who keep the outbox. */
export interface SiblingsHost {
  /** Joins the channel of the user's clients on this device; undefined: there is none. */
  join(heard: (message: unknown) => void): Channel | undefined;
  readonly storage: Storage;
  /** Of the application's schema. */
  readonly version: number | undefined;
  readonly saver: Saver;
  readonly rows: Rows;
  /** Under which this client is stored. */
  readonly client: string;
  /** This client's id, if a server has told it. */
  id(): string | undefined;
  /** The number by which this client knows an entry of its own; 0 if it has it no more. */
  keyOf(row: string): number;
}

/** Where an entry is in the log: at an offset, or up to one, or not at all. */
export interface Place {
  at?: number | undefined;
  upTo?: number | undefined;
}

/** What became of a row: it is as it now is, or gone. */
interface Fate extends Place {
  row: string;
  entry?: EntryRow;
}

/** What a client tells its siblings. */
export interface News {
  client: string;
  id: string | undefined;
  fates: readonly Fate[];
}

type Told = (operations: readonly SiblingOperation[], first: boolean) => void;

/**
 * What the user's other clients on this device have pending in documents (rule
 * SIBLING-1). Each tells the others what it has stored, when it has; who comes later
 * reads the rows. What was made for another version of the application is passed over.
 */
export class Siblings {
  readonly #host: SiblingsHost;
  readonly #channel: Channel | undefined;
  /** By client, as it is stored. */
  readonly #ids = new Map<string, string>();
  /** By row. */
  readonly #known = new Map<string, { client: string; entry: EntryRow }>();
  readonly #watchers = new Map<string, Set<Told>>();
  /** What was heard before the rows were read. */
  #early: News[] | undefined = [];
  /** What is stored, and told at the end of the turn; undefined: nothing is. */
  #untold: Fate[] | undefined;
  /** What could not be stored, and is with a later write. */
  #unstored: Fate[] = [];
  /** Of the latest of this client's own that are in the log: where, by row. */
  readonly #settled = new Map<string, number>();
  #toldId: string | undefined;
  #closed = false;

  constructor(host: SiblingsHost) {
    this.#host = host;
    this.#channel = host.join((said) => {
      const news = readNews(said);
      if (news) this.#hear(news);
    });
  }

  /** Reads what there is; these are the clients. */
  async read(clients: readonly (readonly [client: string, row: ClientRow])[]): Promise<void> {
    const { storage, rows, client: self } = this.#host;
    for (const [client, { id }] of clients) if (id !== undefined) this.#ids.set(client, id);
    try {
      if (!this.#channel || clients.every(([client]) => client === self)) return;
      const stored = readable(await storage.read(rows.allEntries), read.entry, () => {});
      for (const [row, entry] of stored) {
        const client = rows.clientOf(row);
        if (client !== self && this.#shows(entry)) this.#known.set(row, { client, entry });
      }
    } finally {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const news of early) this.#hear(news);
    }
  }

  /** What a row tells that was made on others, whose clients may have got their ids since. */
  seen(seen: readonly Seen[]): readonly Seen[] {
    const { rows } = this.#host;
    return seen.map((one) => ({ ...one, client: this.#ids.get(rows.clientOf(one.row)) ?? one.client }));
  }

  /** Tells of the operations on a document: at once, and when they have changed. */
  watch(topic: string, doc: string, told: Told): () => void {
    const name = nameOf({ topic, doc });
    const all = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, all.add(told));
    const there = [...this.#known].filter(([, { entry }]) => nameOf(entry) === name);
    there.sort(([, a], [, b]) => a.entry.made - b.entry.made);
    told(
      there.map(([row, { client, entry }]) => this.#operation(client, { row, entry })),
      true,
    );
    return () => void all.delete(told);
  }

  /** A row of this client was put, or taken away. */
  note(row: string, entry: EntryRow, gone?: Place): void {
    if (!this.#channel || !this.#shows(entry)) return;
    const fate = { row, ...(gone ?? { entry }) };
    const at = gone?.at ?? entry.place?.offset;
    if (at !== undefined) remember(this.#settled, row, at);
    // What is not stored is sent under another client's name, by which nobody would know it (rule OUT-10).
    this.#host.saver.after((stored) => {
      this.#unstored = this.#unstored.filter((other) => other.row !== row);
      if (stored) this.#tell().push(...this.#unstored.splice(0), fate);
      else if (gone) this.#tell().push(fate);
      else this.#unstored.push(fate);
    });
  }

  /** What could not be stored may be by now. */
  again(): void {
    if (!this.#unstored.length) return;
    this.#host.saver.after((stored) => {
      if (stored) this.#tell().push(...this.#unstored.splice(0));
    });
  }

  /** This client's id may be another. */
  identify(): void {
    this.#host.saver.after(() => void this.#tell());
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
  }

  /** Tells what is stored, at the end of the turn. */
  #tell(): Fate[] {
    if (this.#untold) return this.#untold;
    const fates: Fate[] = [];
    this.#untold = fates;
    queueMicrotask(() => {
      this.#untold = undefined;
      const id = this.#host.id();
      if (this.#closed || (!fates.length && id === this.#toldId)) return;
      this.#toldId = id;
      this.#channel?.say({ client: this.#host.client, id, fates } satisfies News);
    });
    return fates;
  }

  #hear(news: News): void {
    if (this.#early) return void this.#early.push(news);
    const { client, id, fates } = news;
    const changed = new Map<string, SiblingOperation[]>();
    const change = (entry: EntryRow, fate: Fate): void => {
      const name = nameOf(entry);
      const operations = changed.get(name) ?? [];
      operations.push(this.#operation(client, fate));
      changed.set(name, operations);
    };
    if (id !== undefined && this.#ids.get(client) !== id) {
      this.#ids.set(client, id);
      for (const [row, { client: its, entry }] of this.#known)
        if (its === client) change(entry, { row, entry });
    }
    for (const fate of fates) {
      const { row } = fate;
      const entry = fate.entry ?? this.#known.get(row)?.entry;
      if (!entry || !this.#shows(entry)) continue;
      if (fate.entry) this.#known.set(row, { client, entry });
      else this.#known.delete(row);
      change(entry, fate);
    }
    for (const [name, operations] of changed)
      for (const told of this.#watchers.get(name) ?? []) told(operations, false);
  }

  #shows({ doc, version }: EntryRow): boolean {
    return doc !== undefined && version === this.#host.version;
  }

  #operation(client: string, { row, entry, at = entry?.place?.offset, upTo }: Fate): SiblingOperation {
    const { data, base = 0, made = 0, seq, seen } = entry ?? {};
    const { rows, client: self } = this.#host;
    const settled = seen?.flatMap((one) => this.#settled.get(one.row) ?? []);
    const pending = seen?.filter((one) => !this.#settled.has(one.row));
    const by = pending?.map((one) => (rows.clientOf(one.row) === self ? this.#host.keyOf(one.row) : one.row));
    const more = { ...(seq !== undefined && { seq }), ...(by && { seen: by, after: settled ?? [] }) };
    return {
      row,
      client: this.#ids.get(client) ?? `${client}?`,
      ...(entry && { operation: { data, base, made, ...more } }),
      ...(at !== undefined && { at }),
      ...(upTo !== undefined && { upTo }),
    };
  }
}

function nameOf({ topic, doc }: Pick<EntryRow, 'topic' | 'doc'>): string {
  return `${doc} ${topic}`;
}
