import type { Effect } from './core/effect.ts';
import type { Amend, Input } from './core/input.ts';
import type { Operation, OperationHandler, Sending } from './document.ts';
import { encode } from './encode.ts';
import { TuttiError } from './error.ts';
import type { Page, PageRequest } from './protocol.ts';
import { type Publication, Publishing } from './publication.ts';
import type { PublishOptions } from './topic.ts';

interface Asking {
  resolve(page: Page): void;
  reject(error: TuttiError): void;
}

/** Publishes and pages under way, by the keys that the core knows them by. */
export class Requests {
  readonly #feed: (input: Input) => readonly Effect[];
  readonly #inOrder: (run: () => void) => void;
  readonly #client: () => string | undefined;
  readonly #isUnsent: (key: number) => boolean;
  readonly #publishing = new Map<number, Publishing>();
  readonly #operations = new Map<number, OperationHandler>();
  readonly #asking = new Map<number, Asking>();
  #last = 0;

  /**
   * `inOrder` runs a function behind the effects that are not carried out yet;
   * `client` tells this client's id, and `isUnsent` whether the core waits to
   * send a publish for the first time.
   */
  constructor(
    feed: (input: Input) => readonly Effect[],
    inOrder: (run: () => void) => void,
    client: () => string | undefined,
    isUnsent: (key: number) => boolean,
  ) {
    this.#feed = feed;
    this.#inOrder = inOrder;
    this.#client = client;
    this.#isUnsent = isUnsent;
  }

  /** How many entries and operations are not settled. */
  get pending(): number {
    return this.#publishing.size + this.#operations.size;
  }

  readonly publish = (topic: string, data: unknown, options: PublishOptions): Publication => {
    const publishing = new Publishing();
    try {
      this.#publish(publishing, topic, data, options);
    } catch (error) {
      publishing.fail(error as TuttiError);
    }
    return publishing.publication;
  };

  /** Publishes what nobody waits for; throws if it cannot be queued. */
  readonly start = (topic: string, data: unknown, options: PublishOptions): void => {
    for (const effect of this.#publish(new Publishing(), topic, data, options))
      if (effect.kind === 'settled' && 'error' in effect) throw effect.error;
  };

  #publish(publishing: Publishing, topic: string, data: unknown, options: PublishOptions): readonly Effect[] {
    const { name, key: entryKey, timeout, signal } = options;
    if (signal?.aborted) throw new TuttiError('aborted');
    const key = this.reserve();
    const encoded = encode(data);
    this.#publishing.set(key, publishing);
    const effects = this.#feed({
      kind: 'publish',
      key,
      topic,
      ...encoded,
      ...(name && { name }),
      ...(entryKey !== undefined && { entryKey }),
      ...(timeout && { timeout }),
    });
    this.#watch(signal, key, publishing.publication);
    return effects;
  }

  /**
   * Queues an operation of a document, behind all that the document is still to
   * be told: its base is an offset of the log that the core knows.
   */
  readonly operate = (topic: string, made: Operation, handler: OperationHandler): Sending => {
    const key = this.reserve();
    this.#operations.set(key, handler);
    let taken = false;
    const { sending, words } = this.#sending(key, made, () => taken);
    this.#inOrder(() => {
      if (!this.#operations.has(key)) return;
      taken = true;
      const { positional } = made;
      const waits = made.waits?.();
      const more = { ...(positional && { positional }), ...(waits && { waits }) };
      this.#feed({ kind: 'publish', key, topic, ...words(), ...more });
    });
    return sending;
  };

  /** Goes on with an operation of a former life: the core has it, or will be given it, under that key. */
  readonly resume = (key: number, made: Operation, handler: OperationHandler): Sending => {
    this.#operations.set(key, handler);
    return this.#sending(key, made, () => true).sending;
  };

  /** A key for a publish that others give to the core. */
  reserve(): number {
    return ++this.#last;
  }

  readonly history = (topic: string, request: PageRequest, signal?: AbortSignal): Promise<Page> => {
    const key = this.reserve();
    const page = new Promise<Page>((resolve, reject) => {
      this.#asking.set(key, { resolve, reject });
    });
    this.#feed({ kind: 'history', key, topic, ...request });
    this.#watch(signal, key, page);
    return page;
  };

  /** Takes a request back when the signal says so, until it is settled. */
  #watch(signal: AbortSignal | undefined, key: number, settled: Promise<unknown>): void {
    const abort = (): void => void this.#feed({ kind: 'abort', key });
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    const over = (): void => signal?.removeEventListener('abort', abort);
    settled.then(over, over);
  }

  /** An operation that the core has once it is taken, and its words. */
  #sending(
    key: number,
    made: Operation,
    taken: () => boolean,
  ): { sending: Sending; words(): Omit<Amend, 'key'> } {
    let operation = made;
    const words = () => {
      const { data, bytes } = operation;
      const seen = operation.seen?.();
      return { data, bytes, base: operation.base(), ...(seen && { seen }) };
    };
    const isUnsent = this.#isUnsent;
    const sending: Sending = {
      key,
      get unsent() {
        return !taken() || isUnsent(key);
      },
      amend: (amended) => {
        operation = amended;
        if (taken()) this.#feed({ kind: 'amend', key, ...words() });
      },
      release: () =>
        this.#inOrder(() => {
          if (taken()) this.#feed({ kind: 'release', key, base: operation.base() });
        }),
      takeBack: () => {
        if (taken()) return this.#feed({ kind: 'abort', key }).some((e) => e.kind === 'settled');
        const handler = this.#operations.get(key);
        this.#operations.delete(key);
        handler?.failed(new TuttiError('aborted'), false);
        return handler !== undefined;
      },
    };
    return { sending, words };
  }

  carryOut(
    effect: Extract<Effect, { kind: 'queued' | 'sent' | 'doubtful' | 'outdated' | 'settled' | 'page' }>,
  ): void {
    const { key } = effect;
    const publishing = this.#publishing.get(key);
    const operation = this.#operations.get(key);
    switch (effect.kind) {
      case 'queued':
        return;
      case 'outdated':
        operation?.outdated();
        return;
      case 'sent':
        if (publishing) publishing.status = 'sent';
        operation?.sent(this.#client(), effect.seq);
        return;
      case 'doubtful':
        operation?.doubtful();
        return;
      case 'settled':
        this.#publishing.delete(key);
        this.#operations.delete(key);
        if ('error' in effect) {
          publishing?.fail(effect.error, effect.unconfirmed);
          operation?.failed(effect.error, effect.unconfirmed ?? false);
        } else {
          const { kind: _, key: __, ...acknowledgement } = effect;
          publishing?.acknowledge(acknowledgement);
          operation?.acknowledged(acknowledgement);
        }
        return;
      case 'page': {
        const asking = this.#asking.get(key);
        this.#asking.delete(key);
        if ('error' in effect) asking?.reject(effect.error);
        else asking?.resolve(effect.page);
        return;
      }
      default:
        return effect satisfies never;
    }
  }
}
