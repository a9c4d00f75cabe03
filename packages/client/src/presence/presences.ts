import type { Effect } from '../core/effect.ts';
import type { TuttiError } from '../error.ts';
import { type Ask, Presence, type PresenceHost } from './presence.ts';

/** What the core tells of presence. */
export type PresenceEffect = Extract<
  Effect,
  { kind: 'presence' | 'unwatched' | 'expelled' | 'fault' | 'entered' | 'left' }
>;

interface Waiting {
  presence: Presence;
  resolve(): void;
  reject(error: TuttiError): void;
}

/** The presence of each topic that was asked for. */
export class Presences {
  readonly #host: PresenceHost;
  readonly #all = new Map<string, Presence>();
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(host: PresenceHost) {
    this.#host = host;
  }

  /** The one of a topic. */
  readonly of = (topic: string): Presence => {
    const presence = this.#all.get(topic) ?? new Presence(this.#host, this.#ask, topic);
    this.#all.set(topic, presence);
    return presence;
  };

  carryOut(effect: PresenceEffect): void {
    if ('topic' in effect) return this.#all.get(effect.topic)?.carryOut(effect);
    const waiting = this.#waiting.get(effect.key);
    this.#waiting.delete(effect.key);
    const error = 'error' in effect ? effect.error : undefined;
    if (!error) return waiting?.resolve();
    // One that was aborted has left since, and may have entered again.
    if (error.code !== 'aborted') waiting?.presence.failed();
    waiting?.reject(error);
  }

  close(): void {
    for (const presence of this.#all.values()) presence.close();
  }

  readonly #ask: Ask = (presence, input) => {
    const answer = new Promise<void>((resolve, reject) => {
      const key = ++this.#last;
      this.#waiting.set(key, { presence, resolve, reject });
      this.#host.feed(input(key));
    });
    answer.catch(() => {});
    return answer;
  };
}
