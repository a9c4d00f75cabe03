import type { Effect } from './core/effect.ts';
import type { Input } from './core/input.ts';
import { freeze } from './doc/json.ts';
import type { DocumentHandler } from './document.ts';
import { guard, Listeners } from './listeners.ts';
import type { Entry, Position, Snapshot } from './protocol.ts';
import type { Handler, SubscribeOptions } from './topic.ts';

interface Subscriber {
  topic: string;
  handler: Handler<unknown>;
  options: SubscribeOptions;
  begun: boolean;
  document?: undefined;
}

interface DocumentReader {
  topic: string;
  document: DocumentHandler;
}

/** The application's handlers by the numbers that the core knows them by. */
export class Handlers {
  /** Told every entry of every topic once, however many handlers it goes to. */
  readonly messages: Listeners<[data: unknown, entry: Entry, topic: string]>;
  readonly #feed: (input: Input) => void;
  readonly #report: (error: unknown) => void;
  readonly #all = new Map<number, Subscriber | DocumentReader>();
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

  /** Opens a topic as a document; returns a function that leaves it. */
  readonly open = (topic: string, document: DocumentHandler, from?: Position): (() => void) => {
    const number = ++this.#last;
    this.#all.set(number, { topic, document });
    this.#feed({ kind: 'subscribe', handler: number, topic, doc: document.type, ...(from && { from }) });
    return () => {
      if (this.#remove(number)) this.#feed({ kind: 'unsubscribe', handler: number });
    };
  };

  carryOut(effect: Extract<Effect, { kind: 'started' | 'snapshot' | 'deliver' | 'failed' }>): void {
    if (effect.kind === 'deliver') return this.#deliver(effect.handlers, effect.topic, effect.entry);
    const subscriber = this.#all.get(effect.handler);
    if (!subscriber) return;
    if (effect.kind === 'failed') this.#remove(effect.handler);
    if (subscriber.document) this.#tellDocument(subscriber, effect);
    else if (effect.kind !== 'snapshot') this.#tell(subscriber, effect);
  }

  #tell(subscriber: Subscriber, effect: Extract<Effect, { kind: 'started' | 'failed' }>): void {
    const { options, topic } = subscriber;
    if (effect.kind === 'started') {
      const { kind: _, handler: __, ...start } = effect;
      if (subscriber.begun) this.#told.set(topic, start.offset);
      subscriber.begun = true;
      if (options.onStart) guard(this.#report, options.onStart.bind(options), start);
    } else {
      if (options.onError) guard(this.#report, options.onError.bind(options), effect.error);
      else this.#report(effect.error);
    }
  }

  #tellDocument(
    { topic, document }: DocumentReader,
    effect: Extract<Effect, { kind: 'started' | 'snapshot' | 'failed' }>,
  ): void {
    if (effect.kind === 'failed') return guard(this.#report, document.failed.bind(document), effect.error);
    const { kind, handler: _, ...start } = effect;
    if (!start.recovered) this.#told.set(topic, start.offset);
    guard(this.#report, () =>
      kind === 'started' ? document.started(start) : document.snapshot(start as Snapshot & typeof start),
    );
  }

  #deliver(handlers: number[], topic: string, entry: Entry): void {
    const wanted = handlers.filter((h) => this.#all.has(h));
    const documents = wanted.filter((h) => this.#all.get(h)?.document).length;
    // A handler must not change what a document is yet to fold.
    if (documents && (documents < wanted.length || this.messages.size)) freeze(entry.data);
    if (wanted.length && entry.offset > (this.#told.get(topic) ?? 0)) {
      this.#told.set(topic, entry.offset);
      this.messages.tell(entry.data, entry, topic);
    }
    for (const h of wanted) {
      const subscriber = this.#all.get(h);
      if (subscriber?.document)
        guard(this.#report, subscriber.document.entry.bind(subscriber.document), entry);
      else if (subscriber) guard(this.#report, subscriber.handler, entry.data, entry);
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
