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
  /**
   * Takes a lock that one page or process alone can have, and that ends with it;
   * returns how to let go of it, or undefined if somebody has it. If absent, the
   * platform's locks are used.
   */
  lock?(name: string): Promise<(() => void) | undefined>;
  /**
   * Joins a channel: what is said on it is heard, later, by all others that joined it, in all
   * pages and processes that use the storage. If absent, what one client has pending does not
   * show in others.
   */
  channel?(name: string, heard: (message: unknown) => void): Channel;
}

/** One end of a channel. */
export interface Channel {
  /** Says what structured cloning takes. */
  say(message: unknown): void;
  close(): void;
}

/** A row to write, or a key to delete if the value is undefined. */
export type Change = readonly [key: string, value: unknown];
