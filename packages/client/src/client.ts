import { Alarm } from './alarm.ts';
import { checkTopic } from './core/check.ts';
import { Core, type CoreOptions } from './core/core.ts';
import type { Effect, Status } from './core/effect.ts';
import type { Input } from './core/input.ts';
import type { Road } from './core/roads.ts';
import { Dialer } from './dial.ts';
import type { DocumentsHost, Left } from './doc/documents.ts';
import { TuttiError } from './error.ts';
import { Handlers } from './handlers.ts';
import type { Keeper } from './keep.ts';
import { Keeping, type KeepingHost } from './keeping.ts';
import { Listeners } from './listeners.ts';
import { RoadMemory } from './memory.ts';
import type { Settings } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Presence } from './presence/presence.ts';
import { Presences } from './presence/presences.ts';
import type { Entry } from './protocol.ts';
import { Requests } from './requests.ts';
import { Sync, type Syncing, type SyncStatus, type Work } from './sync.ts';
import { Topic } from './topic.ts';
import type { Transport } from './transport.ts';
import { onPage, onWake } from './wake.ts';

/** What a client needs of its documents, if it has any. */
export interface OpenDocuments {
  /** The client may be another one, by what a server has told. */
  identify(): void;
  /** Makes an operation of a document of a type; throws if it cannot be made. */
  operate(topic: string, type: string, data: unknown): void;
  /** Goes on with a document of the client that had that id; false if there are none of its type. */
  revive(left: Left, client: string | undefined): boolean;
  /** The type of the document that is open on a topic. */
  typeOf(topic: string): string | undefined;
  /** Stores those that are kept, of which nothing is stored any more. */
  save(): void;
  close(): void;
}

/** What a client that sends what a dead one has left is told by the client beside which it does. */
interface Side {
  only: string;
  buried: KeepingHost['buried'];
  changed(): void;
}

/**
 * A connection to a server that keeps itself up, and all that is subscribed
 * and published over it. Make one with `connect`, and `close` it at the end.
 */
export class Client<D extends OpenDocuments | undefined = OpenDocuments | undefined> implements Syncing {
  readonly #settings: Settings;
  readonly #dialer: Dialer;
  /** Of no use to a client that is not to take all roads. */
  readonly #memory: RoadMemory | undefined;
  readonly #core: Core;
  readonly #alarm: Alarm;
  readonly #handlers: Handlers;
  readonly #requests: Requests;
  readonly #presences: Presences;
  #isForgotten = false;
  /** @internal */
  protected readonly documents: D;
  readonly #statusListeners: Listeners<[Status]>;
  readonly #keeping: Keeping | undefined;
  readonly #sync: Sync;
  readonly #stops: (() => void)[];
  #status: Status = { state: 'idle' };
  #transport: Transport | undefined;
  /** Effects that are not carried out yet, and what is to run between them. */
  readonly #effects: (Effect | (() => void))[] = [];
  #busy = false;
  /** Whether there is a connection; undefined before the first attempt has ended. */
  #reached: boolean | undefined;
  #time = 0;
  #asked = 0;

