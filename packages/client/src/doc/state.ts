import type { Seen, SiblingOperation } from '../document.ts';
import type { TuttiError } from '../error.ts';
import type { Entry, Snapshot } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';

/** An entry of the document's log, as far as a state looks at it. */
export type LogEntry = Pick<
  Entry,
  'offset' | 'client' | 'seq' | 'base' | 'eff' | 'redacted' | 'author' | 'data'
> & { term?: string };

/** An own operation that was kept. */
export interface KeptOperation {
  /** Below 0 and ascending: it was made before all of this life. */
  key: number;
  base: number;
  data: unknown;
  /** The seq under which it may have been sent. */
  seq?: number;
  /** It was acknowledged. */
  place?: Acknowledgement;
  /** It is not sent before it is released. */
  waits?: boolean;
  /** What siblings had pending that it was made on (`Operation.seen`). */
  seen?: readonly Seen[];
  /** When it was made, in milliseconds since 1970. */
  made?: number;
}

/** What was kept of a document by a former life of its client. */
export interface KeptDocument {
  /** The client's id, if it ever had one. */
  client: string | undefined;
  /** The confirmed document; absent: it was not kept. */
  snapshot?: Snapshot;
  /** Those behind the snapshot, in order. */
  entries: readonly LogEntry[];
  /** Those that the confirmed document does not hold, in order. */
  pending: readonly KeptOperation[];
}

/** What became of what was kept. */
export interface Resumed<F> {
  change: Change<F>;
  /** The cells that each operation is about, by its key. Those that do not fit are left out. */
  fit: ReadonlyMap<number, readonly string[]>;
}

/** What one step of a state changed. */
export interface Change<F> {
  /** Those at which something else is shown than before. */
  keys: string[];
  /** Mutations that the confirmed document holds now. */
  confirmed: { key: number; place: Acknowledgement }[];
  /** Mutations that the server took, in a log that is lost, as far as is known. */
  lost: number[];
  /** What the type of the document tells of what happened, in order. */
  folded: F[];
  /** Entries of the log that this library cannot fold. */
  faults: TuttiError[];
  /** Positional operations that are said anew. */
  amended?: number[];
  /** Operations that need not wait to be sent any more. */
  released?: number[];
}

/**
 * A document as its client shows it: the confirmed fold, and on top of it the
 * client's own operations that are not in it (rules DOC-15 to DOC-19). Pure:
 * it is told what happens, and returns what changed. Pending operations have
 * keys: numbers that ascend.
 */
export interface DocumentState<F> {
  /** The type's name. */
  readonly name: string;
  /** What an operation says means something only behind those before it: each is said anew when one before it goes. */
  readonly positional: boolean;
  /** Whether somebody is told of others' entries what was folded. */
  watching: boolean;
  /** Says who the client is, before anything is sent: a new one has a new past. */
  identify(client: string | undefined): Change<F>;
  /** The operation was sent as this client's entry of that seq. */
  sent(key: number, client: string | undefined, seq: number): void;
  /** The server took the operation: it stays pending until the confirmed document holds it. */
  acknowledged(key: number, place: Acknowledgement): Change<F>;
  /** Operations were rejected or taken back. */
  drop(...keys: number[]): Change<F>;
  /** Folds entries of the log, the next ones in order. What was folded already is passed over. */
  entries(entries: readonly LogEntry[]): Change<F>;
  /**
   * Puts a snapshot in the place of the confirmed document; if it is not
   * recovered, of one whose log is lost. Throws, with nothing changed, if it
   * cannot be read.
   */
  snapshot(snapshot: Snapshot, recovered: boolean): Change<F>;
  /**
   * Goes on from what was kept; what was done in this life comes behind it.
   * Throws, with nothing changed, if the document cannot be read.
   */
  resume(kept: KeptDocument): Resumed<F>;
  /** The confirmed document, for `resume`; undefined if it cannot be had now, but later. */
  save(): Omit<Snapshot, 'term'> | undefined;
  /** Of this client and its siblings: up to which seq the confirmed document is known to hold their operations. */
  seqs?(): Snapshot['seqs'];
  /** The base of a pending operation. */
  baseOf(key: number): number;
  /** Whether a pending operation is not to be sent yet. */
  waits?(key: number): boolean;
  /** What siblings had pending that it was made on (`Operation.seen`). */
  seenOf?(key: number): readonly Seen[] | undefined;
  /**
   * Shows operations of siblings that are not in the log, as they are now; the first time all that
   * there are. What they have seen of this client's own is told by key.
   */
  beside(operations: readonly SiblingOperation[], first: boolean): Change<F>;
  /** What a pending operation says now, if it is positional. */
  dataOf?(key: number): unknown;
  /** The server takes the positional operation, and those behind it, only if they are said anew, without what it waits for. */
  outdated?(key: number): Change<F>;
}
