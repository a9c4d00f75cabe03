import type { TuttiError } from './error.ts';
import type { Presence } from './presence/presence.ts';
import type { Else, Entry, From, Page, PageRequest, Position } from './protocol.ts';
import type { Publication } from './publication.ts';

/** Is given each entry once, in order: its data, and the whole of it. */
export type Handler<T> = (data: T, entry: Entry<T>) => void;

export interface SubscribeOptions {
  /** Where to start; `'new'` if absent. */
  from?: From;
  /** Where to start when the log no longer holds the position; `'earliest'` if absent. */
  else?: Else;
  /**
   * The entries that follow begin behind this position. Called when the server
   * first tells it, and again, with `recovered` false, when entries were lost
   * and the handler starts anew.
   */
  onStart?(start: Position & { recovered: boolean }): void;
  /** The subscription ended. Without it, the client's `onError` is told. */
  onError?(error: TuttiError): void;
}

export interface PublishOptions {
  /** What kind of entry it is; subscribers see it as `entry.name`. */
  name?: string;
  /**
   * What it is the newest word about: up to 255 bytes without control
   * characters. Where the topic delivers the latest alone, readers that are
   * behind get the newest entry of each key.
   */
  key?: string;
  /** Milliseconds to wait for the acknowledgement; for ever if absent. */
  timeout?: number;
  /** Takes the entry back if it was not sent yet. */
  signal?: AbortSignal;
}

/** What a topic needs of its client. */
export interface Host {
  subscribe(topic: string, handler: Handler<unknown>, options: SubscribeOptions): () => void;
  publish(topic: string, data: unknown, options: PublishOptions): Publication;
  history(topic: string, request: PageRequest, signal?: AbortSignal): Promise<Page>;
  presence(topic: string): Presence;
}

/**
 * A named, ordered log of entries whose data is T, and those who are there, whose
 * states are S. It holds no resources; make as many as you like.
 */
export class Topic<T = unknown, S = unknown> {
  readonly name: string;
  readonly #host: Host;

  /** Use `client.topic(name)`. */
  constructor(host: Host, name: string) {
    this.#host = host;
    this.name = name;
  }

  /** Who is there. All topics of a client with one name have the same. */
  get presence(): Presence<S> {
    return this.#host.presence(this.name) as Presence<S>;
  }

  /**
   * Gives a handler every entry from where it starts, across reconnects. Any
   * number of handlers share one subscription. Returns a function that takes
   * it out again, safe to call twice and within the handler.
   */
  subscribe(handler: Handler<T>, options: SubscribeOptions = {}): () => void {
    return this.#host.subscribe(this.name, handler as Handler<unknown>, options);
  }

  /**
   * Appends an entry, exactly once. It is queued at once, whatever the
   * connection does; its data is copied now. The promise is settled when the
   * server has it as durably as it promises, or will never have it.
   */
  publish(data: T, options: PublishOptions = {}): Publication {
    return this.#host.publish(this.name, data, options);
  }

  /** Reads a page of the log: the entries above `after`, or the newest below `before`, or the newest. */
  history(options: PageRequest & { signal?: AbortSignal } = {}): Promise<Page<T>> {
    const { signal, ...request } = options;
    return this.#host.history(this.name, request, signal) as Promise<Page<T>>;
  }
}
