import { errorOfClose, TuttiError } from '../error.ts';
import type { ClientMessage, Welcome } from '../protocol.ts';
import { backoff } from './backoff.ts';
import type { State } from './effect.ts';
import type { Ending, Road, Roads } from './roads.ts';
import type { Turn } from './turn.ts';

const attemptTime = 10_000;
/** An attempt that took so long may have hung in the network that was there before. */
const hangTime = 1_000;
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
 * The state of the connection (rules CONN-1 to CONN-3, CONN-5, CONN-9, CONN-11): idle →
 * connecting → live ⇄ probing, from there to backoff and parked and back, and
 * at last closed.
 */
export class Connection {
  state: State = 'idle';
  readonly #turn: Turn;
  readonly #user: User;
  readonly #roads: Roads;
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
  /** When it was welcomed. */
  since = 0;
  /** In connecting: the server has said something. */
  #answered = false;
  #heard = 0;
  /** How long the server may be silent. */
  #silence = Infinity;
  /** The token has expired: a fresh one was asked for, or auth with that id was sent. */
  #renewal: 'none' | 'asked' | number = 'none';
  #token: string | undefined;
  /** The page was left, and is maybe still kept. */
  #away = false;

  constructor(turn: Turn, user: User, roads: Roads, tokens: TokenKind, random: () => number) {
    this.#turn = turn;
    this.#user = user;
    this.#roads = roads;
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
    this.#away = false;
    this.#user.attempt();
    this.#deadline = this.#turn.now + attemptTime;
    this.#answered = false;
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
      this.#token = token;
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

  /** The server has said something. */
  heard(): void {
    this.#answered = true;
    this.#heard = this.#turn.now;
    if (this.state === 'probing') {
      this.#deadline = this.#turn.now + this.#silence;
      this.#become('live');
    }
  }

  /** The server has taken the client; mine: as the one that it took before. */
  welcome(m: Welcome, mine: boolean): void {
    if (this.state !== 'connecting' || this.#stage !== 'welcome') return;
    if (!mine) return this.end(new TuttiError('bad_client'));
    this.#silence = m.ping + m.grace;
    this.since = this.#heard = this.#turn.now;
    this.#deadline = this.#turn.now + this.#silence;
    this.#renewal = 'none';
    this.#roads.live(this.#turn.now);
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
    const error = errorOfClose(code);
    const fair = error || (this.state === 'connecting' && this.#answered);
    this.#fail(error, fair ? 'fair' : 'cut');
  }

  /** The page or the process is back, or the network may be gone; network: there is one, maybe another. */
  wake(network: boolean): void {
    const connecting = this.state === 'connecting';
    const begun = this.#deadline - attemptTime;
    const hangs = connecting && this.#stage !== 'token' && this.#turn.now >= begun + hangTime;
    if (network) {
      this.#roads.forget();
      if (hangs || !(this.online || connecting)) this.#roads.take();
    }
    if (network && hangs) this.again();
    else if (this.state === 'live') this.#probe();
    else if (this.state === 'backoff' && this.#turn.now >= this.#floor) this.attempt();
    else if (this.state === 'idle' && this.#away) this.attempt();
    if (network && this.online) this.#try();
  }

  /** What came of a try of a better road. */
  tried(road: Road, ok: boolean): void {
    if (this.#roads.tried(road, ok, this.#turn.now)) this.again(road);
  }

  tick(): void {
    if (this.#turn.now >= this.#deadline) this.#overdue();
    if (this.state === 'live' && this.#turn.now >= this.#roads.due) this.#try();
  }

  wish(): number {
    return this.state === 'live' ? Math.min(this.#deadline, this.#roads.due) : this.#deadline;
  }

  /** Ends the transport and goes where the error leads. */
  end(error: TuttiError | undefined, ending: Ending = 'fair'): void {
    this.shut();
    this.#fail(error, ending);
  }

  /** Ends the transport and makes an attempt at once, over that road if one is given. */
  again(road?: Road): void {
    this.shut();
    if (this.#stable) this.#failures = 0;
    this.#roads.ended('fair', this.#stable);
    if (road) this.#roads.take(road);
    this.#user.lost();
    this.attempt();
  }

  /** Ends the transport, if there is one. */
  shut(): void {
    if (!this.online && (this.state !== 'connecting' || this.#stage === 'token')) return;
    this.#turn.hush();
    this.#turn.emit({ kind: 'shut', code: 1000 });
  }

  /** Ends the transport, and waits for a sign that the page is back. */
  away(): void {
    if (!this.online && this.state !== 'connecting') return;
    this.shut();
    if (this.#stable) this.#failures = 0;
    this.#roads.ended('fair', this.#stable);
    this.#renewal = 'none';
    this.#user.lost();
    this.#away = true;
    this.#deadline = Infinity;
    this.#become('idle');
  }

  close(): void {
    this.shut();
    this.#deadline = Infinity;
    this.#become('closed');
  }

  /** It has been live for long. */
  get #stable(): boolean {
    return this.online && this.#turn.now - this.since >= stableTime;
  }

  #open(): void {
    this.#stage = 'open';
    this.#turn.emit({ kind: 'open', road: this.#roads.turn });
  }

  #probe(): void {
    this.#deadline = this.#turn.now + probeTime;
    this.#become('probing');
    this.#turn.say({ type: 'ping' });
  }

  #try(): void {
    const road = this.#roads.try();
    if (road) this.#turn.emit({ kind: 'try', road, ...(this.#token && { token: this.#token }) });
  }

  /** The present state has taken too long. */
  #overdue(): void {
    if (this.state === 'backoff') {
      this.attempt();
    } else if (this.state === 'live') {
      this.#deadline = this.#heard + this.#silence;
      if (this.#turn.now >= this.#deadline) this.#probe();
    } else if (this.state === 'probing') {
      if (this.#stable) this.again();
      else this.end(undefined, 'cut');
    } else {
      this.end(undefined, this.#stage === 'token' ? 'fair' : 'hung');
    }
  }

  #fail(error: TuttiError | undefined, ending: Ending): void {
    if (!this.online && this.state !== 'connecting') return;
    const { now } = this.#turn;
    const stable = this.#stable;
    this.#failures = stable ? 0 : this.#failures + 1;
    this.#roads.ended(stable ? 'fair' : ending, stable);
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
    const road = this.online || state === 'connecting' ? { road: this.#roads.turn } : undefined;
    this.#turn.emit({ kind: 'status', state, ...road, ...more });
  }
}
