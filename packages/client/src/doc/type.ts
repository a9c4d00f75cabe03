import type { ErrorCode } from '../codes.ts';

/** The types of documents that there are. */
export type TypeName = 'counter' | 'set' | 'records';

/** The offset of an operation that is not in the log yet: above all that are. */
export const pendingOffset = 2 ** 53;

/** What a fold is told of an entry, beside its operation. */
export interface FoldEntry {
  offset: number;
  /** Absent: from a backend. */
  client?: string | undefined;
  /** Its author had seen the log up to here. */
  base: number;
}

/** A write: where it stands in the log, and whose it is; a backend's has no client. */
export type Stamp = readonly [offset: number, client?: string];

export function stamp({ offset, client }: FoldEntry): Stamp {
  return client === undefined ? [offset] : [offset, client];
}

export function isStamp(json: unknown): json is Stamp {
  return (
    Array.isArray(json) &&
    Number.isSafeInteger(json[0]) &&
    (json.length === 1 || (json.length === 2 && typeof json[1] === 'string'))
  );
}

/** Whether a write is of the entry's client. */
export function mine(entry: FoldEntry, [, client]: Stamp): boolean {
  return client !== undefined && client === entry.client;
}

/** Whether a write is in the entry's causal past (rule DOC-2). What is not in the log yet saw what was shown before it. */
export function saw(entry: FoldEntry, write: Stamp): boolean {
  return write[0] <= entry.base || write[0] === pendingOffset || mine(entry, write);
}

/** A document's cells, as an operation sees them. */
export interface Cells<C> {
  get(key: string): C | undefined;
  /** Undefined takes it away. */
  set(key: string, cell: C | undefined): void;
}

/** An operation, decoded and checked. */
export interface Op<C> {
  /** Those of all cells that `apply` may read or write. */
  readonly keys: readonly string[];
  /** Returns why it cannot be applied; the caller then takes back what it has set. */
  apply(entry: FoldEntry, cells: Cells<C>): ErrorCode | undefined;
}

/**
 * A type of documents: how its operations read and write cells. A cell is as a
 * snapshot has it, and never changed once it was set.
 */
export interface Type<C> {
  readonly name: TypeName;
  /** Reads an operation from a JSON value that nobody changes any more; throws bad_operation. */
  decode(data: unknown): Op<C>;
  /** The writes in a cell that operations ask whether they saw them; absent: what an operation does hangs on no other. */
  writes?(cell: C): readonly Stamp[];
  /** Reads a cell of a snapshot; throws bad_message. */
  decodeCell(json: unknown, key: string): C;
  /**
   * If both cells show the same to an application, returns `now` with what
   * `before` shows, so that it stays the same object; else undefined.
   */
  same(before: C, now: C): C | undefined;
}
