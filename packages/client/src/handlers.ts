import type { Effect } from './core/effect.ts';
import type { Input } from './core/input.ts';
import { guard, Listeners } from './listeners.ts';
import type { Entry } from './protocol.ts';
import type { Handler, SubscribeOptions } from './topic.ts';

interface Subscriber {
  topic: string;
  handler: Handler<unknown>;
  options: SubscribeOptions;
  begun: boolean;
}

/** The application's handlers by the numbers that the core knows them by. */
export class Handlers {
  /** Told every entry of every topic once, however many handlers it goes to. */
  readonly messages: Listeners<[data: unknown, entry: Entry, topic: string]>;
  readonly #feed: (input: Input) => void;
  readonly #report: (error: unknown) => void;
  readonly #all = new Map<number, Subscriber>();
  /** The highest offset of each topic that the listeners to all were told. */
  readonly #told = new Map<string, number>();
  #last = 0;

  constructor(feed: (input: Input) => void, report: (error: unknown) => void) {
    this.#feed = feed;
    this.#report = report;
    this.messages = new Listeners(report);
  }

  readonly subscribe = (
    topic: string,
    handler: Handler<unknown>,
    options: SubscribeOptions,
  ): (() => void) => {
    const { from, else: otherwise } = options;
    const number = ++this.#last;
    this.#all.set(number, { topic, handler, options, begun: false });
    this.#feed({
      kind: 'subscribe',
      handler: number,
      topic,
      ...(from && { from }),
      ...(otherwise && { else: otherwise }),
    });
    return () => {
      if (this.#remove(number)) this.#feed({ kind: 'unsubscribe', handler: number });
    };
  };

  carryOut(effect: Extract<Effect, { kind: 'started' | 'deliver' | 'failed' }>): void {
    if (effect.kind === 'deliver') return this.#deliver(effect.handlers, effect.topic, effect.entry);
    const subscriber = this.#all.get(effect.handler);
    if (!subscriber) return;
    const { options, topic } = subscriber;
    if (effect.kind === 'started') {
      const { kind: _, handler: __, ...start } = effect;
      if (subscriber.begun) this.#told.set(topic, start.offset);
      subscriber.begun = true;
      if (options.onStart) guard(this.#report, options.onStart.bind(options), start);
    } else {
      this.#remove(effect.handler);
      if (options.onError) guard(this.#report, options.onError.bind(options), effect.error);
      else this.#report(effect.error);
    }
  }

  #deliver(handlers: number[], topic: string, entry: Entry): void {
    const wanted = handlers.filter((h) => this.#all.has(h));
    if (wanted.length && entry.offset > (this.#told.get(topic) ?? 0)) {
      this.#told.set(topic, entry.offset);
      this.messages.tell(entry.data, entry, topic);
    }
    for (const h of wanted) {
      const subscriber = this.#all.get(h);
      if (subscriber) guard(this.#report, subscriber.handler, entry.data, entry);
    }
  }

  #remove(number: number): boolean {
    const topic = this.#all.get(number)?.topic;
    if (topic === undefined) return false;
    this.#all.delete(number);
    if (![...this.#all.values()].some((s) => s.topic === topic)) this.#told.delete(topic);
    return true;
  }
}
