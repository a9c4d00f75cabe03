import type { ClientMessage } from './protocol.ts';
import { claimsOf } from './share/claims.ts';
import { hold } from './share/locks.ts';
import type { FromHub, FromTab } from './share/port.ts';
import { beat, find, type Way } from './share/ways.ts';
import type { Transport, TransportEvents } from './transport.ts';

/**
 * The way over a connection that tabs share, loaded by those that do.
 *
 * Opens a transport to the server whose paths begin with the url. `direct` opens
 * one that is nobody else's, for when there is no hub or it cannot carry this
 * tab.
 */
export function open(
  url: string,
  direct: (events: TransportEvents) => Transport,
  events: TransportEvents,
): Transport {
  return new Shared(url, direct, events);
}

/** Tokens of tabs that no hub could carry: this page goes alone with them. */
const alone = new Set<string>();

class Shared implements Transport {
  readonly #url: string;
  readonly #direct: (events: TransportEvents) => Transport;
  readonly #events: TransportEvents;
  /** What was said before there was a way. */
  #unsaid: ClientMessage[] = [];
  /** The hello, until it is answered. */
  #hello: ClientMessage[] | undefined;
  /** With which it came to the hub. */
  #token = '';
  #way: Way | undefined;
  #own: Transport | undefined;
  #release: (() => void) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #unlisten: (() => void) | undefined;
  /** How often in a row the hub was asked and has said nothing. */
  #silence = 0;
  #shut = false;

  constructor(url: string, direct: (events: TransportEvents) => Transport, events: TransportEvents) {
    this.#url = url;
    this.#direct = direct;
    this.#events = events;
  }

  send(messages: ClientMessage[]): void {
    if (this.#own) return this.#own.send(messages);
    if (
      messages.some((m) => m.type === 'auth' && claimsOf(m.token).rights !== claimsOf(this.#token).rights)
    ) {
      this.#say({ bye: true }); // there is another hub for that
      return this.#lost(0);
    }
    if (this.#way) return this.#say({ say: messages });
    const [first] = messages;
    this.#unsaid.push(...messages);
    if (this.#hello || first?.type !== 'hello') return;
    this.#hello = messages;
    this.#token = first.token ?? '';
    // Without a token the server may know each tab as somebody else.
    if (this.#token && !alone.has(this.#token)) void this.#find();
    else this.#goAlone();
  }

  shut(): void {
    this.#say({ bye: true });
    this.#own?.shut();
    this.#end();
  }

  async #find(): Promise<void> {
    const lock = `tutti:tab:${crypto.randomUUID()}`;
    try {
      const release = await hold(lock);
      if (this.#shut) return release();
      this.#release = release;
      const way = await find({ url: this.#url, ...claimsOf(this.#token), lock });
      if (this.#shut) return this.#decline(way);
      if (!way) return this.#goAlone();
      this.#way = way;
    } catch {
      if (!this.#shut) this.#goAlone();
      return;
    }
    this.#way.port.onmessage = ({ data }: { data: FromHub }) => this.#hear(data);
    const { leader } = this.#way;
    if (leader) {
      this.#timer = setInterval(() => this.#ask(), beat);
      this.#unlisten = leader.onReplaced(() => this.#lost(0));
    }
    for (const message of this.#unsaid.splice(0)) this.#say({ say: [message] });
  }

  #decline(way: Way | undefined): void {
    way?.port.postMessage({ hub: way.hub, bye: true });
    way?.port.close();
  }

  #hear(data: FromHub): void {
    if (this.#shut || data.hub !== this.#way?.hub) return;
    this.#silence = 0;
    if ('hear' in data) {
      this.#hello = undefined;
      this.#events.heard(data.hear);
    } else if ('lost' in data) {
      this.#lost(data.lost);
    } else if ('alone' in data) {
      alone.add(this.#token);
      if (this.#hello) this.#goAlone();
      else this.#lost(0);
    }
  }

  /** Asks whether the hub lives; one that has not answered twice has its place taken. */
  #ask(): void {
    if (this.#silence++ < 2) return this.#say({ ask: true });
    this.#way?.leader?.replace();
    this.#lost(0);
  }

  #goAlone(): void {
    const hello = this.#hello ?? [];
    this.#leave();
    this.#own = this.#direct({ ...this.#events, opened: () => this.#own?.send(hello) });
  }

  #lost(code: number): void {
    this.#end();
    this.#events.lost(code);
  }

  #end(): void {
    this.#shut = true;
    this.#leave();
  }

  #leave(): void {
    clearInterval(this.#timer);
    this.#unlisten?.();
    this.#way?.port.close();
    this.#way = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  #say(message: Omit<FromTab, 'hub'>): void {
    this.#way?.port.postMessage({ hub: this.#way.hub, ...message });
  }
}
