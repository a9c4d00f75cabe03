import { TuttiError } from '../error.ts';
import { backoff } from './backoff.ts';
import type { Link } from './link.ts';

/** Something that a client wants of the server for as long as it lives, over all connections. */
export class Wish {
  readonly topic: string;
  /** `unsaid`: it is to be said on this connection; `said`, and not answered. */
  stage: 'unsaid' | 'said' | 'granted' = 'unsaid';
  /** Of the command that is to be answered; 0: it was said in hello, or there is none. */
  id = 0;
  /** It is not said before. */
  until = 0;
  readonly #link: Link;
  /** How often in a row it was refused. */
  #refusals = 0;

  constructor(link: Link, topic: string) {
    this.#link = link;
    this.topic = topic;
  }

  /** Whether it is to be said now. */
  get due(): boolean {
    const { turn } = this.#link;
    return this.stage === 'unsaid' && this.#link.ready() && turn.now >= this.until;
  }

  /** When it is to be said, if time alone must pass. */
  get wish(): number {
    return this.stage === 'unsaid' && this.until > this.#link.turn.now ? this.until : Infinity;
  }

  /** It is being said; returns the id of the command, none if it is hello. */
  say(id: number): number {
    this.stage = 'said';
    this.id = id;
    return id;
  }

  grant(): void {
    this.stage = 'granted';
    this.#refusals = 0;
  }

  /** It is to be said, at once. */
  renew(): void {
    this.stage = 'unsaid';
    this.until = 0;
  }

  /** The server refused it, or ended it. Returns the error if that is final; else it is said again, later. */
  refuse(error: TuttiError = new TuttiError('internal')): TuttiError | undefined {
    if (!error.retryable) return error;
    this.stage = 'unsaid';
    if (error.code === 'token_expired') {
      this.#link.tokenExpired();
    } else {
      const wait = backoff(++this.#refusals, this.#link.random());
      this.until = this.#link.turn.now + Math.max(error.retryAfter ?? 0, wait);
    }
    return undefined;
  }

  /** The connection has ended. */
  lost(): void {
    this.renew();
    this.#refusals = 0;
  }
}
