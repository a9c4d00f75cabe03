import { TuttiError } from '../error.ts';
import { memoryStorage } from '../storage/memory.ts';
import type { Change, Storage } from '../storage/storage.ts';
import { type DeadLetter, deadLetter, isDeadLetter } from './dead.ts';
import { bytes, isRow, type Row } from './request.ts';

/** A request that is not settled, as one tab has it. */
export class Pending {
  readonly row: Row;
  readonly bytes: number;
  /** It was to be stored, and may be sent, whether that went well or not. */
  ready = false;
  /** It is in the storage. */
  stored = false;
  /** Ends the attempt under way. */
  controller: AbortController | undefined;
  /** Who waits for the answer; undefined if that page is gone. */
  readonly caller: { resolve(response: Response): void; reject(error: TuttiError): void } | undefined;

  constructor(row: Row, caller?: Pending['caller']) {
    this.row = row;
    this.bytes = bytes(row);
    this.caller = caller;
  }
}

export interface KeptHost {
  /** Called when something is counted anew. */
  changed(): void;
  onError(error: unknown): void;
  maxRequests: number;
  maxBytes: number;
}

/**
 * The requests that wait, and those that failed with nobody there, in the
 * storage and in memory. A write that fails loses nothing: the request stays in
 * memory, and `durable` says so.
 */
export class Kept {
  readonly #host: KeptHost;
  readonly #prefix: string;
  readonly #owner: string;
  readonly #pending = new Map<string, Pending>();
  #storage: Storage;
  #bytes = 0;
  #loaded = false;
  #ending: Promise<void> = Promise.resolve();
  /** How often dead letters have come or gone. */
  #version = 0;
  /** In the order in which they were made; another array when they are others. */
  dead: readonly DeadLetter[] = [];

