import { UUIDs } from '../doc/uuid.ts';
import { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import type { Storage } from '../storage/storage.ts';
import { Sync, type Syncing, type SyncStatus, type Work } from '../sync.ts';
import type { DeadLetter } from './dead.ts';
import { Jobs } from './jobs.ts';
import { Kept, Pending } from './kept.ts';
import { Lanes } from './lanes.ts';
import type { NetworkSettings } from './options.ts';
import { Reach } from './reach.ts';
import { type Asked, asked, type NetworkInit, type Row } from './request.ts';
import { Tabs } from './tabs.ts';

export type NetworkStatus = 'online' | 'offline';

/** When a page may have been away, or the network may be another. */
const signs = ['online', 'offline', 'pageshow', 'focus', 'visibilitychange'];

/**
 * Whether the network is there, and what waits for it: functions in memory,
 * requests in the storage. Make one with `createNetwork`, and `close` it at the
 * end.
 */
export class Network implements Syncing {
  /** When what was left behind by an earlier page is known. Never fails. */
  readonly ready: Promise<void>;
  readonly #settings: NetworkSettings;
  readonly #uuids: UUIDs;
  readonly #reach: Reach;
  readonly #jobs: Jobs;
  readonly #kept: Kept;
  readonly #tabs: Tabs;
  readonly #lanes: Lanes;
  readonly #sync: Sync;
  readonly #statusListeners: Listeners<[NetworkStatus]>;
  readonly #deadListeners: Listeners<[readonly DeadLetter[]]>;
  #told: readonly DeadLetter[] = [];
  #loading: Promise<void> | undefined;
  #closed = false;

  /** Use `createNetwork`. */
  constructor(settings: NetworkSettings, storage: Storage) {
    const { probe, timers, random, onError, maxRequests, maxBytes, user, locks } = settings;
    this.#settings = settings;
    const quiet = (error: unknown): void => {
      if (!this.#closed) onError(error);
    };
    this.#uuids = new UUIDs(settings.now);
    this.#statusListeners = new Listeners(onError);
    this.#deadListeners = new Listeners(onError);
    const trial = (): boolean => this.#trial();
    const reach = { probe, trial, changed: () => this.#turned(), timers, random };
    this.#reach = new Reach(reach, believed());
    this.#jobs = new Jobs(maxRequests);
    const id = this.#uuids.next();
    this.#tabs = new Tabs(locks, `network/${encodeURIComponent(user)}/`, id);
    const changed = (): void => this.#look();
    this.#kept = new Kept(storage, user, id, { changed, onError: quiet, maxRequests, maxBytes });
    this.#lanes = new Lanes(settings, this.#kept, this.#tabs, this.#reach, changed);
    this.#sync = new Sync(timers, onError, this.#work());
    if (typeof addEventListener === 'function') for (const sign of signs) addEventListener(sign, this.#woke);
    this.ready = this.#load();
    if (!this.online) this.#reach.hint(false);
  }

  /** Whether the network is there, as far as is known. */
  get online(): boolean {
    return this.#reach.online;
  }

  get status(): NetworkStatus {
    return this.online ? 'online' : 'offline';
  }

  /** Whether all that waits outlives the page. What waits in memory alone, as functions do, does not. */
  get durable(): boolean {
    return this.sync.durable;
  }

  get sync(): SyncStatus {
    return this.#sync.status;
  }

  /** Requests that failed for good when nobody was there to be told. Another array when they are others. */
  get dead(): readonly DeadLetter[] {
    return this.#kept.dead;
  }

  /** Calls a function whenever the status has changed; returns a function that ends it. */
  onStatusChange(listener: (status: NetworkStatus) => void): () => void {
    return this.#statusListeners.add(listener);
  }

  /** Calls a function whenever the sync status has changed; returns a function that ends it. */
  onSync(listener: (status: SyncStatus) => void): () => void {
    return this.#sync.listeners.add(listener);
  }

  /** Calls a function whenever the dead letters are others; returns a function that ends it. */
  onDead(listener: (dead: readonly DeadLetter[]) => void): () => void {
    return this.#deadListeners.add(listener);
  }

  /**
   * Calls a function: now if the network is there, or else when it is back,
   * behind those that wait already. It is called once; what it fails with, the
   * promise fails with, and the others go on. Fails with `queue_full` if 1,000
   * wait, and with `closed`.
   */
  execute<A>(f: () => A | Promise<A>): Promise<A> {
    if (this.#closed) return Promise.reject(new TuttiError('closed'));
    if (this.online) return this.#call(f);
    const done = this.#jobs.add(() => this.#call(f));
    this.#look();
    this.#reach.waiting();
    return done;
  }

  /**
   * Sends a request, for as long as it takes: it is stored before it is sent,
   * sent again until it is answered, also by the next page, and bears an
   * `Idempotency-Key`, the same each time. Those of a lane are sent in order.
   *
   * Resolves with an answer of 2xx. Fails with a `RejectedError` for the
   * server's final no, and with a TuttiError: `bad_message` (it cannot be
   * stored), `queue_full`, `timeout` (7 days), `aborted`, `closed` (it goes on
   * with the next page).
   */
  async fetch(url: string | URL, init: NetworkInit = {}): Promise<Response> {
    return this.#send(asked(url, init), this.#uuids.next(), init.signal);
  }

  /** Sends JSON by POST, as `fetch` does. */
  post(path: string | URL, json: unknown): Promise<Response> {
    return this.fetch(path, { method: 'POST', json });
  }

  /** Lets lanes go on that wait because the server answered 401, or `headers` failed. */
  resume(): void {
    this.#lanes.resume();
  }

  /**
   * Sends a dead letter again, changed if you like, behind what waits in its
   * lane. One that was answered gets a new Idempotency-Key; one that was not
   * keeps its own. Fails as `fetch` does, and with `not_found`.
   */
  async retry(id: string, init: NetworkInit = {}): Promise<Response> {
    const letter = this.#letter(id);
    const { error, url, ...row } = letter;
    const key = error.status === undefined ? id : this.#uuids.next();
    return this.#send(asked(url, { ...row, ...init } as NetworkInit), key, init.signal, letter);
  }

  /** Gives a dead letter up. Fails with `not_found`, and with `storage_failed` if it comes back with the next page. */
  async discard(id: string): Promise<void> {
    await this.#kept.discard(this.#letter(id));
  }

  /** Gives up all requests and dead letters of this user, as when they sign out. Who waits for one is told `aborted`. */
  async forget(): Promise<void> {
    await this.#kept.forget();
  }

  /** Ends what is under way here. Who waits is told `closed`; what is stored goes on with the next page. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (typeof removeEventListener === 'function')
      for (const sign of signs) removeEventListener(sign, this.#woke);
    this.#reach.end();
    this.#lanes.end();
    this.#jobs.end();
    this.#kept.close();
    this.#tabs.end();
    this.#sync.end(this.#work());
  }

  readonly #woke = (): void => {
    this.#reach.hint(believed());
    this.#load();
  };

  /** Several signs that come together are one reason to look. */
  #load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(): Promise<void> {
    try {
      for (const lane of await this.#kept.load((owners) => this.#tabs.living(owners))) this.#lanes.wake(lane);
    } catch (error) {
      if (!this.#closed) this.#settings.onError(error);
    }
  }

  async #send(
    request: Asked,
    id: string,
    signal: AbortSignal | undefined,
    letter?: DeadLetter,
  ): Promise<Response> {
    if (this.#closed) throw new TuttiError('closed');
    if (signal?.aborted) throw new TuttiError('aborted');
    const row: Row = { ...request, id, owner: this.#tabs.id, time: this.#settings.now() };
    const join = (): Promise<unknown> => Promise.all([this.ready, this.#tabs.join()]);
    let takeBack = (): void => {};
    const answer = new Promise<Response>((resolve, reject) => {
      const pending = new Pending(row, { resolve, reject });
      takeBack = () => {
        if (this.#kept.settle(pending)) reject(new TuttiError('aborted'));
        pending.controller?.abort();
      };
      this.#kept.add(pending, join, letter).then(() => this.#lanes.wake(row.lane), reject);
    });
    signal?.addEventListener('abort', takeBack);
    return answer.finally(() => signal?.removeEventListener('abort', takeBack));
  }

  async #call<A>(f: () => A | Promise<A>): Promise<A> {
    try {
      const result = await f();
      this.#reach.tried(true);
      return result;
    } catch (error) {
      this.#reach.tried(!this.#settings.isNetworkError(error));
      throw error;
    }
  }

  #trial(): boolean {
    if (this.#lanes.trial()) return true;
    // Unlike a request, a function is called once: not when it is likely to fail.
    return believed() && this.#jobs.next() !== undefined;
  }

  #turned(): void {
    this.#look();
    this.#statusListeners.tell(this.status);
    if (!this.online) return;
    this.#lanes.pass();
    this.#catchUp();
  }

  /** Calls what waited, one after the other. */
  async #catchUp(): Promise<void> {
    for (let job = this.#next(); job; job = this.#next()) await job;
  }

  #next(): Promise<void> | undefined {
    const job = this.online ? this.#jobs.next() : undefined;
    this.#look();
    return job;
  }

  #letter(id: string): DeadLetter {
    const letter = this.dead.find((one) => one.id === id);
    if (!letter) throw new TuttiError('not_found');
    return letter;
  }

  #work(): Work {
    const parked = this.#lanes.blocked;
    return {
      online: this.online,
      pending: this.#jobs.size + this.#kept.size - parked,
      blocked: parked + this.dead.length,
      durable: this.#kept.durable && !this.#jobs.size,
    };
  }

  #look(): void {
    if (this.#closed) return;
    if (!this.#kept.size) this.#tabs.leave();
    this.#sync.update(this.#work());
    if (this.#told === this.dead) return;
    this.#told = this.dead;
    this.#deadListeners.tell(this.dead);
  }
}

/** What the platform believes, where it believes anything. */
function believed(): boolean {
  return (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine !== false;
}
