/**
 * Rows that are kept: values by key, in one place for all of a library's
 * durable work. Values are what structured cloning takes.
 *
 * What is called first is done first: a read sees all that was written before
 * it, and of two writes of one key the later one stays. All fails with
 * `storage_failed`, the reason in its message, if the platform does not let us,
 * and with `closed` after `close`.
 */
export interface Storage {
  /** Whether rows outlive the process. */
  readonly durable: boolean;
  /** The rows whose keys begin with a prefix, ordered by key (by UTF-16 code units). The prefix does not end in U+FFFF. */
  read(prefix: string): Promise<[key: string, value: unknown][]>;
  /** Writes all or nothing. `undefined` deletes. */
  write(changes: readonly Change[]): Promise<void>;
  /** What was called before it is still done. */
  close(): void;
  /**
   * Calls a function when rows that were written are gone, or may be (the site's data were
   * deleted): who still needs them writes them again. Returns a function that
   * ends it.
   */
  onLost(listener: () => void): () => void;
}

/** A row to write, or a key to delete if the value is undefined. */
export type Change = readonly [key: string, value: unknown];
