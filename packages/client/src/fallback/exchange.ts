import type {
  ClientMessage,
  Else,
  From,
  Position,
  PresenceVersion,
  ServerMessage,
  Subscribed,
  Watching,
  Welcome,
} from '../protocol.ts';
import type { Transport, TransportEvents } from '../transport.ts';
import { Commands } from './commands.ts';
import { EventParser } from './events.ts';
import { messagesOf, type Platform, post, Refusal } from './post.ts';

/** Milliseconds before the next poll, when the last one brought nothing. */
const rest = 250;

/** Where the stream stands in a topic. */
interface Place {
  from?: From;
  else?: Else;
  doc?: string;
  /** The core waits to be told where it begins, */
  asked: boolean;
  /** The server has told where it begins. */
  live?: boolean | undefined;
  /** as the answer to the command of this id; undefined: to hello. */
  id?: number | undefined;
}

/** Something else that hello says of a topic: that it is watched, or that the client is in it. */
interface Wanted {
  /** The core waits to be told, */
  asked: boolean;
  /** as the answer to the command of this id; undefined: to hello. */
  id?: number | undefined;
}

interface Watched extends Wanted {
  since?: PresenceVersion;
}

interface Entered extends Wanted {
  state?: unknown;
  /** To be said once it is known that the client has entered. */
  leave?: ClientMessage;
}

/** What brings nothing to a poll. */
const isQuiet = (m: ServerMessage): boolean =>
  /^(welcome|subscribed|entered)$/.test(m.type) || (m.type === 'watching' && m.recovered);

/**
 * A transport over HTTP (section "Roads" of spec/client.md). The server's side
 * is one stream at a time: an event stream or polls. Nothing can be said on
 * it, so what changes it, a subscription or a token, opens it anew with a
 * hello of the same run, each topic from the position behind the last entry
 * that was passed on. Everything else goes by POST.
 */
export class Exchange implements Transport {
  readonly #road: 'sse' | 'poll';
  readonly #url: string;
  readonly #platform: Platform;
  readonly #events: TransportEvents;
  readonly #commands: Commands;
  #hello: ClientMessage & { type: 'hello' } = { type: 'hello' };
  readonly #topics = new Map<string, Place>();
  readonly #watched = new Map<string, Watched>();
  readonly #entered = new Map<string, Entered>();
  /** The stream that is listened to. */
  #stream: AbortController | undefined;
  /** It was opened anew, and not welcomed yet. */
  #opening = false;
  /** It is to be opened anew, once the latest leave is answered, */
  #stale = false;
  /** which has this id; 0: it is. */
  #parting = 0;
  #welcomed = false;
  #auth: number | undefined;
  #ping = 0;

