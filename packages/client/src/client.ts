import { Alarm } from './alarm.ts';
import { checkTopic } from './core/check.ts';
import { Core, type CoreOptions } from './core/core.ts';
import type { Effect, Status } from './core/effect.ts';
import type { Input } from './core/input.ts';
import { decode } from './decode.ts';
import { TuttiError } from './error.ts';
import { Handlers } from './handlers.ts';
import { Listeners } from './listeners.ts';
import type { Settings } from './options.ts';
import type { ClientMessage, Entry } from './protocol.ts';
import { Requests } from './requests.ts';
import { Socket } from './socket.ts';
import { Topic } from './topic.ts';
import { onWake } from './wake.ts';

/**
 * A connection to a server that keeps itself up, and all that is subscribed
 * and published over it. Make one with `connect`, and `close` it at the end.
 */
export class Client {
  readonly #url: string;
  readonly #settings: Settings;
  readonly #core: Core;
  readonly #alarm: Alarm;
  readonly #handlers: Handlers;
  readonly #requests: Requests;
  readonly #statusListeners: Listeners<[Status]>;
  readonly #stopWaking: () => void;
  #status: Status = { state: 'idle' };
  #socket: Socket | undefined;
  /** Effects that are not carried out yet. */
  readonly #effects: Effect[] = [];
  #busy = false;
  #time = 0;
  #asked = 0;

  /** Use `connect`. */
  constructor(url: string, settings: Settings) {
    this.#url = url;
    this.#settings = settings;
    const { token, random, secret, onError: report } = settings;
    const kind = typeof token === 'function' ? 'function' : token === undefined ? 'none' : 'constant';
    const options: CoreOptions = { token: kind, roads: ['ws'], random, secret };
    this.#core = new Core(options);
    const feed = (input: Input): void => this.#feed(input);
    this.#alarm = new Alarm(
      settings.timers,
      () => this.#now(),
      () => feed({ kind: 'tick' }),
    );
    this.#handlers = new Handlers(feed, report);
    this.#requests = new Requests(feed);
    this.#statusListeners = new Listeners(report);
    this.#stopWaking = onWake(() => feed({ kind: 'wake' }));
    feed({ kind: 'connect' });
  }

  /** The state of the connection. */
  get status(): Status {
    return this.#status;
  }

  /** Whether what is published now goes out at once. */
  get online(): boolean {
    return this.#status.state === 'live' || this.#status.state === 'probing';
  }

  /** A topic whose entries hold data of type T. Throws bad_topic if it cannot be a topic's name. */
  topic<T = unknown>(name: string): Topic<T> {
    const error = checkTopic(name);
    if (error) throw error;
    const { subscribe } = this.#handlers;
    const { publish, history } = this.#requests;
    return new Topic<T>({ subscribe, publish, history }, name);
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
    this.#feed({ kind: 'close' });
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
  #feed(input: Input): void {
    this.#effects.push(...this.#core.step(this.#now(), input));
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#effects.shift(); next; next = this.#effects.shift()) this.#carryOut(next);
    this.#busy = false;
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'status': {
        const { kind: _, ...status } = effect;
        this.#status = status;
        return this.#statusListeners.tell(status);
      }
      case 'token':
        return void this.#askToken();
      case 'open':
        return this.#open();
      case 'try':
        return;
      case 'send':
        return this.#send(effect.messages);
      case 'shut':
        this.#socket?.shut(effect.code);
        this.#socket = undefined;
        return;
      case 'wait':
        return this.#alarm.set(effect.until);
      case 'started':
      case 'deliver':
      case 'failed':
        return this.#handlers.carryOut(effect);
      case 'queued':
      case 'sent':
      case 'settled':
      case 'page':
        return this.#requests.carryOut(effect);
      default:
        return effect satisfies never;
    }
  }

  #open(): void {
    this.#socket = new Socket(this.#settings.WebSocket, this.#url, {
      opened: () => this.#feed({ kind: 'opened' }),
      heard: (frame) => this.#hear(frame),
      lost: (code) => this.#feed({ kind: 'lost', code }),
    });
  }

  #send(messages: ClientMessage[]): void {
    this.#socket?.send(JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  #hear(frame: unknown): void {
    const messages = decode(frame);
    if (messages) {
      const from = this.#socket;
      for (const message of messages) if (this.#socket === from) this.#feed({ kind: 'message', message });
      return;
    }
    this.#settings.onError(new TuttiError('bad_frame', 'The server said what is no message.'));
    this.#socket?.shut(1000);
    this.#feed({ kind: 'lost', code: 0 });
  }

  /** Asks the application for a token; only the answer to the latest question counts. */
  async #askToken(): Promise<void> {
    const asked = ++this.#asked;
    const { token } = this.#settings;
    let answer: Input;
    try {
      const given: unknown = typeof token === 'function' ? await token() : token;
      if (typeof given !== 'string' || !given) throw new Error('it is not a string');
      answer = { kind: 'token', token: given };
    } catch (error) {
      answer = { kind: 'tokenFailed', message: error instanceof Error ? error.message : String(error) };
    }
    if (asked === this.#asked) this.#feed(answer);
  }
}
