import type { Client, Entry, SubscribeOptions, Topic, TuttiError } from '@tutti/client';
import { useMemo, useSyncExternalStore } from 'react';
import { Lease, standIn } from './lease.ts';
import { useConnection } from './provider.ts';

export interface TopicOptions extends Pick<SubscribeOptions, 'from' | 'else'> {
  /** So many entries are kept, the newest; 100 if absent. */
  keep?: number;
}

const none: readonly never[] = Object.freeze([]);

/**
 * The newest entries of a topic, the oldest of them first; the topic, to
 * publish to it in handlers and effects; and why the subscription ended.
 * `from: { last: n }` begins with what was there before.
 */
export function useTopic<T = unknown>(
  topic: string,
  options: TopicOptions = {},
): readonly [entries: readonly Entry<T>[], topic: Topic<T>, error: TuttiError | undefined] {
  const { client } = useConnection();
  const { keep = 100 } = options;
  // Options that say the same are the same.
  const start = JSON.stringify([options.from, options.else]);
  const feed = useMemo(() => {
    const [from, otherwise] = JSON.parse(start);
    return new Feed<T>(client, topic, { ...(from && { from }), ...(otherwise && { else: otherwise }) }, keep);
  }, [client, topic, start, keep]);
  const entries = useSyncExternalStore(
    feed.follow,
    () => feed.entries,
    () => none,
  );
  const error = useSyncExternalStore(
    feed.follow,
    () => feed.error,
    () => undefined,
  );
  return [entries, feed.topic, error];
}

/** The newest entries of a topic, told once a turn. */
class Feed<T> {
  entries: readonly Entry<T>[] = none;
  error: TuttiError | undefined;
  readonly topic: Topic<T>;
  readonly #subscription: Lease<() => void>;
  readonly #listeners = new Set<() => void>();
  readonly #keep: number;
  #came: Entry<T>[] = [];
  #due = false;

  constructor(client: Lease<Client>, name: string, options: SubscribeOptions, keep: number) {
    this.#keep = keep;
    this.topic = standIn(() => client.get().topic<T>(name));
    this.#subscription = new Lease(
      () => {
        const topic = client.get().topic<T>(name);
        const release = client.retain();
        const stop = topic.subscribe((_, entry) => this.#take(entry), {
          ...options,
          onStart: ({ recovered }) => {
            if (!recovered) this.#clear();
          },
          onError: (error) => this.#fail(error),
        });
        return () => {
          stop();
          release();
        };
      },
      (stop) => {
        stop();
        this.#clear();
      },
    );
  }

  readonly follow = (listener: () => void): (() => void) => {
    const own = (): void => listener();
    const release = this.#subscription.retain();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      release();
    };
  };

  #take(entry: Entry<T>): void {
    this.#came.push(entry);
    if (this.#came.length > this.#keep) this.#came.shift();
    this.#tell();
  }

  /** It begins anew. */
  #clear(): void {
    this.#came = [];
    this.entries = none;
    this.error = undefined;
    this.#tell();
  }

  #fail(error: TuttiError): void {
    this.error = error;
    this.#tell();
  }

  #tell(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.#came.length)
        this.entries = Object.freeze([...this.entries, ...this.#came].slice(-this.#keep));
      this.#came = [];
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