  constructor(road: 'sse' | 'poll', url: string, platform: Platform, events: TransportEvents) {
    this.#road = road;
    this.#url = url;
    this.#platform = platform;
    this.#events = events;
    this.#commands = new Commands(`${url}/commands`, platform, {
      answered: (message) => this.#answered(message),
      failed: (reason) => this.#fail(reason),
    });
  }

  send(messages: ClientMessage[]): void {
    const changes = messages.filter((m) => this.#take(m));
    if (changes.length) void this.#listen();
    void this.#commands.flush(() => this.#hello);
  }

  shut(): void {
    this.#stream?.abort();
    this.#stream = undefined;
    this.#commands.shut();
  }

  /** Notes what is said; returns whether it needs a new stream. */
  #take(m: ClientMessage): boolean {
    switch (m.type) {
      case 'hello': {
        const { topics = [], watch = [], enter = [], ...hello } = m;
        this.#hello = hello;
        for (const { topic, ...place } of topics) this.#topics.set(topic, { ...place, asked: true });
        for (const { topic, ...place } of watch) this.#watched.set(topic, { ...place, asked: true });
        for (const { topic, ...place } of enter) this.#entered.set(topic, { ...place, asked: true });
        return true;
      }
      case 'auth':
        this.#hello.token = m.token;
        this.#auth = m.id;
        return true;
      case 'subscribe': {
        const { type: _, topic, ...place } = m;
        this.#topics.set(topic, { ...place, asked: true, live: this.#topics.get(topic)?.live });
        return true;
      }
      case 'unsubscribe':
        return this.#topics.delete(m.topic);
      case 'watch': {
        const { type: _, topic, ...place } = m;
        this.#watched.set(topic, { ...place, asked: true });
        return true;
      }
      case 'unwatch':
        return this.#watched.delete(m.topic);
      case 'enter': {
        const { type: _, topic, ...place } = m;
        this.#entered.set(topic, { ...place, asked: true });
        return true;
      }
      case 'update': {
        const place = this.#entered.get(m.topic);
        if (place) place.state = m.state;
        this.#commands.add(m);
        return false;
      }
      case 'leave':
        this.#leave(m);
        return false;
      case 'signal':
        this.#commands.add(m);
        return false;
      case 'ping':
        return true;
      case 'pong':
      case 'prove':
        return false;
      case 'publish':
      case 'history':
        this.#commands.add(m);
        return false;
      default:
        return m satisfies never;
    }
  }

  /** What was entered on a stream may get there later than a command, and is said again by one that is opened. */
  #leave(m: ClientMessage & { type: 'leave' }): void {
    const { topic } = m;
    if (topic === undefined) {
      // By name: the stream, by which the server knows what the client has entered, may end before this is there.
      const leaves = [...this.#entered.keys()].map((topic) => ({ ...m, topic }));
      const frame = [this.#hello, ...leaves];
      if (leaves.length)
        post(this.#platform, `${this.#url}/commands`, frame, 'application/json').catch(() => {});
      return;
    }
    const place = this.#entered.get(topic);
    if (place && (place.asked || this.#opening)) place.leave = m;
    else this.#left(topic, m);
  }

  #left(topic: string, leave: ClientMessage): void {
    this.#entered.delete(topic);
    this.#commands.add(leave);
    this.#parting = (leave as { id: number }).id;
  }

  #answered(m: ServerMessage): void {
    if ((m as { id?: number }).id === this.#parting) {
      this.#parting = 0;
      if (this.#stale) void this.#listen();
    }
    this.#events.aside(m);
  }

  /** Says what waited for the answer to an enter. */
  #leaveNow(topic: string, leave: ClientMessage): void {
    this.#left(topic, leave);
    void this.#commands.flush(() => this.#hello);
  }

  /** Listens to a new stream, in place of the former. */
  async #listen(): Promise<void> {
    // A leave that is not answered would end what is entered behind it. Until then the former is passed over.
    this.#stale = this.#parting > 0;
    if (this.#stale) return;
    this.#opening = true;
    this.#stream?.abort();
    for (const [topic, { leave }] of this.#entered) if (leave) this.#left(topic, leave);
    const stream = new AbortController();
    this.#stream = stream;
    try {
      if (this.#road === 'sse') await this.#read(stream);
      else await this.#poll(stream);
    } catch (reason) {
      if (this.#listensTo(stream)) this.#fail(reason);
    }
  }

  #listensTo(stream: AbortController): boolean {
    return this.#stream === stream && !this.#stale;
  }

  async #read(stream: AbortController): Promise<void> {
    const response = await this.#ask('sse', 'text/event-stream', stream);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error('The stream ended.');
      for (const data of parser.push(decoder.decode(value, { stream: true }))) {
        const messages = this.#platform.decode(data);
        if (!messages) throw new Error('The stream is not that of a server.');
        this.#hear(stream, messages);
      }
    }
  }

  async #poll(stream: AbortController): Promise<void> {
    for (let wait = 0; this.#listensTo(stream); wait = this.#ping) {
      const response = await this.#ask(`poll?wait=${wait}`, 'application/json', stream);
      const messages = await messagesOf(this.#platform, response);
      this.#hear(stream, messages);
      if (messages.every(isQuiet))
        await new Promise<void>((resolve) => this.#platform.timers.setTimeout(resolve, rest));
    }
  }

  #ask(path: string, type: string, stream: AbortController): Promise<Response> {
    const topics = [...this.#topics].map(([topic, { from, else: otherwise, doc }]) => ({
      topic,
      ...(from && { from }),
      ...(otherwise && { else: otherwise }),
      ...(doc && { doc }),
    }));
    const watch = [...this.#watched].map(([topic, { since }]) => ({ topic, ...(since && { since }) }));
    const enter = [...this.#entered].map(([topic, { state }]) => ({
      topic,
      ...(state !== undefined && { state }),
    }));
    const hello = {
      ...this.#hello,
      ...(topics.length && { topics }),
      ...(watch.length && { watch }),
      ...(enter.length && { enter }),
    };
    return post(this.#platform, `${this.#url}/${path}`, hello, type, stream.signal);
  }

  #fail(reason: unknown): void {
    if (!this.#stream) return;
    this.shut();
    if (reason instanceof Refusal) this.#events.heard({ type: 'close', error: reason.error });
    else this.#events.lost(0);
  }

  #hear(stream: AbortController, messages: ServerMessage[]): void {
    for (const m of messages) if (this.#listensTo(stream)) this.#pass(m);
  }

  #pass(m: ServerMessage): void {
    switch (m.type) {
      case 'welcome':
        return this.#welcome(m);
      case 'subscribed':
        return this.#subscribed(m);
      case 'unsubscribed': {
        const { id, live } = this.#topics.get(m.topic) ?? {};
        this.#topics.delete(m.topic);
        if (id === undefined) return this.#events.heard(m);
        const { error = { code: 'internal', retryable: true } } = m;
        this.#events.heard({ type: 'error', id, error });
        // It has ended too, as it had not over a WebSocket.
        if (live) this.#events.heard(m);
        return;
      }
      case 'snapshot':
      case 'entry': {
        const place = this.#topics.get(m.topic);
        if (place) place.from = position(m);
        return this.#events.heard(m);
      }
      case 'watching':
        return this.#watching(m);
      case 'presence': {
        const { since } = this.#watched.get(m.topic) ?? {};
        if (since?.version === m.from) since.version = m.version;
        return this.#events.heard(m);
      }
      case 'unwatched': {
        const { id } = this.#watched.get(m.topic) ?? {};
        this.#watched.delete(m.topic);
        return this.#ended(m, id);
      }
      case 'entered':
        return this.#enter(m);
      case 'left': {
        const { topic = '' } = m;
        const { id, leave } = this.#entered.get(topic) ?? {};
        if (leave) return this.#leaveNow(topic, leave);
        this.#entered.delete(topic);
        return this.#ended(m, id);
      }
      default:
        return this.#events.heard(m);
    }
  }

  #watching(m: { topic: string } & Watching): void {
    const place = this.#watched.get(m.topic);
    if (!place) return;
    const { asked, id } = place;
    const { epoch, version } = m;
    this.#watched.set(m.topic, { since: { epoch, version }, asked: false });
    if (asked || !m.recovered) this.#events.heard(id === undefined ? m : { ...m, id });
  }

  #enter(m: ServerMessage & { type: 'entered' }): void {
    const place = this.#entered.get(m.topic);
    if (!place) return;
    const { asked, id, leave } = place;
    place.asked = false;
    place.id = undefined;
    if (leave) this.#leaveNow(m.topic, leave);
    else if (asked) this.#events.heard(id === undefined ? m : { ...m, id });
  }

  /** What was wanted is refused, if a command waits for it, or has ended. */
  #ended(m: ServerMessage & { type: 'unwatched' | 'left' }, id: number | undefined): void {
    const { error = { code: 'internal', retryable: true } } = m;
    this.#events.heard(id === undefined ? m : { type: 'error', id, error });
  }

  #welcome(m: Welcome): void {
    this.#opening = false;
    this.#ping = m.ping;
    if (m.limits?.frameBytes) this.#commands.frameBytes = m.limits.frameBytes;
    if (!this.#welcomed) {
      this.#welcomed = true;
      return this.#events.heard(m);
    }
    const { sub, name } = m;
    const id = this.#auth;
    this.#auth = undefined;
    this.#events.heard({ type: 'pong' });
    if (id !== undefined)
      this.#events.heard({ type: 'authenticated', id, ...(sub && { sub }), ...(name && { name }) });
  }

  #subscribed(m: Subscribed): void {
    const { topic, offset, recovered, snapshot } = m;
    const place = this.#topics.get(topic);
    if (!place) return;
    const { asked, id, from } = place;
    const confirmed = !asked && recovered && !snapshot && (from as { offset?: number }).offset === offset;
    if (!snapshot) place.from = position(m);
    place.asked = false;
    place.live = true;
    place.id = undefined;
    if (!confirmed) this.#events.heard(id === undefined ? m : { ...m, id });
  }
}

function position({ offset, term }: Position): Position {
  return { offset, ...(offset && term && { term }) };
}
