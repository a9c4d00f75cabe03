import type { Encoded } from './encode.ts';
import type { TuttiError } from './error.ts';
import type { Entry, Position, Snapshot } from './protocol.ts';
import type { Acknowledgement } from './publication.ts';

/** Is told what the server has of a document, in order. */
export interface DocumentHandler {
  /** What the topic is opened as: `counter`, `set`, `records`, `text`. */
  readonly type: string;
  /** The entries above the position that was asked for follow. */
  started(start: Position): void;
  /**
   * The document as it is at an offset, in place of all that was told before.
   * If it is not recovered, the log of what was told before is lost, and the
   * base of all that is unanswered is 0 (rule DOC-19).
   */
  snapshot(snapshot: Snapshot & { recovered: boolean }): void;
  entry(entry: Entry): void;
  /** It was not opened, or is not any more; nothing else is told. */
  failed(error: TuttiError): void;
}

/** An operation to send. */
export interface Operation extends Encoded {
  /** The offset of the confirmed document that it was made on; asked for when the core takes the operation. */
  base(): number;
  /** What it says means something only behind those before it: it may be amended. */
  positional: boolean;
  /** Whether it is not to be sent before it is released; asked for when the core takes the operation. */
  waits?(): boolean;
  /** What siblings had pending that it was made on, as far as those before it do not tell it; stored with it. */
  seen?(): readonly Seen[] | undefined;
}

/** A positional operation of a sibling that was shown: as the document then had it, among what was pending. */
export interface Seen {
  /** By which it is known, */
  readonly row: string;
  /** and whose it is (`SiblingOperation`). */
  readonly client: string;
  readonly base: number;
  readonly data: unknown;
}

/** An operation under way. */
export interface Sending {
  /** The number by which the client knows it. */
  readonly key: number;
  /** It was not sent, by all that has happened up to now. */
  readonly unsent: boolean;
  /** Puts other words in its place, for the next time that it is sent, if it is positional and not settled. */
  amend(operation: Operation): void;
  /** It waits no more; its base may be another. */
  release(): void;
  /** Takes it back; true if it was never sent, and then it has failed with `aborted`, or will. */
  takeBack(): boolean;
}

/** Is told what becomes of an operation. None of it may throw. */
export interface OperationHandler {
  /** It was first sent as this entry: `client` is this client's id. Told again when it is sent by a new client. */
  sent(client: string | undefined, seq: number): void;
  /** The connection ended before an answer came; it is sent again on the next. */
  doubtful(): void;
  /** The server takes it, and those behind it, only if they are said anew. */
  outdated(): void;
  acknowledged(ack: Acknowledgement): void;
  /** Unconfirmed: it may be in the log even so. */
  failed(error: TuttiError, unconfirmed: boolean): void;
}

/** What a document needs of its client. */
export interface DocumentHost {
  /** Opens a topic; returns a function that leaves it. */
  open(topic: string, document: DocumentHandler, from?: Position): () => void;
  /** Queues an operation; it is sent while the topic is open. */
  operate(topic: string, operation: Operation, handler: OperationHandler): Sending;
  /** Goes on with an operation of a former life, which the client queues under its key. */
  resume(key: number, operation: Operation, handler: OperationHandler): Sending;
  /** What keeps documents; absent: nothing does. */
  readonly copies?: Copies | undefined;
}

/**
 * An operation of a sibling, another client of the user on this device, as it is
 * stored now, or what became of it.
 */
export interface SiblingOperation {
  /** By which it is known. */
  readonly row: string;
  /** The sibling, by its id, or by a name that is none as long as no server has told one. */
  readonly client: string;
  /** Absent: it is stored no more. */
  readonly operation?: {
    readonly data: unknown;
    readonly base: number;
    /** When it was made, in milliseconds since 1970. */
    readonly made: number;
    readonly seq?: number;
    /** What it was made on: rows of this client's siblings, numbers by which this client knows its own, */
    readonly seen?: readonly (string | number)[];
    /** and offsets of own ones that are in the log. */
    readonly after?: readonly number[];
  };
  /** It is in the log: at this offset, */
  readonly at?: number;
  /** or at this or below. */
  readonly upTo?: number;
}

/** What is stored of documents. */
export interface Copies {
  /** The copy of a document that was stored, or is to be, once the storage can be read. */
  load(topic: string, type: string): Promise<Copy>;
  /** A copy in place of what is stored; undefined before the storage can be read. */
  begin(topic: string, type: string): Copy | undefined;
  /** Operations have no effect, for this reason. Those of a former life become dead letters. */
  dead(sendings: readonly number[], error: TuttiError): void;
  /**
   * Tells of the operations of siblings on a document: first all that there are, in the order in
   * which they were made, then what has changed. Returns how to end that.
   */
  siblings(
    topic: string,
    type: string,
    told: (operations: readonly SiblingOperation[], first: boolean) => void,
  ): () => void;
  /** Of these operations, those that were acknowledged need not be kept any more. */
  over(sendings: readonly number[]): void;
}

/** An operation that is in the log, by the key of its sending; and where, if that is known. */
export interface Confirmed {
  readonly key: number;
  readonly offset?: number | undefined;
}

/** The copy of one document. */
export interface Copy {
  /** What was stored when it was loaded: a document, and the entries behind it. */
  readonly stored: { snapshot: Snapshot; entries: readonly Entry[] } | undefined;
  /** It has become so long that a snapshot is due, or there is none that can be read. */
  readonly long: boolean;
  /** Puts the document in place of what is stored, and takes operations that it holds out of the outbox. */
  snapshot(snapshot: Snapshot, confirmed: readonly Confirmed[]): void;
  /** Adds the next entries, likewise. */
  entries(entries: readonly Entry[], confirmed: readonly Confirmed[]): void;
  /** What was stored cannot be read: no entries can follow it. */
  damaged(): void;
  /** It stays when nobody uses it. */
  keep(): void;
  /** Whoever got it uses it no more. */
  close(): void;
  /** The same, and nothing of it is to stay if nobody else uses it and nobody wants it to be kept. */
  erase(): void;
}
