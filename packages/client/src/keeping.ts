import type { Timers } from './alarm.ts';
import { backoff } from './core/backoff.ts';
import { checkTopic } from './core/check.ts';
import type { Effect } from './core/effect.ts';
import type { Input } from './core/input.ts';
import type { Copies, Copy } from './document.ts';
import { encode } from './encode.ts';
import { TuttiError } from './error.ts';
import type { DeadRow, Keeper, Life } from './keep.ts';
import type { Settings } from './options.ts';
import { subOf } from './token.ts';

/** So long, in milliseconds, a token is waited for, */
const tokenTime = 10_000;
/** and a storage, which may itself take 10 s to open. */
const storageTime = 20_000;

/** What keeping needs of its client. */
export interface KeepingHost {
  feed(input: Input): void;
  reserve(): number;
  docOf(topic: string): string | undefined;
  /** Goes on with a document of the client that had that id; false if there is none of its type here. */
  revive(document: Life['documents'][number], client: string | undefined): boolean;
  /** Stores the documents that are open, of which nothing is stored any more. */
  lost(): void;
  /** Nothing is connected before the `attempt`th question for a token, so many milliseconds later. */
  waits(attempt: number, wait: number, error: TuttiError): void;
  /** A client that sends what a dead one has left. */
  beside(only: string): Beside;
  /** Such a client, if this is one, has made an entry a dead letter. */
  buried(id: string, letter: DeadRow): void;
  /** What waits, or what became of it, has changed. */
  changed(): void;
  close(): void;
  /** What is kept of the user was erased. */
  forgotten(): void;
}

/** A client that sends what a dead one has left. */
export interface Beside {
  keeper(): Keeper | undefined;
  ended(): boolean;
  close(): void;
}

/**
 * What a client does about all that is to outlive it. It first goes on with what
 * a former life has kept, then connects; from then on all goes to its keeper,
 * whose module is loaded for it. Where that fails nothing is kept, which is told.
 */
export class Keeping {
  /** Once the storage has been read. */
  keeper: Keeper | undefined;
  readonly copies: Copies;
  readonly #settings: Settings;
  readonly #host: KeepingHost;
  readonly #only: string | undefined;
  readonly #begun: Promise<void>;
  /** What the core wants to be stored, before anything can be. */
  #unkept: Extract<Effect, { kind: 'keep' }>[] | undefined = [];
  /** Of the documents that it is about, by topic: they may be closed when it is stored. */
  readonly #types = new Map<string, string | undefined>();
  #sides: Beside[] = [];
  /** It was asked for to know the user. */
  #token: string | undefined;
  #closed = false;
  /** Asks for the token at once. */
  #askAgain: (() => void) | undefined;
  /** Why nothing is kept. */
  #failure: unknown;

  /** With `only` it goes on as that dead client, and ends when it has nothing left. */
  constructor(url: string, settings: Settings, host: KeepingHost, only: string | undefined) {
    this.#settings = settings;
    this.#host = host;
    this.#only = only;
    this.copies = {
      load: async (topic, doc) => {
        await this.#begun;
        if (!this.keeper) throw new TuttiError('storage_failed');
        return inTime(this.keeper.load(topic, doc), storageTime, settings.timers, (copy: Copy) =>
          copy.close(),
        );
      },
      begin: (topic, doc) => this.keeper?.begin(topic, doc),
      dead: (sendings, error) => this.keeper?.dead(sendings, error),
      over: (sendings) => this.keeper?.over(sendings),
      siblings: (topic, doc, told) => this.keeper?.siblings(topic, doc, told) ?? (() => {}),
    };
    this.#begun = this.#begin(`tutti:${url}`);
  }

  /** Those of the client and of the clients beside it: what waits on this page. */
  get keepers(): Keeper[] {
    return [this.keeper, ...this.#sides.map((side) => side.keeper())].flatMap((keeper) => keeper ?? []);
  }

  /** Whether all has been read that there was, so that a connection can be made. */
  get hasBegun(): boolean {
    return this.#unkept === undefined;
  }

  /** Does at once what waits to be done before the first attempt to connect. */
  again(): void {
    this.#askAgain?.();
  }

  keep(effect: Extract<Effect, { kind: 'keep' }>): void {
    if (this.keeper) this.keeper.keep(effect);
    else if (this.#unkept) {
      this.#unkept.push(effect);
      for (const { topic } of effect.entries ?? []) this.#types.set(topic, this.#typeOf(topic));
    } else this.#host.feed({ kind: 'kept', batch: effect.batch });
  }

  settled(effect: Extract<Effect, { kind: 'settled' }>): void {
    this.keeper?.settled(effect);
  }

  /** The token that was asked for and not used yet. */
  takeToken(): string | undefined {
    const token = this.#token;
    this.#token = undefined;
    return token;
  }

  close(): void {
    this.#closed = true;
    this.#askAgain?.();
    for (const side of this.#sides) side.close();
    void this.keeper?.close();
  }

  /** Stores nothing more; returns how to erase all when the client has ended. */
  async forget(): Promise<() => Promise<void>> {
    await this.#begun;
    const { keeper } = this;
    this.keeper = undefined;
    return async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        await keeper?.forget();
      } finally {
        await keeper?.close();
      }
    };
  }

