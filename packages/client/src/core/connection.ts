import { errorOfClose, TuttiError } from '../error.ts';
import type { ClientMessage, Welcome } from '../protocol.ts';
import { backoff } from './backoff.ts';
import type { State } from './effect.ts';
import type { Turn } from './turn.ts';

const attemptTime = 10_000;
const stableTime = 10_000;
const probeTime = 2_000;

/** How the application gives a token. A function's token can be renewed. */
export type TokenKind = 'none' | 'constant' | 'function';

/** What the connection needs from those who use it. */
export interface User {
  /** An attempt is about to be made. */
  attempt(): void;
  hello(token: string | undefined): ClientMessage;
  /** Commands may be sent now. */
  ready(welcome?: Welcome): void;
  lost(): void;
}

/**
 * The state of the connection (rules CONN-1 to CONN-3, CONN-5, CONN-9): idle →
 * connecting → live ⇄ probing, from there to backoff and parked and back, and
 * at last closed.
 */
export class Connection {
  state: State = 'idle';
  readonly #turn: Turn;
  readonly #user: User;
  readonly #tokens: TokenKind;
  readonly #random: () => number;
  /** In connecting: what is awaited. */
  #stage: 'token' | 'open' | 'welcome' = 'open';
  /** When the present state has taken too long. */
  #deadline = Infinity;
  /** The server's hint holds until then, and a wake-up does not go below it. */
  #floor = 0;
  /** How often in a row an attempt failed or a connection was short. */
  #failures = 0;
  #liveSince = 0;
  #heard = 0;
  /** How long the server may be silent. */
  #silence = Infinity;
  /** The token has expired: a fresh one was asked for, or auth with that id was sent. */
  #renewal: 'none' | 'asked' | number = 'none';
  #token: string | undefined;

  constructor(turn: Turn, user: User, tokens: TokenKind, random: () => number) {
    this.#turn = turn;
    this.#user = user;
    this.#tokens = tokens;
    this.#random = random;
  }

  get online(): boolean {
    return this.state === 'live' || this.state === 'probing';
  }

  /** Commands may be sent. */
  get ready(): boolean {
    return this.online && this.#renewal === 'none';
  }

  connect(): void {
    if (this.state === 'idle' || this.state === 'backoff' || this.state === 'parked') this.attempt();
  }

  attempt(): void {
    this.#user.attempt();
    this.#deadline = this.#turn.now + attemptTime;
    this.#become('connecting');
    if (this.#tokens === 'none') return this.#open();
    this.#stage = 'token';
    this.#turn.emit({ kind: 'token' });
  }

  token(token: string): void {
    if (this.state === 'connecting' && this.#stage === 'token') {
      this.#token = token;
      this.#open();
    } else if (this.online && this.#renewal === 'asked') {
      this.#renewal = this.#turn.id();
      this.#turn.say({ type: 'auth', id: this.#renewal, token });
    }
  }

  tokenFailed(message: string): void {
    const awaited = this.state === 'connecting' && this.#stage === 'token';
    if (awaited || (this.online && this.#renewal === 'asked'))
      this.end(new TuttiError('disconnected', `No token: ${message}`));
  }

  opened(): void {
    if (this.state !== 'connecting' || this.#stage !== 'open') return;
    this.#stage = 'welcome';
    this.#turn.say(this.#user.hello(this.#token));
  }

  /** Something was heard; returns whether the connection can take it. */
  heard(): boolean {
    this.#heard = this.#turn.now;
    if (this.state === 'probing') {
      this.#deadline = this.#turn.now + this.#silence;
      this.#become('live');
    }
    return this.online;
  }

  welcome(m: Welcome): void {
    if (this.state !== 'connecting' || this.#stage !== 'welcome') return;
    this.#silence = m.ping + m.grace;
    this.#liveSince = this.#heard = this.#turn.now;
    this.#deadline = this.#turn.now + this.#silence;
    this.#renewal = 'none';
    this.#become('live');
    this.#user.ready(m);
  }

  tokenExpired(error: TuttiError): void {
    if (!this.online || this.#renewal !== 'none') return;
    if (this.#tokens !== 'function') return this.end(error);
    this.#renewal = 'asked';
    this.#turn.emit({ kind: 'token' });
  }

  authenticated(id: number): void {
    if (this.#renewal !== id) return;
    this.#renewal = 'none';
    this.#user.ready();
  }

  /** A command failed; returns whether it was one of these. */
  refused(id: number, error: TuttiError): boolean {
    if (this.#renewal !== id) return false;
    this.end(error);
    return true;
  }

  lost(code: number): void {
    this.#fail(errorOfClose(code));
  }

  wake(): void {
    if (this.state === 'live') this.#probe();
    else if (this.state === 'backoff' && this.#turn.now >= this.#floor) this.attempt();
  }

  tick(): void {
    if (this.#turn.now < this.#deadline) return;
    if (this.state === 'backoff') {
      this.attempt();
    } else if (this.state === 'live') {
      this.#deadline = this.#heard + this.#silence;
      if (this.#turn.now >= this.#deadline) this.#probe();
    } else {
      this.end(undefined);
    }
  }

  wish(): number {
    return this.#deadline;
  }

  /** Ends the transport and goes where the error leads. */
  end(error: TuttiError | undefined): void {
    this.shut();
    this.#fail(error);
  }

  /** Ends the transport, if there is one. */
  shut(): void {
    if (!this.online && (this.state !== 'connecting' || this.#stage === 'token')) return;
    this.#turn.hush();
    this.#turn.emit({ kind: 'shut', code: 1000 });
  }

  close(): void {
    this.shut();
    this.#deadline = Infinity;
    this.#become('closed');
  }

  #open(): void {
    this.#stage = 'open';
    this.#turn.emit({ kind: 'open' });
  }

  #probe(): void {
    this.#deadline = this.#turn.now + probeTime;
    this.#become('probing');
    this.#turn.say({ type: 'ping' });
  }

  #fail(error: TuttiError | undefined): void {
    if (!this.online && this.state !== 'connecting') return;
    const { now } = this.#turn;
    this.#failures = this.online && now - this.#liveSince >= stableTime ? 0 : this.#failures + 1;
    this.#renewal = 'none';
    this.#turn.hush();
    this.#user.lost();
    const why = error && { error };
    if (error && (!error.retryable || (error.code === 'token_expired' && this.#tokens !== 'function'))) {
      this.#deadline = Infinity;
      return this.#become('parked', why);
    }
    const after = error?.retryAfter ?? 0;
    this.#floor = now + after;
    this.#deadline = now + Math.max(after, backoff(this.#failures, this.#random()));
    this.#become('backoff', { attempt: this.#failures + 1, until: this.#deadline, ...why });
  }

  #become(state: State, more?: { attempt?: number; until?: number; error?: TuttiError }): void {
    this.state = state;
    this.#turn.emit({ kind: 'status', state, ...more });
  }
}
