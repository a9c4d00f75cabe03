import { TuttiError } from '../error.ts';
import type { ClientMessage, Entry, Snapshot, Subscribed } from '../protocol.ts';
import { checkStart, checkTopic } from './check.ts';
import type { Join } from './input.ts';
import type { Link } from './link.ts';
import { Stream } from './stream.ts';

/** All topics that the client reads, and the handlers that read them. */
export class Subscriptions {
  readonly #link: Link;
  readonly #streams = new Map<string, Stream>();
  readonly #byHandler = new Map<number, Stream>();
  /** Topics of this connection's hello that are not answered yet. */
  #greeted = new Set<string>();

  constructor(link: Link) {
    this.#link = link;
  }

  subscribe(j: Join): void {
    const error = checkTopic(j.topic) ?? checkStart(j.from, j.else, j.doc);
    if (error) return this.#link.turn.emit({ kind: 'failed', handler: j.handler, error });
    let stream = this.#streams.get(j.topic);
    if (!stream) {
      stream = new Stream(this.#link, j.topic);
      this.#streams.set(j.topic, stream);
    }
    this.#byHandler.set(j.handler, stream);
    stream.join(j);
  }

  unsubscribe(handler: number): void {
    const stream = this.#byHandler.get(handler);
    if (stream && this.#remove(stream, handler) && stream.known && !this.#greeted.has(stream.topic))
      this.#leave(stream.topic);
  }

  hello(): NonNullable<(ClientMessage & { type: 'hello' })['topics']> {
    this.#greeted = new Set(this.#streams.keys());
    return [...this.#streams.values()].map((s) => s.hello());
  }

  /** Says whatever is to be said and was not yet. */
  flush(): void {
    for (const s of this.#streams.values()) s.ask();
  }

  subscribed(m: Subscribed): void {
    const stream = this.#streams.get(m.topic);
    const greeted = m.id === undefined && this.#greeted.delete(m.topic);
    if (!stream) {
      if (m.id === undefined) this.#leave(m.topic);
    } else if (!greeted || stream.greeted) {
      const error = new TuttiError('wrong_type', 'The server knows no documents.');
      if (this.#fail(stream, stream.subscribed(m), error)) this.#leave(m.topic);
      else stream.ask();
    }
  }

  /** Passes a document on; returns false if it does not follow what was read of its topic. */
  snapshot(topic: string, snapshot: Snapshot): boolean {
    return this.#streams.get(topic)?.snapshot(snapshot) ?? true;
  }

  /** The topic was opened as a document on this connection. */
  open(topic: string): boolean {
    return this.#streams.get(topic)?.open ?? false;
  }

  /** Up to where all who read the topic as a document were told its log; Infinity if nobody was. */
  seen(topic: string): number {
    return this.#streams.get(topic)?.seen ?? Infinity;
  }

  /** The server ended a subscription, unasked. */
  unsubscribed(topic: string, error: TuttiError | undefined): void {
    this.#greeted.delete(topic);
    const stream = this.#streams.get(topic);
    if (!stream) return;
    this.#fail(stream, stream.unsubscribed(error), error ?? new TuttiError('internal'));
    stream.ask();
  }

  /** Passes an entry on; returns false if it is not the next of its topic. */
  entry(topic: string, entry: Entry): boolean {
    const { offset, term, skipped } = entry;
    const stream = this.#streams.get(topic);
    const handlers = stream ? stream.entry({ offset, term }, skipped) : [];
    if (handlers?.length) this.#link.turn.emit({ kind: 'deliver', handlers, topic, entry });
    return handlers !== undefined;
  }

  /** A command failed; returns whether it was one of these. */
  refused(id: number, error: TuttiError): boolean {
    for (const stream of this.#streams.values()) {
      const handlers = stream.refused(id, error);
      if (!handlers) continue;
      this.#fail(stream, handlers, error);
      stream.ask();
      return true;
    }
    return false;
  }

  lost(): void {
    this.#greeted.clear();
    for (const s of this.#streams.values()) s.lost();
  }

  wish(): number {
    let wish = Infinity;
    if (this.#link.ready()) for (const s of this.#streams.values()) wish = Math.min(wish, s.wish());
    return wish;
  }

  #leave(topic: string): void {
    const { turn } = this.#link;
    turn.say({ type: 'unsubscribe', id: turn.id(), topic });
  }

  /** Ends handlers; returns whether no other of the topic is left. */
  #fail(stream: Stream, handlers: number[], error: TuttiError): boolean {
    let last = false;
    for (const handler of handlers) {
      last = this.#remove(stream, handler);
      this.#link.turn.emit({ kind: 'failed', handler, error });
    }
    return last;
  }

  /** Returns whether it was the last handler of its topic. */
  #remove(stream: Stream, handler: number): boolean {
    stream.leave(handler);
    this.#byHandler.delete(handler);
    if (stream.handlers.length) return false;
    this.#streams.delete(stream.topic);
    return true;
  }
}
