import { TuttiError } from '../error.ts';
import type { PresenceChange, PresenceVersion, ServerMessage, Watching, WatchMessage } from '../protocol.ts';
import { checkTopic } from './check.ts';
import type { Link } from './link.ts';
import { Wish } from './wish.ts';

class Watch extends Wish {
  /** The version of what was passed on last. */
  since: PresenceVersion | undefined;
}

/** The topics of which the client is told who is there. */
export class Watches {
  readonly #link: Link;
  readonly #all = new Map<string, Watch>();
  /** Topics of this connection's hello that are not answered yet. */
  #greeted = new Set<string>();

  constructor(link: Link) {
    this.#link = link;
  }

  watch(topic: string): void {
    const error = checkTopic(topic);
    if (error) return this.#link.turn.emit({ kind: 'unwatched', topic, error });
    if (!this.#all.has(topic)) this.#all.set(topic, new Watch(this.#link, topic));
    this.flush();
  }

  unwatch(topic: string): void {
    const watch = this.#all.get(topic);
    this.#all.delete(topic);
    if (watch && watch.stage !== 'unsaid' && !this.#greeted.has(topic)) this.#end(topic);
  }

  hello(): Omit<WatchMessage, 'type' | 'id'>[] {
    this.#greeted = new Set(this.#all.keys());
    return [...this.#all.values()].map((watch) => {
      watch.say(0);
      return words(watch);
    });
  }

  /** Says whatever is to be said and was not yet. */
  flush(): void {
    const { turn } = this.#link;
    for (const watch of this.#all.values())
      if (watch.due) turn.say({ type: 'watch', id: watch.say(turn.id()), ...words(watch) });
  }

  hear(m: ServerMessage & { type: 'watching' | 'presence' | 'unwatched' }): void {
    if (m.type === 'watching') {
      const { id, topic, ...message } = m;
      this.#watching(id, topic, message);
    } else if (m.type === 'presence') {
      const { topic, ...message } = m;
      this.#presence(topic, message);
    } else if (m.id === undefined) {
      this.#unwatched(m.topic, m.error && TuttiError.from(m.error));
    }
  }

  /** A command failed; returns whether it was one of these. */
  refused(id: number, error: TuttiError): boolean {
    for (const watch of this.#all.values()) {
      if (watch.id !== id) continue;
      this.#refused(watch, error);
      return true;
    }
    return false;
  }

  lost(): void {
    this.#greeted.clear();
    for (const watch of this.#all.values()) watch.lost();
  }

  wish(): number {
    return this.#link.ready() ? Math.min(...[...this.#all.values()].map(({ wish }) => wish)) : Infinity;
  }

  #watching(id: number | undefined, topic: string, message: Watching): void {
    this.#greeted.delete(topic); // the answers come in order
    const watch = this.#all.get(topic);
    if (!watch && id === undefined) return this.#end(topic);
    if (!watch || (id !== undefined && id !== watch.id)) return;
    watch.grant();
    watch.since = { epoch: message.epoch, version: message.version };
    this.#link.turn.emit({ kind: 'presence', topic, message });
  }

  #presence(topic: string, message: PresenceChange): void {
    const watch = this.#all.get(topic);
    if (!watch?.since || watch.stage !== 'granted') return;
    if (message.from === watch.since.version) {
      watch.since.version = message.version;
      return this.#link.turn.emit({ kind: 'presence', topic, message });
    }
    watch.renew();
    this.flush();
  }

  /** The server ended it, unasked. */
  #unwatched(topic: string, error: TuttiError | undefined): void {
    this.#greeted.delete(topic);
    const watch = this.#all.get(topic);
    if (watch) this.#refused(watch, error);
  }

  #refused(watch: Watch, why: TuttiError | undefined): void {
    const { topic } = watch;
    this.#greeted.delete(topic);
    const error = watch.refuse(why);
    if (!error) return;
    this.#all.delete(topic);
    this.#link.turn.emit({ kind: 'unwatched', topic, error });
  }

  #end(topic: string): void {
    const { turn } = this.#link;
    turn.say({ type: 'unwatch', id: turn.id(), topic });
  }
}

function words({ topic, since }: Watch): Omit<WatchMessage, 'type' | 'id'> {
  return { topic, ...(since && { since: { ...since } }) };
}
