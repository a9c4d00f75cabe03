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
}

/** An operation under way. */
export interface Sending {
  /** The number by which the client knows it. */
  readonly key: number;
  /** It was not sent, by all that has happened up to now. */
  readonly unsent: boolean;
  /** Puts other words in its place, for the next time that it is sent, if it is positional and not settled. */
  amend(operation: Operation): void;
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

/** What is stored of documents. */
export interface Copies {
  /** The copy of a document that was stored, or is to be, once the storage can be read. */
  load(topic: string, type: string): Promise<Copy>;
  /** A copy in place of what is stored; undefined before the storage can be read. */
  begin(topic: string, type: string): Copy | undefined;
  /** Operations have no effect, for this reason. Those of a former life become dead letters. */
  dead(sendings: readonly number[], error: TuttiError): void;
}

/** The copy of one document. Operations are named by the keys of their sendings. */
export interface Copy {
  /** What was stored when it was loaded: a document, and the entries behind it. */
  readonly stored: { snapshot: Snapshot; entries: readonly Entry[] } | undefined;
  /** It has become so long that a snapshot is due. */
  readonly long: boolean;
  /** Calls a function, in place of the one before, when all that was stored of it is gone. */
  onLost(listener: () => void): void;
  /** Puts the document in place of what is stored, and takes operations that it holds out of the outbox. */
  snapshot(snapshot: Snapshot, confirmed: readonly number[]): void;
  /** Adds the next entries, likewise. */
  entries(entries: readonly Entry[], confirmed: readonly number[]): void;
  /** Whoever got it uses it no more. */
  close(): void;
  /** The same, and nothing of it is to stay if nobody else uses it. */
  erase(): void;
}