  /** The owner is this tab. */
  constructor(storage: Storage, user: string, owner: string, host: KeptHost) {
    this.#storage = storage;
    this.#owner = owner;
    this.#host = host;
    this.#prefix = `network/${encodeURIComponent(user)}/`;
    storage.onLost(() => {
      const rows = this.in().map(({ row }): Change => [this.#key(row), row]);
      const letters = this.dead.map((letter): Change => [this.#deadKey(letter.id), letter]);
      storage.write([...rows, ...letters]).catch(host.onError);
    });
  }

  get durable(): boolean {
    return this.#storage.durable && [...this.#pending.values()].every((p) => p.stored || !p.ready);
  }

  get size(): number {
    return this.#pending.size;
  }

  has(pending: Pending): boolean {
    return this.#pending.get(pending.row.id) === pending;
  }

  /** The requests of some lanes, or all. */
  in(lanes?: { has(lane: string): boolean }): Pending[] {
    const all = [...this.#pending.values()];
    return lanes ? all.filter(({ row }) => lanes.has(row.lane)) : all;
  }

  /**
   * Keeps a request, in place of a dead letter if there is one; resolves when it may
   * be sent. Before it is stored, `join` makes this tab known. Throws queue_full.
   */
  async add(pending: Pending, join: () => Promise<unknown>, letter?: DeadLetter): Promise<void> {
    const { maxRequests, maxBytes } = this.#host;
    const dead = this.dead.filter((one) => one !== letter);
    const size = dead.reduce((sum, one) => sum + bytes(one), this.#bytes + pending.bytes);
    if (this.#pending.size + dead.length >= maxRequests || size > maxBytes)
      throw new TuttiError('queue_full');
    if (letter) this.#bury(letter);
    this.#take(pending);
    await join();
    if (!this.has(pending)) return;
    const { row } = pending;
    const buried: Change[] = letter ? [[this.#deadKey(letter.id), undefined]] : [];
    try {
      await this.#storage.write([[this.#key(row), row], ...buried]);
      pending.stored = true;
    } catch (error) {
      this.#host.onError(error);
    }
    pending.ready = true;
    this.#host.changed();
  }

  /** Lets go of a request that came to an end; false if it had before. */
  settle(pending: Pending): boolean {
    return this.#end(pending, []);
  }

  /** Resolves when nothing is stored any more that came to an end. */
  flush(): Promise<void> {
    return this.#ending;
  }

  /** It failed for good: who waits is told, and if nobody does it is a dead letter. */
  fail(pending: Pending, error: TuttiError): void {
    const { caller, row } = pending;
    const letter = deadLetter(row, error);
    if (caller) {
      if (this.#end(pending, [])) caller.reject(error);
    } else if (this.#pending.has(row.id)) {
      this.#version++;
      this.dead = [...this.dead, letter];
      this.#end(pending, [[this.#deadKey(row.id), letter]]);
    }
  }

  /** Gives a dead letter up. */
  async discard(letter: DeadLetter): Promise<void> {
    this.#bury(letter);
    await this.#storage.write([[this.#deadKey(letter.id), undefined]]);
  }

  /** Drops all, also what other tabs have stored. */
  async forget(): Promise<void> {
    const all = this.in();
    this.#pending.clear();
    this.#bytes = 0;
    this.#version++;
    this.dead = [];
    for (const pending of all) {
      pending.controller?.abort();
      pending.caller?.reject(new TuttiError('aborted'));
    }
    this.#host.changed();
    const rows = await this.#storage.read(this.#prefix);
    await this.#storage.write(rows.map(([key]) => [key, undefined]));
  }

  /** Reads what is stored, and returns its lanes. Where that fails the first time, all goes on in memory. */
  async load(living: (owners: Set<string>) => Promise<Set<string>>): Promise<Set<string>> {
    const version = this.#version;
    let stored: [string, unknown][];
    try {
      stored = await this.#storage.read(this.#prefix);
      this.#loaded = true;
    } catch (error) {
      this.#host.onError(error);
      if (!this.#loaded) {
        this.#storage.close();
        this.#storage = memoryStorage();
      }
      return new Set();
    }
    const rows = this.#parse(stored);
    // Other tabs bury letters, too; this one may just have done something that the read did not see.
    if (version === this.#version) this.dead = stored.map(([, value]) => value).filter(isDeadLetter);
    await this.#adopt(rows, living);
    this.#host.changed();
    return new Set(rows.map(({ lane }) => lane));
  }

  /**
   * The requests of a lane in order, of this tab and of others. Those whose
   * tab is gone are this tab's from now on. What others have settled is none
   * of them.
   */
  async read(
    lane: string,
    living: (owners: Set<string>) => Promise<Set<string>>,
  ): Promise<(Pending | Row)[]> {
    const own = (): Pending[] => this.in({ has: (other) => other === lane }).filter((p) => p.ready);
    let rows: Row[];
    try {
      rows = this.#parse(await this.#storage.read(this.#laneKey(lane)));
    } catch (error) {
      this.#host.onError(error);
      return own();
    }
    await this.#adopt(rows, living);
    const ids = new Set(rows.map(({ id }) => id));
    for (const pending of own()) {
      if (ids.has(pending.row.id)) continue;
      if (pending.caller) rows.push(pending.row);
      else this.#drop(pending);
    }
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    return rows.map((row) => this.#pending.get(row.id) ?? row);
  }

  close(): void {
    this.#storage.close();
    for (const { caller, controller } of this.in()) {
      controller?.abort();
      caller?.reject(new TuttiError('closed'));
    }
  }

  /** Takes over the requests whose tabs are gone. */
  async #adopt(rows: Row[], living: (owners: Set<string>) => Promise<Set<string>>): Promise<void> {
    const strange = rows.filter((row) => row.owner !== this.#owner && !this.#pending.has(row.id));
    const live = strange.length ? await living(new Set(strange.map(({ owner }) => owner))) : new Set();
    for (const row of strange) {
      if (live.has(row.owner) || this.#pending.has(row.id)) continue;
      const pending = new Pending(row);
      pending.ready = pending.stored = true;
      this.#take(pending);
    }
  }

  #parse(stored: [string, unknown][]): Row[] {
    return stored
      .filter(([key]) => !key.startsWith(this.#deadKey('')))
      .flatMap(([key, value]) => {
        if (isRow(value)) return [value];
        this.#host.onError(new TuttiError('bad_message', `What is stored as ${key} is no request.`));
        return [];
      });
  }

  #take(pending: Pending): void {
    this.#pending.set(pending.row.id, pending);
    this.#bytes += pending.bytes;
    this.#host.changed();
  }

  #drop(pending: Pending): boolean {
    if (!this.has(pending)) return false;
    this.#pending.delete(pending.row.id);
    this.#bytes -= pending.bytes;
    this.#host.changed();
    return true;
  }

  #end(pending: Pending, changes: Change[]): boolean {
    if (!this.#drop(pending)) return false;
    const { onError } = this.#host;
    this.#ending = this.#storage.write([[this.#key(pending.row), undefined], ...changes]).catch(onError);
    return true;
  }

  #bury(letter: DeadLetter): void {
    this.#version++;
    this.dead = this.dead.filter((one) => one !== letter);
    this.#host.changed();
  }

  #key(row: Row): string {
    return this.#laneKey(row.lane) + row.id;
  }

  #laneKey(lane: string): string {
    return `${this.#prefix}lane/${encodeURIComponent(lane)}/`;
  }

  #deadKey(id: string): string {
    return `${this.#prefix}dead/${id}`;
  }
}
