import type { Timers } from '../alarm.ts';
import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import { encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import { guard, Listeners } from '../listeners.ts';
import type { Member, MemberSignal, PresenceChange, Watching } from '../protocol.ts';
import { type Change, type User, View } from './view.ts';

/** What a member called out. */
export interface Signal extends MemberSignal {
  /** This client did. */
  own: boolean;
}

/** What presence needs of its client. */
export interface PresenceHost {
  feed(input: Input): void;
  /** This client's id, once a server has told it. */
  client(): string | undefined;
  now(): number;
  timers: Timers;
  report(error: unknown): void;
}

/** Says an enter or a leave, under a key of its own; settled when it is through. */
export type Ask = (presence: Presence, input: (key: number) => Input) => Promise<void>;

/**
 * Who is in a topic, in what state, and what they call to each other. There is
 * one for each topic of a client. Who is there is told while it has a listener
 * (of `onError` alone it is not); the client is a member from `enter` to
 * `leave`, and both outlive connections. What the server has ended, since the
 * client had no right to it, begins anew with the next listener, or `enter`.
 *
 * Lists are the same arrays until they change, and so are the users in them.
 */
export class Presence<S = unknown> {
  readonly topic: string;
  readonly #host: PresenceHost;
  readonly #ask: Ask;
  #view = new View<S>();
  #listening = 0;
  #timer: unknown;
  /** With the own state, from `enter` to `leave`. */
  #own: { state?: S } | undefined;
  readonly #me = memo<Member<S> | undefined>();
  readonly #others = memo<readonly Member<S>[]>();
  readonly #moved: Listeners<[]>;
  readonly #changed: Listeners<[change: Change<S>]>;
  readonly #called: Listeners<[signal: Signal]>;
  readonly #errors: Listeners<[error: TuttiError]>;

  /** Use `topic.presence` or `client.presence(topic)`. */
  constructor(host: PresenceHost, ask: Ask, topic: string) {
    this.topic = topic;
    this.#host = host;
    this.#ask = ask;
    this.#moved = new Listeners(host.report);
    this.#changed = new Listeners(host.report);
    this.#called = new Listeners(host.report);
    this.#errors = new Listeners(host.report);
  }

  /** Who is there, each once however many sessions it has, in the order of coming. */
  get users(): readonly User<S>[] {
    return this.#view.users;
  }

  /** Every client that is there, in the order of entering. */
  get members(): readonly Member<S>[] {
    return this.#view.members;
  }

  /** How many users there are, also where there are too many to be listed. */
  get count(): number {
    return this.#view.count;
  }

  /** This client with its newest state, from `enter` to `leave`; its id is empty before a server has told it. */
  get me(): Member<S> | undefined {
    const own = this.#own;
    const client = this.#host.client() ?? '';
    const listed = this.members.find((m) => m.client === client);
    return this.#me([own, client, listed], () => {
      const { state: _, ...me } = listed ?? { client, since: Math.round(this.#host.now()) };
      return own && { ...me, ...own };
    });
  }

  /** The members but this client; other tabs of its user are among them. */
  get others(): readonly Member<S>[] {
    const { members } = this;
    const client = this.#host.client();
    return this.#others([members, client], () => members.filter((m) => m.client !== client));
  }

  /** When a user was last seen, in milliseconds since 1970 by the server's clock, also one who has left, as far as is known. */
  lastSeen(user: string): number | undefined {
    return this.#view.lastSeen(user);
  }

  /**
   * Calls a function with the users at once, and again whenever one of them,
   * the count or the own state has changed. Returns a function that ends it.
   */
  subscribe(listener: (users: readonly User<S>[]) => void): () => void {
    const stop = this.#listen(this.#moved, () => listener(this.users));
    guard(this.#host.report, listener, this.users);
    return stop;
  }

  /** Calls a function when a user has come, once however many sessions it has. Those who are there at first have not come. */
  onJoin(listener: (user: User<S>) => void): () => void {
    return this.onChange(({ joins }) => this.#tellEach(listener, joins));
  }

  /** Calls a function when a user has left: when its last session has, and did not come back within the grace time. */
  onLeave(listener: (user: User<S>) => void): () => void {
    return this.onChange(({ leaves }) => this.#tellEach(listener, leaves));
  }

  /** Calls a function with each change. */
  onChange(listener: (change: Change<S>) => void): () => void {
    return this.#listen(this.#changed, listener);
  }

  /** Calls a function with what members call out, of one name or of all. */
  onSignal(listener: (signal: Signal) => void): () => void;
  onSignal(name: string, listener: (signal: Signal) => void): () => void;
  onSignal(what: string | ((signal: Signal) => void), listener?: (signal: Signal) => void): () => void {
    if (typeof what === 'function') return this.#listen(this.#called, what);
    return this.#listen(this.#called, (signal) => {
      if (signal.name === what) listener?.(signal);
    });
  }

  /**
   * Calls a function when the server has ended what was wanted, or has refused
   * an update or a signal for good. An update that may be taken later is said
   * again. Without any, the client's `onError` is told.
   */
  onError(listener: (error: TuttiError) => void): () => void {
    return this.#errors.add(listener);
  }

  /**
   * Makes this client a member with a state, a JSON value, or gives it another
   * one. The promise is settled when the server has it, or has refused it for
   * good; it waits as long as there is no connection.
   */
  enter(state?: S): Promise<void> {
    let own: { state?: S };
    try {
      own = words('state', state);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#be(own, () =>
      this.#ask(this as Presence, (key) => ({ kind: 'enter', key, topic: this.topic, ...own })),
    );
  }

  /**
   * Changes the state. The members of an object are put into the one that is
   * the state, and undefined takes one out of it; anything else takes its
   * place. Several changes in 50 ms are sent as one. Throws not_found unless
   * this client has entered.
   */
  update(patch: Partial<S> | S): void {
    const { state } = this.#entered();
    const own = words<'state', S>(
      'state',
      isObject(state) && isObject(patch) ? { ...state, ...patch } : patch,
    );
    this.#be(own, () => this.#host.feed({ kind: 'update', topic: this.topic, ...own }));
  }

  /** Ends the membership, at once for all who watch. The promise is settled when the server knows. */
  leave(): Promise<void> {
    return this.#be(undefined, () =>
      this.#ask(this as Presence, (key) => ({ kind: 'leave', key, topic: this.topic })),
    );
  }

  /**
   * Calls something out to all who watch, this client too, with a JSON value.
   * It is not kept: without a connection it is lost. So are those beyond what
   * the server calls out between two ticks (20 and 8 KiB of a member): nothing
   * tells so, and updates then wait a second. Throws not_found unless this
   * client has entered.
   */
  signal(name: string, data?: unknown): void {
    this.#entered();
    this.#host.feed({ kind: 'signal', topic: this.topic, name, ...words('data', data) });
  }

  /** @internal */
  carryOut(effect: Extract<Effect, { kind: 'presence' | 'unwatched' | 'expelled' | 'fault' }>): void {
    if (effect.kind === 'presence') return this.#take(effect.message);
    if (effect.kind === 'expelled') this.failed();
    if (effect.kind === 'unwatched') {
      this.#reset();
      this.#moved.tell();
    }
    if (this.#errors.size) this.#errors.tell(effect.error);
    else this.#host.report(effect.error);
  }

  /** The client is no member. @internal */
  failed(): void {
    this.#own = undefined;
    this.#moved.tell();
  }

  /** @internal */
  close(): void {
    if (this.#timer !== undefined) this.#host.timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #entered(): { state?: S } {
    if (!this.#own) throw new TuttiError('not_found', 'The client has not entered the topic.');
    return this.#own;
  }

  /** Says it before it is told: listeners may have more to say. */
  #be<R>(own: { state?: S } | undefined, say: () => R): R {
    this.#own = own;
    const said = say();
    this.#moved.tell();
    return said;
  }

  #listen<A extends unknown[]>(listeners: Listeners<A>, listener: (...args: A) => void): () => void {
    let stop: (() => void) | undefined = listeners.add(listener);
    this.#listening++;
    // The server may have ended it since the last time.
    this.#host.feed({ kind: 'watch', topic: this.topic });
    return () => {
      if (!stop) return;
      stop();
      stop = undefined;
      if (--this.#listening) return;
      this.#reset();
      this.#host.feed({ kind: 'unwatch', topic: this.topic });
    };
  }

  #tellEach(listener: (user: User<S>) => void, users: readonly User<S>[]): void {
    for (const user of users) guard(this.#host.report, listener, user);
  }

  #reset(): void {
    this.close();
    this.#view = new View();
  }

  #take(message: Watching | PresenceChange): void {
    if (!this.#listening) return;
    this.#show(() => this.#view.take(this.#host.now(), message));
    for (const signal of (message.type === 'presence' && message.signals) || [])
      this.#called.tell({ ...signal, own: signal.client === this.#host.client() });
  }

  /** Tells what comes of a step of the view. */
  #show(step: () => Change<S> | undefined): void {
    const { members, count } = this;
    const change = step();
    this.#arm();
    if (this.members !== members || this.count !== count) this.#moved.tell();
    if (change && (change.joins.length || change.leaves.length || change.updates.length))
      this.#changed.tell(change);
  }

  #arm(): void {
    this.close();
    const { timers, now } = this.#host;
    const wait = this.#view.due - now();
    if (wait === Infinity) return;
    this.#timer = timers.setTimeout(
      () => {
        this.#timer = undefined;
        this.#show(() => this.#view.tick(now()));
      },
      Math.max(Math.ceil(wait), 0),
    );
  }
}

/** A member of a message, with a copy of a value; none for undefined. */
function words<N extends string, V>(name: N, value: unknown): { [name in N]?: V } {
  return (value === undefined ? {} : { [name]: encode(value).data }) as { [name in N]?: V };
}

/** Keeps a value as long as what it is made of is the same. */
function memo<T>(): (of: readonly unknown[], make: () => T) => T {
  let last: { of: readonly unknown[]; value: T } | undefined;
  return (of, make) => {
    if (!last || last.of.some((part, i) => part !== of[i])) last = { of, value: make() };
    return last.value;
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
