import { TuttiError } from '../error.ts';
import type { ClientMessage, ServerMessage, Snapshot, Welcome } from '../protocol.ts';
import { Connection, type TokenKind } from './connection.ts';
import type { Effect, State } from './effect.ts';
import type { Input } from './input.ts';
import { type KeptClient, Ledger } from './ledger.ts';
import { Members } from './members.ts';
import { Outbox } from './outbox.ts';
import { Pages } from './pages.ts';
import { type Road, Roads } from './roads.ts';
import { Subscriptions } from './subscriptions.ts';
import { Turn } from './turn.ts';
import { Watches } from './watches.ts';

const day = 86_400_000;
/** So long after welcome a document holds what the server took, or that is lost. */
const seenTime = 10_000;

export interface CoreOptions {
  token: TokenKind;
  /** The roads that the platform has, best first. */
  roads: readonly [Road, ...Road[]];
  /** The one that worked here the last time, if it is known. */
  road?: Road | undefined;
  /** Draws from [0, 1). */
  random(): number;
  /** Makes a client's secret, born now. */
  secret(): string;
  /** The driver stores what `keep` tells, and nothing is sent before. */
  keeps?: boolean;
  /** How many entries may be unanswered; if absent 1,000, or 10,000 if it keeps. */
  queueEntries?: number;
  /** How many bytes of data they may hold; if absent 8 MiB, or 32 MiB if it keeps. */
  queueBytes?: number;
}

/**
 * The core of the client, as spec/client.md has it: a pure step function.
 * Inputs and the time go in, effects come out; it holds no clock, socket or
 * timer, and never throws.
 */
export class Core {
  readonly #turn = new Turn();
  readonly #options: CoreOptions;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #subscriptions: Subscriptions;
  readonly #pages: Pages;
  readonly #watches: Watches;
  readonly #members: Members;
  readonly #ledger: Ledger | undefined;
  /** The secret is empty before the first attempt. */
  #self: KeptClient = { secret: '', taken: 0, run: 0 };
  #client: string | undefined;

