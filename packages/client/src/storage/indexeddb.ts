import type { Timers } from '../alarm.ts';
import { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import { failed } from './failed.ts';
import type { Change, Storage } from './storage.ts';

const table = 'rows';
/** Some browsers never answer when a database is opened; others wait for tabs that do not let go. */
const patience = 10_000;
/** What a connection fails with that the browser has ended; another one may do. */
const gone = new Set(['InvalidStateError', 'AbortError', 'UnknownError']);

export interface IndexedDBOptions {
  /** The platform's if absent. */
  indexedDB?: IDBFactory;
  /** The platform's if absent. */
  timers?: Timers;
  /** Told what listeners throw; nobody if absent. */
  onError?(error: unknown): void;
}

/**
 * Rows in a database of IndexedDB, which is opened when it is first used.
 *
 * It stands in nobody's way: when the database is to be deleted or changed by
 * others it is closed, and opened again when it is next used. When the browser
 * has closed it, what was called is tried once more on a new connection. A
 * database that is new then, though rows were in it, is told as lost.
 */
export function indexedDBStorage(name: string, options: IndexedDBOptions = {}): Storage {
  return new Database(name, options);
}

class Database implements Storage {
  readonly durable = true;
  readonly #name: string;
  readonly #options: IndexedDBOptions;
  readonly #lost: Listeners<[]>;
  #open: Promise<IDBDatabase> | undefined;
  #wasOpen = false;
  #closed = false;
  /** What was called last: one thing after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string, options: IndexedDBOptions) {
    this.#name = name;
    this.#options = options;
    this.#lost = new Listeners(options.onError ?? (() => {}));
  }

  read(prefix: string): Promise<[string, unknown][]> {
    return this.#do('readonly', (rows) => {
      const range = prefix ? IDBKeyRange.bound(prefix, after(prefix), false, true) : null;
      const keys = rows.getAllKeys(range);
      const values = rows.getAll(range);
      return () => keys.result.map((key, i) => [key as string, values.result[i]]);
    });
  }

  write(changes: readonly Change[]): Promise<void> {
    return this.#do('readwrite', (rows) => {
      for (const [key, value] of changes)
        if (value === undefined) rows.delete(key);
        else rows.put(value, key);
      return () => {};
    });
  }

  close(): void {
    this.#closed = true;
    const shut = (): unknown => this.#open?.then((database) => database.close());
    this.#last.then(shut).catch(() => {});
  }

  onLost(listener: () => void): () => void {
    return this.#lost.add(listener);
  }

  /** Does something in a transaction of its own, behind all that was called before. */
  #do<A>(mode: IDBTransactionMode, act: (rows: IDBObjectStore) => () => A): Promise<A> {
    if (this.#closed) return Promise.reject(new TuttiError('closed'));
    const attempt = async (): Promise<A> => transact(await this.#connect(), mode, act);
    const done = this.#last
      .then(attempt)
      .catch((error: unknown) => {
        if (!gone.has((error as Error | undefined)?.name ?? '')) throw error;
        this.#drop();
        return attempt();
      })
      .catch((error: unknown) => {
        throw failed(error);
      });
    this.#last = done.catch(() => {});
    return done;
  }

  #connect(): Promise<IDBDatabase> {
    if (this.#open) return this.#open;
    const opening = open(this.#name, this.#options).then(({ database, fresh }) => {
      database.onversionchange = ({ newVersion }) => (newVersion === null ? this.#reopen() : this.#drop());
      database.onclose = () => this.#reopen();
      if (fresh && this.#wasOpen) this.#lost.tell();
      this.#wasOpen = true;
      return database;
    });
    opening.catch(() => {
      if (this.#open === opening) this.#open = undefined;
    });
    this.#open = opening;
    return opening;
  }

  #drop(): void {
    const shut = (database: IDBDatabase): void => database.close();
    this.#open?.then(shut, () => {});
    this.#open = undefined;
  }

  /** Looks at once whether the rows are still there. */
  #reopen(): void {
    this.#drop();
    if (!this.#closed) this.#do('readonly', () => () => {}).catch(() => this.#lost.tell());
  }
}

/** Opens a database, which is fresh if it was not there. */
function open(name: string, options: IndexedDBOptions): Promise<{ database: IDBDatabase; fresh: boolean }> {
  const timers = options.timers ?? globalThis;
  return new Promise((resolve, reject) => {
    let fresh = false;
    let late = false;
    const request = (options.indexedDB ?? indexedDB).open(name);
    const timer = timers.setTimeout(() => {
      late = true;
      reject(new DOMException('The database does not open.', 'TimeoutError'));
    }, patience);
    request.onupgradeneeded = () => {
      fresh = true;
      request.result.createObjectStore(table);
    };
    request.onsuccess = () => {
      timers.clearTimeout(timer as number);
      if (late) request.result.close();
      else resolve({ database: request.result, fresh });
    };
    request.onerror = () => {
      timers.clearTimeout(timer as number);
      reject(request.error);
    };
  });
}

/** Lets act ask for something in a transaction; what it returns is called when all of it is done. */
function transact<A>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  act: (rows: IDBObjectStore) => () => A,
): Promise<A> {
  return new Promise((resolve, reject) => {
    // Strict: done when it is on the disk. What is sent must not be forgotten when the power fails.
    const transaction = database.transaction(table, mode, { durability: 'strict' });
    let why: unknown;
    let result: () => A;
    transaction.oncomplete = () => resolve(result());
    transaction.onabort = () => reject(why ?? transaction.error ?? new DOMException('', 'AbortError'));
    try {
      result = act(transaction.objectStore(table));
      transaction.commit?.(); // not when its answers were heard: the page may be gone by then
    } catch (error) {
      why = error;
      transaction.abort();
    }
  });
}

/** The least text that is above all that begin with a prefix. */
function after(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}
