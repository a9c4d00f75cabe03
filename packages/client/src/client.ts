import { Alarm } from './alarm.ts';
import { checkTopic } from './core/check.ts';
import { Core, type CoreOptions } from './core/core.ts';
import type { Effect, Status } from './core/effect.ts';
import type { Input } from './core/input.ts';
import type { Road } from './core/roads.ts';
import { Dialer } from './dial.ts';
import type { CounterHandle } from './doc/counter-handle.ts';
import { Documents } from './doc/documents.ts';
import type { HandleOptions } from './doc/handle.ts';
import type { RecordsHandle, RecordsOptions } from './doc/records-handle.ts';
import type { SetHandle, SetOptions } from './doc/set-handle.ts';
import type { TextHandle, TextOptions } from './doc/text.ts';
import type { Copies } from './document.ts';
import { TuttiError } from './error.ts';
import { Handlers } from './handlers.ts';
import type { DeadLetter, Keeper, Life } from './keep.ts';
import { Listeners } from './listeners.ts';
import { RoadMemory } from './memory.ts';
import type { Settings } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Entry } from './protocol.ts';
import { Requests } from './requests.ts';
import { Topic } from './topic.ts';
import type { Transport } from './transport.ts';
import { onWake } from './wake.ts';

/**
 * A connection to a server that keeps itself up, and all that is subscribed
 * and published over it. Make one with `connect`, and `close` it at the end.
 */
export class Client {
  readonly #settings: Settings;
  readonly #dialer: Dialer;
  /** Of no use to a client that is not to take all roads. */
  readonly #memory: RoadMemory | undefined;
  readonly #core: Core;
  readonly #alarm: Alarm;
  readonly #handlers: Handlers;
  readonly #requests: Requests;
  readonly #documents: Documents;
  readonly #statusListeners: Listeners<[Status]>;
  /** What is not settled yet, and the dead letters of former lives of the page. */
  readonly outbox: Outbox;
  /** What the core wants to be stored before anything can be. */
  #unkept: Extract<Effect, { kind: 'keep' }>[] | undefined = [];
  #keeper: Keeper | undefined;
  /** When what was kept is shown, if anything is. */
  #begun: Promise<void> | undefined;
  /** Those that send what other dead clients have left. */
  readonly #sides: Client[] = [];
  /** The token that was asked for to know the user. */
  #token: string | undefined;
  readonly #stopWaking: () => void;
  #status: Status = { state: 'idle' };
  #transport: Transport | undefined;
  /** Effects that are not carried out yet, and what is to run between them. */
  readonly #effects: (Effect | (() => void))[] = [];
  #busy = false;
  #time = 0;
  #asked = 0;

