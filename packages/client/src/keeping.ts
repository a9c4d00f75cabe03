import type { Effect } from './core/effect.ts';
import type { Input } from './core/input.ts';
import type { Copies } from './document.ts';
import { TuttiError } from './error.ts';
import type { Keeper, Life } from './keep.ts';
import type { Settings } from './options.ts';
import { subOf } from './token.ts';

/** What keeping needs of its client. */
export interface KeepingHost {
  feed(input: Input): void;
  reserve(): number;
  docOf(topic: string): string | undefined;
  /** Goes on with a document of the client that had that id. */
  revive(document: Life['documents'][number], client: string | undefined): void;
  /** Stores the documents that are open, of which nothing is stored any more. */
  lost(): void;
  /** A client that sends what a dead one has left. */
  beside(only: string): { close(): void };
  /** What waits, or what became of it, has changed. */
  changed(): void;
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
  readonly #sides: { close(): void }[] = [];
  /** It was asked for to know the user. */
  #token: string | undefined;
  #closed = false;

  /** With `only` it goes on as that dead client, and ends when it has nothing left. */
  constructor(url: string, settings: Settings, host: KeepingHost, only: string | undefined) {
    this.#settings = settings;
    this.#host = host;
    this.#only = only;
    this.copies = {
      load: async (topic, doc) => {
        await this.#begun;
        if (!this.keeper) throw new TuttiError('storage_failed');
        return this.keeper.load(topic, doc);
      },
      begin: (topic, doc) => this.keeper?.begin(topic, doc),
      dead: (sendings, error) => this.keeper?.dead(sendings, error),
    };
    this.#begun = this.#begin(`tutti:${url}`);
  }

  /** How much is not settled; undefined while that is not known. */
  get pending(): number | undefined {
    return this.keeper?.pending;
  }

  keep(effect: Extract<Effect, { kind: 'keep' }>): void {
    if (this.keeper) this.keeper.keep(effect);
    else if (this.#unkept) this.#unkept.push(effect);
    else this.#host.feed({ kind: 'kept', batch: effect.batch });
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
    for (const side of this.#sides) side.close();
    void this.keeper?.close();
  }

  /** Stores nothing more; returns how to erase all when the client has ended. */
  async forget(): Promise<() => Promise<void>> {
    await this.#begun;
    const { keeper } = this;
    this.keeper = undefined;
    return async () => {
      await keeper?.forget();
      await keeper?.close();
    };
  }

  async #begin(name: string): Promise<void> {
    const { timers, version, migrate, wall, onError: report, storage } = this.#settings;
    const host = this.#host;
    try {
      const { begin } = await import('./keep.ts');
      const user = await this.#user();
      const begun = await begin(
        {
          reserve: host.reserve,
          docOf: host.docOf,
          lost: host.lost,
          kept: (batch) => host.feed({ kind: 'kept', batch }),
          forgotten: host.close,
          name,
          user,
          only: this.#only,
          version,
          timers,
          migrate,
          report,
          now: wall,
          changed: () => this.#changed(),
        },
        typeof storage === 'object' ? storage : undefined,
      );
      if (this.#closed || !begun) {
        void begun?.keeper.close();
        return host.close();
      }
      this.keeper = begun.keeper;
      this.#goOn(begun.life);
    } catch (error) {
      report(error);
    }
    const unkept = this.#unkept ?? [];
    this.#unkept = undefined;
    for (const effect of unkept) this.keep(effect);
    host.feed({ kind: 'connect' });
    this.#changed();
  }

  #goOn({ restore, documents, others }: Life): void {
    for (const document of documents) this.#host.revive(document, restore.client?.id);
    this.#host.feed({ kind: 'restore', ...restore });
    for (const other of others) this.#sides.push(this.#host.beside(other));
  }

  /** Whose it is what is kept. */
  async #user(): Promise<string> {
    const { user, token } = this.#settings;
    if (user !== undefined || token === undefined) return user ?? '';
    this.#token = typeof token === 'function' ? await token() : token;
    return subOf(this.#token);
  }

  #changed(): void {
    if (this.#closed) return;
    this.#host.changed();
    if (this.#only !== undefined && this.keeper?.idle) this.#host.close();
  }
}
