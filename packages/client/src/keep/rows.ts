import type { KeptClient, KeptEntry, KeptTopic } from '../core/ledger.ts';
import type { Entry, Snapshot } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';

/** A client, dead or alive. */
export interface ClientRow extends KeptClient {
  /** When it was last alive, in milliseconds since 1970. */
  used: number;
}

export type TopicRow = KeptTopic;

/** An entry that is not settled. */
export interface EntryRow extends Omit<KeptEntry, 'key'> {
  /** Of an operation: the type of the document. */
  doc?: string;
  /** When it was made, in milliseconds since 1970. */
  made: number;
  /** The version of the application's schema by which it was made. */
  version?: number;
  /** It was acknowledged, and the stored document does not hold it. */
  place?: Acknowledgement;
}

/** A document, as a snapshot has it. */
export interface CopyRow {
  doc: string;
  snapshot: Snapshot;
}

/** An entry behind the snapshot of a document. */
export type TailRow = Entry;

/** How large the copy of a document is, and when it was last opened. */
export interface IndexRow {
  bytes: number;
  used: number;
  /** It was opened `offline`: it stays when nothing of it waits. */
  stays?: boolean;
}

/** An entry that has no effect, and nobody was there to be told. */
export interface DeadRow extends Pick<EntryRow, 'topic' | 'name' | 'entryKey' | 'doc' | 'data' | 'made'> {
  error: { code: string; message: string };
}

const digits = 16;

/** The keys of a user's rows. */
export class Rows {
  /** What the keys of all begin with. */
  readonly all: string;
  readonly clients: string;
  /** The entries of all clients. */
  readonly allEntries: string;
  readonly index: string;
  readonly dead: string;

  constructor(user: string) {
    this.all = `${encodeURIComponent(user)}/`;
    this.clients = `${this.all}client/`;
    this.allEntries = `${this.all}entry/`;
    this.index = `${this.all}index/`;
    this.dead = `${this.all}dead/`;
  }

  client(client: string): string {
    return this.clients + client;
  }

  /** The topics of a client. */
  topics(client: string): string {
    return `${this.all}topic/${client}/`;
  }

  /** The entries of a client, in the order in which they were made. */
  entries(client: string): string {
    return `${this.allEntries}${client}/`;
  }

  /** Whose an entry is, by its key. */
  clientOf(entry: string): string {
    const [client = ''] = entry.slice(this.allEntries.length).split('/');
    return client;
  }

  entry(client: string, n: number): string {
    return this.entries(client) + ordered(n);
  }

  /** The document on a topic, which holds no control characters. */
  copy(topic: string): string {
    return `${this.all}copy/${topic}\n`;
  }

  /** The entries behind it, in order. */
  tail(topic: string): string {
    return `${this.all}tail/${topic}\n`;
  }

  tailEntry(topic: string, offset: number): string {
    return this.tail(topic) + ordered(offset);
  }

  letter(id: string): string {
    return this.dead + id;
  }
}

/** The number at the end of a row's key. */
export function numberOf(key: string): number {
  return Number(key.slice(-digits));
}

function ordered(n: number): string {
  return String(n).padStart(digits, '0');
}
