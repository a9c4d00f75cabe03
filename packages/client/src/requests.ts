import type { Effect } from './core/effect.ts';
import type { Input } from './core/input.ts';
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
  readonly #feed: (input: Input) => void;
  readonly #publishing = new Map<number, Publishing>();
  readonly #asking = new Map<number, Asking>();
  #last = 0;

  constructor(feed: (input: Input) => void) {
    this.#feed = feed;
  }

  readonly publish = (topic: string, data: unknown, options: PublishOptions): Publication => {
    const { name, key: entryKey, timeout, signal } = options;
    const publishing = new Publishing();
    try {
      if (signal?.aborted) throw new TuttiError('aborted');
      const key = ++this.#last;
      const encoded = encode(data);
      this.#publishing.set(key, publishing);
      this.#feed({
        kind: 'publish',
        key,
        topic,
        ...encoded,
        ...(name && { name }),
        ...(entryKey !== undefined && { entryKey }),
        ...(timeout && { timeout }),
      });
      publishing.watch(signal, () => this.#feed({ kind: 'abort', key }));
    } catch (error) {
      publishing.fail(error as TuttiError);
    }
    return publishing.publication;
  };

  readonly history = (topic: string, request: PageRequest, signal?: AbortSignal): Promise<Page> => {
    const key = ++this.#last;
    const abort = (): void => this.#feed({ kind: 'abort', key });
    const page = new Promise<Page>((resolve, reject) => {
      this.#asking.set(key, { resolve, reject });
    });
    const over = (): void => signal?.removeEventListener('abort', abort);
    page.then(over, over);
    this.#feed({ kind: 'history', key, topic, ...request });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
    return page;
  };

  carryOut(effect: Extract<Effect, { kind: 'queued' | 'sent' | 'settled' | 'page' }>): void {
    const { key } = effect;
    const publishing = this.#publishing.get(key);
    switch (effect.kind) {
      case 'queued':
        return;
      case 'sent':
        if (publishing) publishing.status = 'sent';
        return;
      case 'settled':
        this.#publishing.delete(key);
        if ('error' in effect) publishing?.fail(effect.error, effect.unconfirmed);
        else {
          const { kind: _, key: __, ...acknowledgement } = effect;
          publishing?.acknowledge(acknowledgement);
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
