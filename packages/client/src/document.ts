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
}