  /** Use `connect`. With `only` it goes on as that dead client, and ends when it has nothing left. */
  constructor(url: string, settings: Settings, only?: string) {
    this.#settings = settings;
    this.#dialer = new Dialer(url, settings);
    const { token, roads, random, secret, onError: report } = settings;
    if (roads[0] === 'ws') this.#memory = new RoadMemory(url, settings.now);
    const kind = typeof token === 'function' ? 'function' : token === undefined ? 'none' : 'constant';
    const keeps = settings.storage !== false;
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
    this.#documents = new Documents({
      open: this.#handlers.open,
      operate: this.#requests.operate,
      resume: this.#requests.resume,
      ...(keeps && { copies: this.#copies() }),
      client: () => this.#core.client,
      now: settings.wall,
      random,
      timers: settings.timers,
      report,
      messageBytes: () => this.#core.messageBytes,
      text: settings.text,
    });
    this.#statusListeners = new Listeners(report);
    this.outbox = new Outbox({ keeper: () => this.#keeper, again: (...all) => this.#again(...all), report });
    this.#stopWaking = onWake((network) => feed({ kind: 'wake', network }), settings);
    if (keeps) this.#begun = this.#begin(url, only);
    else feed({ kind: 'connect' });
  }

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

  /** A topic whose entries hold data of type T. Throws bad_topic if it cannot be a topic's name. */
  topic<T = unknown>(name: string): Topic<T> {
    mayName(name);
    const { subscribe } = this.#handlers;
    const { publish, history } = this.#requests;
    return new Topic<T>({ subscribe, publish, history }, name);
  }

  /**
   * Opens a counter. Throws bad_topic if it cannot be a topic's name, and
   * wrong_type if this client has it open as another type.
   */
  counter(topic: string, options: HandleOptions = {}): CounterHandle {
    mayName(topic);
    return this.#documents.counter(topic, options);
  }

  /** Opens a set of JSON values. Throws as `counter` does. */
  set<T = unknown>(topic: string, options: SetOptions<T> = {}): SetHandle<T> {
    mayName(topic);
    return this.#documents.set(topic, options);
  }

  /** Opens records: JSON objects by key. Throws as `counter` does. */
  records<T extends object = Record<string, unknown>>(
    topic: string,
    options: RecordsOptions<T> = {},
  ): RecordsHandle<T> {
    mayName(topic);
    return this.#documents.records(topic, options);
  }

  /**
   * Opens a text that several people edit. Throws as `counter` does, and
   * not_found unless the client was connected with `types: [text]`.
   */
  text(topic: string, options: TextOptions = {}): TextHandle {
    mayName(topic);
    return this.#documents.text(topic, options);
  }

  /** Calls a function whenever the status has changed; returns a function that ends it. */
  onStatus(listener: (status: Status) => void): () => void {
    return this.#statusListeners.add(listener);
  }

  /** Calls a function with every entry of every subscribed topic, once; returns a function that ends it. */
  onMessage(listener: (data: unknown, entry: Entry, topic: string) => void): () => void {
    return this.#handlers.messages.add(listener);
  }

  /** Tries again at once, where the client waits to, or has given up (`backoff`, `parked`). */
  connect(): void {
    this.#feed({ kind: 'connect' });
  }

  /** Ends for good. Every publish that is not settled fails with `closed`. */
  close(): void {
    this.#stopWaking();
    this.#dialer.stop();
    this.#documents.close();
    this.#feed({ kind: 'close' });
    for (const side of this.#sides) side.close();
    void this.#keeper?.close();
  }

  /**
   * Ends for good, and erases all that is kept of the user on this device: what
   * was not sent is lost. Other pages of the user end too.
   */
  async forget(): Promise<void> {
    await this.#begun;
    const keeper = this.#keeper;
    this.#keeper = undefined; // nothing more is stored
    this.close();
    await keeper?.forget();
    await keeper?.close();
  }

  /** Goes on with what was kept, and then connects. */
  async #begin(url: string, only: string | undefined): Promise<void> {
    const { timers, version, migrate, wall, onError: report, storage } = this.#settings;
    try {
      const { begin } = await import('./keep.ts');
      const host: Parameters<typeof begin>[0] = {
        ...{
          name: `tutti:${url}`,
          user: await this.#user(),
          only,
          version,
          timers,
          migrate,
          report,
          now: wall,
        },
        reserve: () => this.#requests.reserve(),
        docOf: (topic) => this.#documents.typeOf(topic),
        kept: (batch) => this.#feed({ kind: 'kept', batch }),
        changed: () => this.#changed(only),
        forgotten: () => this.close(),
      };
      const begun = await begin(host, storage === true || storage === false ? undefined : storage);
      if (!begun) return this.close();
      if (this.#status.state === 'closed') return void begun.keeper.close();
      this.#keeper = begun.keeper;
      this.#goOn(begun.life, url);
    } catch (error) {
      report(error);
    }
    const unkept = this.#unkept ?? [];
    this.#unkept = undefined;
    for (const effect of unkept) this.#keep(effect);
    this.#feed({ kind: 'connect' });
    this.#changed(only);
  }

  #goOn({ restore, documents, others }: Life, url: string): void {
    for (const { topic, doc, operations, copy } of documents)
      this.#documents.revive(topic, doc, restore.client?.id, operations, copy);
    this.#feed({ kind: 'restore', ...restore });
    for (const other of others) this.#sides.push(new Client(url, this.#settings, other));
  }

  /** Whose it is what is kept. */
  async #user(): Promise<string> {
    const { user, token } = this.#settings;
    if (user !== undefined || token === undefined) return user ?? '';
    this.#token = typeof token === 'function' ? await token() : token;
    return subOf(this.#token);
  }

  #changed(only: string | undefined): void {
    this.outbox.changed();
    if (only !== undefined && this.#keeper?.idle) this.close();
  }

  #keep(effect: Extract<Effect, { kind: 'keep' }>): void {
    if (this.#keeper) this.#keeper.keep(effect);
    else if (this.#unkept) this.#unkept.push(effect);
    else this.#feed({ kind: 'kept', batch: effect.batch }); // it is not to be kept
  }

  #copies(): Copies {
    return {
      load: async (topic, doc) => {
        await this.#begun;
        if (!this.#keeper) throw new TuttiError('storage_failed');
        return this.#keeper.load(topic, doc);
      },
      begin: (topic, doc) => this.#keeper?.begin(topic, doc),
      dead: (sendings, error) => this.#keeper?.dead(sendings, error),
    };
  }

  #again({ topic, name, key, doc }: DeadLetter, data: unknown): void {
    if (doc !== undefined) this.#documents.operate(topic, doc, data);
    else this.#requests.publish(topic, data, { ...(name && { name }), ...(key && { key }) });
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
    for (let next = this.#effects.shift(); next; next = this.#effects.shift())
      if (typeof next === 'function') next();
      else this.#carryOut(next);
    this.#busy = false;
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'status': {
        const { kind: _, ...status } = effect;
        this.#status = status;
        if (status.state === 'live') this.#memory?.set(status.road);
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
        this.#keeper?.settled(effect);
        return this.#requests.carryOut(effect);
      case 'keep':
        return this.#keep(effect);
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
    const known = this.#token;
    this.#token = undefined;
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

/** The `sub` of a token, which nobody has proved; empty if it has none. */
function subOf(token: string): string {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    return String(JSON.parse(bytes).sub ?? '');
  } catch {
    return '';
  }
}

function mayName(topic: string): void {
  const error = checkTopic(topic);
  if (error) throw error;
}