  /**
   * Use `connect`. `documents` makes its documents, if it is to have any. With
   * `side` it goes on as a dead client, and ends when it has nothing left.
   */
  constructor(url: string, settings: Settings, documents: (host: DocumentsHost) => D, side?: Side) {
    this.#settings = settings;
    this.#dialer = new Dialer(url, settings);
    const { token, roads, random, secret, onError: report } = settings;
    if (roads[0] === 'ws') this.#memory = new RoadMemory(url, settings.now);
    const kind = typeof token === 'function' ? 'function' : token === undefined ? 'none' : 'constant';
    const keeps = settings.storage !== false;
    if (keeps)
      this.#keeping = new Keeping(url, settings, this.#keepingHost(url, documents, side), side?.only);
    this.outbox = new Outbox({
      keeper: () => this.#keeping?.keeper,
      keepers: () => this.#keeping?.keepers ?? [],
      again: ({ topic, name, key, doc }, data) => {
        if (this.#status.state === 'closed') throw new TuttiError('closed');
        if (doc !== undefined) this.#operate(topic, doc, data);
        else this.#requests.start(topic, data, { ...(name && { name }), ...(key && { key }) });
      },
      report,
    });
    const options: CoreOptions = { token: kind, roads, road: this.#memory?.get(), random, secret, keeps };
    this.#core = new Core(options);
    const feed = (input: Input): readonly Effect[] => this.#feed(input);
    this.#alarm = new Alarm(
      settings.timers,
      () => this.#now(),
      () => feed({ kind: 'tick' }),
    );
    this.#handlers = new Handlers(feed, report);
    this.#requests = new Requests(
      feed,
      (run) => {
        this.#effects.push(run);
        this.#drain();
      },
      () => this.#core.client,
      (key) => this.#core.isUnsent(key),
    );
    this.#presences = new Presences({
      feed,
      client: () => this.#core.client,
      now: () => this.#now(),
      timers: settings.timers,
      report,
    });
    this.documents = documents({
      open: this.#handlers.open,
      operate: this.#requests.operate,
      resume: this.#requests.resume,
      ...(this.#keeping && { copies: this.#keeping.copies }),
      client: () => this.#core.client,
      now: settings.wall,
      random,
      timers: settings.timers,
      report,
      messageBytes: () => this.#core.messageBytes,
      text: settings.text,
    });
    this.#statusListeners = new Listeners(report);
    this.#sync = new Sync(settings.timers, report, this.#work());
    this.#stops = [
      onWake((network) => {
        this.#keeping?.again();
        feed({ kind: 'wake', network });
      }, settings),
      onPage('offline', () => {
        if (this.#status.state === 'live') feed({ kind: 'wake', network: false }); // a hint: it is asked
      }),
      onPage('pagehide', () => {
        this.#keeping?.keeper?.away();
        feed({ kind: 'away' });
      }),
    ];
    if (!this.#keeping) feed({ kind: 'connect' });
  }

  /** What is not settled yet, and the dead letters of former lives of the page. */
  readonly outbox: Outbox;

  /** The state of the connection. */
  get status(): Status {
    return this.#status;
  }

  /** How entries name this client, once a server has told it; another after weeks without a connection. */
  get id(): string | undefined {
    return this.#core.client;
  }

  /** Whether what is published now goes out at once. */
  get online(): boolean {
    return this.#status.state === 'live' || this.#status.state === 'probing';
  }

  /**
   * Whether what was published and changed here has arrived. What waits in
   * `parked` is `blocked`: `connect` tries again.
   */
  get sync(): SyncStatus {
    return this.#sync.status;
  }

  /**
   * A topic whose entries hold data of type T, and its members states of type S.
   * Throws bad_topic if it cannot be a topic's name.
   */
  topic<T = unknown, S = unknown>(name: string): Topic<T, S> {
    mayName(name);
    const { subscribe } = this.#handlers;
    const { publish, history } = this.#requests;
    return new Topic<T, S>({ subscribe, publish, history, presence: this.#presences.of }, name);
  }

  /** Who is in a topic, a document's too: the same as `topic(name).presence`. Throws as `topic` does. */
  presence<S = unknown>(topic: string): Presence<S> {
    return this.topic<unknown, S>(topic).presence;
  }

  /** Calls a function whenever the status has changed; returns a function that ends it. */
  onStatus(listener: (status: Status) => void): () => void {
    return this.#statusListeners.add(listener);
  }

  /** Calls a function whenever the sync status has changed; returns a function that ends it. */
  onSync(listener: (status: SyncStatus) => void): () => void {
    return this.#sync.listeners.add(listener);
  }

  /** Calls a function with every entry of every subscribed topic, once; returns a function that ends it. */
  onMessage(listener: (data: unknown, entry: Entry, topic: string) => void): () => void {
    return this.#handlers.messages.add(listener);
  }

  /** Tries again at once, where the client waits to, or has given up (`backoff`, `parked`). */
  connect(): void {
    if (this.#keeping?.hasBegun === false) this.#keeping.again();
    else this.#feed({ kind: 'connect' });
  }

  /** Ends for good. Every publish that is not settled fails with `closed`. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#presences.close();
    this.#dialer.stop();
    this.documents?.close();
    this.#feed({ kind: 'close' });
    this.#sync.end(this.#work());
    this.#keeping?.close();
  }

  /**
   * Ends for good, and erases all that is kept of the user on this device: what
   * was not sent is lost. Other pages of the user end too.
   */
  async forget(): Promise<void> {
    const erase = await this.#keeping?.forget();
    this.#forgotten();
    await erase?.();
  }

  /** Nothing waits any more that it could not send. */
  #forgotten(): void {
    this.#isForgotten = true;
    this.close();
  }

  #work(): Work {
    const { keeper, keepers = [] } = this.#keeping ?? {};
    const sum = (of: (keeper: Keeper) => number): number => keepers.reduce((n, one) => n + of(one), 0);
    const pending = keeper ? sum((one) => one.pending) : this.#requests.pending;
    const waiting = sum((one) => one.waiting);
    const parked = this.#status.state === 'parked' && pending > 0;
    return {
      online: parked || this.#isForgotten ? undefined : this.#reached,
      pending: parked ? 0 : pending - waiting,
      blocked: (parked ? pending : waiting) + (keeper?.buried ?? 0),
      durable: keeper !== undefined && keepers.every(({ durable }) => durable),
    };
  }

  #operate(topic: string, type: string, data: unknown): void {
    if (!this.documents) throw new TuttiError('wrong_type', 'The client has no documents.');
    this.documents.operate(topic, type, data);
  }

  #keepingHost(url: string, documents: (host: DocumentsHost) => D, side: Side | undefined): KeepingHost {
    return {
      feed: (input) => this.#feed(input),
      reserve: () => this.#requests.reserve(),
      docOf: (topic) => this.documents?.typeOf(topic),
      revive: (document, client) => this.documents?.revive(document, client) ?? false,
      lost: () => this.documents?.save(),
      waits: (attempt, wait, error) => {
        const until = this.#now() + wait;
        this.#effects.push({ kind: 'status', state: 'backoff', attempt, until, error });
        this.#drain();
      },
      beside: (only) => {
        const other = new Client(url, this.#settings, documents, {
          only,
          buried: (id, letter) => this.#keeping?.keeper?.adopt(id, letter),
          changed: () => this.#changed(),
        });
        const ended = (): boolean => other.#status.state === 'closed';
        return {
          // What it could not send when it ended waits for another client.
          keeper: () => (ended() ? undefined : other.#keeping?.keeper),
          ended,
          close: () => other.close(),
        };
      },
      buried: (id, letter) => side?.buried(id, letter),
      changed: () => {
        this.#changed();
        side?.changed();
      },
      close: () => this.close(),
      forgotten: () => this.#forgotten(),
    };
  }

  #changed(): void {
    this.outbox.changed();
    this.#sync.update(this.#work());
  }

  #now(): number {
    this.#time = Math.max(this.#time, this.#settings.now());
    return this.#time;
  }

  /**
   * Steps the core and carries out what comes of it. A handler may call the
   * client: the core steps at once, and the effects queue up behind those that
   * are being carried out, so that all happens in order.
   */
  #feed(input: Input): readonly Effect[] {
    const effects = this.#core.step(this.#now(), input);
    this.#effects.push(...effects);
    this.#drain();
    return effects;
  }

  #drain(): void {
    if (this.#busy) return;
    this.#busy = true;
    do {
      for (let next = this.#effects.shift(); next; next = this.#effects.shift())
        if (typeof next === 'function') next();
        else this.#carryOut(next);
      this.#sync.update(this.#work());
    } while (this.#effects.length);
    this.#busy = false;
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'status': {
        const { kind: _, ...status } = effect;
        this.#status = status;
        if (status.state === 'live') {
          this.#memory?.set(status.road);
          this.documents?.identify(); // before anything is sent
        }
        if (status.state !== 'connecting' || this.#reached !== undefined) this.#reached = this.online;
        return this.#statusListeners.tell(status);
      }
      case 'token':
        return void this.#askToken();
      case 'open':
        return this.#open(effect.road);
      case 'try': {
        const { road, token } = effect;
        return this.#dialer.try(road, token, (ok) => this.#feed({ kind: 'tried', road, ok }));
      }
      case 'send':
        return this.#transport?.send(effect.messages);
      case 'shut':
        this.#transport?.shut();
        this.#transport = undefined;
        return;
      case 'wait':
        return this.#alarm.set(effect.until);
      case 'started':
      case 'snapshot':
      case 'deliver':
      case 'failed':
        return this.#handlers.carryOut(effect);
      case 'queued':
      case 'sent':
      case 'doubtful':
      case 'outdated':
      case 'page':
        return this.#requests.carryOut(effect);
      case 'settled':
        this.#keeping?.settled(effect);
        return this.#requests.carryOut(effect);
      case 'presence':
      case 'unwatched':
      case 'expelled':
      case 'fault':
      case 'entered':
      case 'left':
        return this.#presences.carryOut(effect);
      case 'keep':
        return this.#keeping?.keep(effect);
      default:
        return effect satisfies never;
    }
  }

  #open(road: Road): void {
    this.#transport = this.#dialer.open(road, {
      opened: () => this.#feed({ kind: 'opened' }),
      heard: (message) => this.#feed({ kind: 'message', message }),
      aside: (message) => this.#feed({ kind: 'aside', message }),
      lost: (code, error) => {
        if (error) this.#settings.onError(error);
        this.#feed({ kind: 'lost', code });
      },
    });
  }

  /** Asks the application for a token; only the answer to the latest question counts. */
  async #askToken(): Promise<void> {
    const asked = ++this.#asked;
    const { token } = this.#settings;
    const known = this.#keeping?.takeToken();
    let answer: Input;
    try {
      const given: unknown = known ?? (typeof token === 'function' ? await token() : token);
      if (typeof given !== 'string' || !given) throw new Error('it is not a string');
      answer = { kind: 'token', token: given };
    } catch (error) {
      answer = { kind: 'tokenFailed', message: error instanceof Error ? error.message : String(error) };
    }
    if (asked === this.#asked) this.#feed(answer);
  }
}

/** Throws bad_topic unless it may name a topic. */
export function mayName(topic: string): void {
  const error = checkTopic(topic);
  if (error) throw error;
}