  constructor(options: CoreOptions) {
    this.#options = options;
    const user = {
      attempt: () => this.#prove(),
      hello: (token: string | undefined) => this.#hello(token),
      ready: (welcome?: Welcome) => this.#ready(welcome),
      lost: () => this.#lost(),
    };
    const roads = new Roads(options.roads, options.road, options.random);
    this.#connection = new Connection(this.#turn, user, roads, options.token, options.random);
    const link = {
      turn: this.#turn,
      ready: () => this.#connection.ready,
      random: options.random,
      open: (topic: string) => this.#subscriptions.open(topic),
      seen: (topic: string) => this.#subscriptions.seen(topic),
      rebase: (topic: string, newest: number, recovered: boolean, seqs: Snapshot['seqs'] = []) => {
        const [, held = 0] = seqs.find(([client]) => client === this.#client) ?? [];
        this.#outbox.rebase(topic, newest, recovered, held);
      },
      disagree: () => this.#connection.end(undefined),
      tokenExpired: () => this.#connection.tokenExpired(new TuttiError('token_expired')),
    };
    const { keeps } = options;
    if (keeps) this.#ledger = new Ledger();
    const limits = {
      entries: options.queueEntries ?? (keeps ? 10_000 : 1000),
      bytes: options.queueBytes ?? (keeps ? 32 : 8) << 20,
    };
    this.#outbox = new Outbox(link, limits, this.#ledger);
    this.#outbox.canRenew = () => this.#turn.now - this.#self.taken >= day;
    this.#subscriptions = new Subscriptions(link);
    this.#pages = new Pages(link);
    this.#watches = new Watches(link);
    this.#members = new Members(link);
  }

  get state(): State {
    return this.#connection.state;
  }

  /** The id by which the server knows this client, as it told the last time; entries that are its own bear it. */
  get client(): string | undefined {
    return this.#client;
  }

  /** Whether a publish was never given a seq. */
  isUnsent(key: number): boolean {
    return this.#outbox.isUnsent(key);
  }

  /** How many bytes the data of an entry may have, as the server told the last time; Infinity before. */
  get messageBytes(): number {
    return this.#outbox.messageBytes;
  }

  /** Takes one input at a time that never goes back; returns what is to be done, in order. */
  step(now: number, input: Input): Effect[] {
    this.#turn.now = now;
    this.#turn.step++;
    if (this.state !== 'closed') this.#take(input);
    else this.#decline(input);
    const parts = [this.#connection, this.#outbox, this.#subscriptions, this.#watches, this.#members];
    const wish = Math.min(this.#renewal, ...parts.map((part) => part.wish()));
    return this.#turn.end(this.#ledger?.tell() ?? [], wish, input.kind === 'tick');
  }

  #take(input: Input): void {
    switch (input.kind) {
      case 'connect':
        return this.#connection.connect();
      case 'token':
        return this.#connection.token(input.token);
      case 'tokenFailed':
        return this.#connection.tokenFailed(input.message);
      case 'opened':
        return this.#connection.opened();
      case 'message':
        this.#hear(input.message);
        return this.#renewIfExpired();
      case 'aside':
        this.#hear(input.message, true);
        return this.#renewIfExpired();
      case 'lost':
        return this.#connection.lost(input.code);
      case 'wake':
        return this.#connection.wake(input.network ?? false);
      case 'tried':
        return this.#connection.tried(input.road, input.ok);
      case 'tick':
        this.#outbox.tick();
        this.#connection.tick();
        this.#flush();
        return this.#renewIfExpired();
      case 'subscribe':
        return this.#subscriptions.subscribe(input);
      case 'unsubscribe':
        this.#subscriptions.unsubscribe(input.handler);
        return this.#renewIfExpired();
      case 'publish':
        return this.#outbox.publish(input);
      case 'amend':
        return this.#outbox.amend(input);
      case 'release':
        return this.#outbox.release(input.key, input.base);
      case 'abort':
        this.#outbox.abort(input.key);
        return this.#pages.abort(input.key);
      case 'history': {
        const { kind: _, key, ...request } = input;
        return this.#pages.want(key, request);
      }
      case 'restore': {
        if (!this.#ledger || this.#self.secret) return;
        if (input.client) this.#self = input.client;
        this.#client = this.#self.id;
        return this.#outbox.restore(input);
      }
      case 'unkept':
        this.#outbox.unkept();
        return this.#renewIfExpired();
      case 'kept':
        this.#ledger?.kept(input.batch);
        return this.#outbox.flush();
      case 'watch':
        return this.#watches.watch(input.topic);
      case 'unwatch':
        return this.#watches.unwatch(input.topic);
      case 'enter':
        return this.#members.enter(input.key, input.topic, input.state);
      case 'update':
        return this.#members.update(input.topic, input.state);
      case 'leave':
        return this.#members.leave(input.topic, input.key);
      case 'signal':
        return this.#members.signal(input.topic, input.name, input.data);
      case 'away':
        if (!this.#members.any) return;
        this.#farewell(true);
        return this.#connection.away();
      case 'close':
        this.#outbox.close();
        this.#pages.close();
        this.#farewell();
        this.#members.close();
        return this.#connection.close();
      default:
        return input satisfies never;
    }
  }

  /** Answers whoever would wait for ever, after close. */
  #decline(input: Input): void {
    const error = new TuttiError('closed');
    if (input.kind === 'publish') this.#turn.emit({ kind: 'settled', key: input.key, error });
    if (input.kind === 'history') this.#turn.emit({ kind: 'page', key: input.key, error });
    if (input.kind === 'watch') this.#turn.emit({ kind: 'unwatched', topic: input.topic, error });
    if (input.kind === 'enter') this.#turn.emit({ kind: 'entered', key: input.key, error });
    if (input.kind === 'leave' && input.key !== undefined) this.#turn.emit({ kind: 'left', key: input.key });
    if (input.kind === 'subscribe') this.#turn.emit({ kind: 'failed', handler: input.handler, error });
  }

  #hear(m: ServerMessage, aside = false): void {
    if (m.type === 'close') return this.#connection.end(TuttiError.from(m.error));
    if (m.type === 'welcome') {
      const { id } = this.#self;
      const mine = !this.#ledger || !id || m.clients?.[0] === id;
      return this.#connection.welcome(m, mine);
    }
    if (!aside) this.#connection.heard();
    if (!this.#connection.online) return;
    switch (m.type) {
      case 'authenticated':
        return this.#connection.authenticated(m.id);
      case 'subscribed':
        this.#subscriptions.subscribed(m);
        return this.#outbox.opened(m.topic);
      case 'unsubscribed':
        if (m.id === undefined)
          this.#subscriptions.unsubscribed(m.topic, m.error && TuttiError.from(m.error));
        return;
      case 'snapshot': {
        const { type: _, topic, ...snapshot } = m;
        if (!this.#subscriptions.snapshot(topic, snapshot)) return this.#connection.end(undefined);
        return this.#outbox.opened(topic);
      }
      case 'entry': {
        const { type: _, topic, ...entry } = m;
        const { client, seq } = entry;
        if (client !== undefined && client === this.#client && seq) this.#outbox.logged(topic, seq);
        if (!this.#subscriptions.entry(topic, entry)) this.#connection.end(undefined);
        return;
      }
      case 'ack':
      case 'refused':
      case 'rejected':
      case 'gap':
        return this.#outbox.answer(m);
      case 'history': {
        const { type: _, id, ...page } = m;
        return this.#pages.answer(id, page);
      }
      case 'watching':
      case 'presence':
      case 'unwatched':
        return this.#watches.hear(m);
      case 'entered':
        return this.#members.entered(m.id, m.topic);
      case 'left':
        return this.#members.left(m.id, m.topic, m.error && TuttiError.from(m.error));
      case 'error':
        return this.#failed(m.id, TuttiError.from(m.error), m.topic);
      case 'ping':
        return this.#turn.say({ type: 'pong' });
      case 'pong':
      case 'proved':
        return;
      default:
        return m satisfies never;
    }
  }

  #failed(id: number | undefined, error: TuttiError, topic?: string): void {
    if (id === undefined) {
      if (topic !== undefined) this.#members.failed(topic, error);
      else if (error.code === 'token_expired') this.#connection.tokenExpired(error);
      return;
    }
    for (const part of [this.#connection, this.#subscriptions, this.#pages, this.#watches, this.#members])
      if (part.refused(id, error)) return;
  }

  /** When a new client begins that is called for: at once, or as soon as documents hold what they can. */
  get #renewal(): number {
    const { expired } = this.#outbox;
    if (expired === undefined || !this.#connection.online || !this.#outbox.answered) return Infinity;
    return this.#outbox.seen ? this.#turn.now : Math.max(expired, this.#connection.since) + seenTime;
  }

  /** The server has forgotten this client, or it cannot be kept: goes on as a new one as soon as it can. */
  #renewIfExpired(): void {
    if (this.#turn.now < this.#renewal) return;
    this.#outbox.giveUp();
    this.#connection.again();
  }

  /** Takes the secret of the attempt to come. */
  #prove(): void {
    const { secret, taken } = this.#self;
    const { now } = this.#turn;
    const { expired, answered, seen } = this.#outbox;
    if (secret && expired === undefined && now - taken <= 20 * day) return;
    if (!answered || !seen) return;
    this.#be({ secret: this.#options.secret(), taken: now, run: 0 });
    this.#outbox.renew();
  }

  #be(self: KeptClient): void {
    this.#self = self;
    this.#ledger?.client(self);
  }

  #hello(token: string | undefined): ClientMessage {
    const topics = this.#subscriptions.hello();
    const watch = this.#watches.hello();
    const enter = this.#members.hello();
    const { secret, run } = this.#self;
    this.#be({ ...this.#self, run: run + 1 });
    return {
      type: 'hello',
      ...(token && { token }),
      clients: [{ secret, run: run + 1 }],
      ...(topics.length && { topics }),
      ...(watch.length && { watch }),
      ...(enter.length && { enter }),
    };
  }

  #ready(welcome?: Welcome): void {
    if (welcome) this.#client = welcome.clients?.[0];
    if (this.#client && this.#client !== this.#self.id) this.#be({ ...this.#self, id: this.#client });
    const limits = welcome?.limits;
    if (limits?.messageBytes) this.#outbox.messageBytes = limits.messageBytes;
    if (limits?.frameBytes) this.#turn.frameBytes = limits.frameBytes;
    this.#flush();
  }

  #flush(): void {
    this.#subscriptions.flush();
    this.#outbox.flush();
    this.#pages.flush();
    this.#watches.flush();
    this.#members.flush();
  }

  #lost(): void {
    this.#subscriptions.lost();
    this.#outbox.lost();
    this.#pages.lost();
    this.#watches.lost();
    this.#members.lost();
  }

  /** The last words to the server: the client is gone, or about to go. */
  #farewell(away = false): void {
    if (!this.#members.any || !this.#connection.online) return;
    const leave = { type: 'leave', id: this.#turn.id(), ...(away && { away }) } as const;
    this.#turn.emit({ kind: 'send', messages: [leave] });
  }
}