  async #begin(name: string): Promise<void> {
    const { timers, onError: report } = this.#settings;
    const host = this.#host;
    try {
      const loading = import('./keep.ts');
      loading.catch(() => {}); // nobody waits for it yet
      const user = await this.#user();
      const beginning = loading.then(({ begin }) => this.#read(begin, name, user));
      const begun = await inTime(beginning, storageTime, timers, (late) => void late?.keeper.close());
      if (!begun) return host.close();
      this.keeper = begun.keeper;
      this.#flush(); // also for a later life, if it is closed; what is said anew below is stored after that
      if (this.#closed) return void this.keeper.close();
      this.#goOn(begun.life);
    } catch (error) {
      if (this.#closed) return;
      this.#failure = error;
      report(error);
    }
    this.#flush();
    host.feed({ kind: 'connect' });
    this.#changed();
  }

  #read(begin: typeof import('./keep.ts').begin, name: string, user: string): ReturnType<typeof begin> {
    const { timers, version, migrate, wall, onError: report, storage } = this.#settings;
    const host = this.#host;
    return begin(
      {
        ...host,
        docOf: (topic) => this.#typeOf(topic),
        kept: (batch) => host.feed({ kind: 'kept', batch }),
        unkept: () => host.feed({ kind: 'unkept' }),
        name,
        user,
        only: this.#only,
        version,
        timers,
        migrate: (old) => {
          const { topic, name, data } = migrate(old) ?? {};
          return checkTopic(topic)
            ? null
            : { topic: topic as string, ...(name && { name }), ...encode(data) };
        },
        report,
        now: wall,
        changed: () => this.#changed(),
        orphaned: (other) => this.#closed || this.#goBeside(other),
      },
      typeof storage === 'object' ? storage : undefined,
    );
  }

  #typeOf(topic: string): string | undefined {
    return this.#host.docOf(topic) ?? this.#types.get(topic);
  }

  /** Stores what the core wanted to be stored before anything could be. */
  #flush(): void {
    const unkept = this.#unkept ?? [];
    this.#unkept = undefined;
    for (const effect of unkept) this.keep(effect);
  }

  #goOn({ restore, documents, others }: Life): void {
    for (const document of documents) if (!this.#revive(document, restore.client?.id)) this.#leave(document);
    this.#host.feed({ kind: 'restore', ...restore });
    for (const other of others) this.#goBeside(other);
  }

  #goBeside(other: string): void {
    this.#sides = this.#sides.filter((side) => !side.ended());
    this.#sides.push(this.#host.beside(other));
  }

  /** Goes on with a document; what is wrong with one holds no other. */
  #revive(document: Life['documents'][number], client: string | undefined): boolean {
    try {
      return this.#host.revive(document, client);
    } catch (error) {
      this.#settings.onError(error);
      return false;
    }
  }

  /** What is on the document waits for a client that has documents of its type. */
  #leave({ topic, copy }: Life['documents'][number]): void {
    copy.close();
    this.keeper?.foreign(topic);
  }

  /** Whose it is what is kept. A token that cannot be had is asked for until it can. */
  async #user(): Promise<string> {
    const { user, token, timers } = this.#settings;
    if (user !== undefined || token === undefined) return user ?? '';
    for (let attempt = 1; ; attempt++) {
      try {
        const asked = Promise.resolve(typeof token === 'function' ? token() : token);
        const given: unknown = await inTime(asked, tokenTime, timers, () => {});
        if (typeof given !== 'string' || !given) throw new Error('The token is not a string.');
        this.#token = given;
        return subOf(given);
      } catch (error) {
        if (this.#closed) throw error;
        await this.#pause(attempt, error);
        if (this.#closed) throw error;
      }
    }
  }

  #pause(attempt: number, error: unknown): Promise<void> {
    const { timers, random } = this.#settings;
    const wait = backoff(attempt, random());
    const message = error instanceof Error ? error.message : String(error);
    return new Promise((resolve) => {
      const timer = timers.setTimeout(() => this.#askAgain?.(), wait);
      this.#askAgain = () => {
        this.#askAgain = undefined;
        timers.clearTimeout(timer);
        resolve();
      };
      this.#host.waits(attempt + 1, wait, new TuttiError('disconnected', message));
    });
  }

  #changed(): void {
    if (this.#closed) return;
    this.#host.changed();
    if (this.#only !== undefined && this.keeper?.idle) this.#host.close();
  }
}

/** Waits for something for so many milliseconds; what comes later is given to `late`. */
function inTime<T>(promise: Promise<T>, ms: number, timers: Timers, late: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = timers.setTimeout(() => {
      over = true;
      reject(new TuttiError('storage_failed', 'There is no answer.'));
    }, ms);
    promise
      .finally(() => timers.clearTimeout(timer))
      .then((value) => (over ? late(value) : resolve(value)), reject);
  });
}
