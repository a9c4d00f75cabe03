import { decode } from './decode.ts';
import { TuttiError } from './error.ts';
import { type ClientMessage, version } from './protocol.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** The part of a WebSocket that is used: the browser's has it, and that of the package ws. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number): void;
  // biome-ignore lint/suspicious/noExplicitAny: the event types of browsers and of ws have no common base
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: any) => void): void;
}

export type WebSocketClass = new (url: string, protocols: string) => WebSocketLike;

/** The transport of the road `ws`. */
export class Socket implements Transport {
  readonly #events: TransportEvents;
  #socket: WebSocketLike | undefined;
  #shut = false;

  constructor(WebSocket: WebSocketClass, url: string, events: TransportEvents) {
    this.#events = events;
    try {
      const socket = new WebSocket(url, version);
      this.#socket = socket;
      socket.addEventListener('open', () => {
        if (!this.#shut) events.opened();
      });
      socket.addEventListener('message', (event) => this.#hear(event.data));
      socket.addEventListener('close', (event) => this.#lost(event?.code ?? 0));
      socket.addEventListener('error', () => {});
    } catch {
      queueMicrotask(() => this.#lost(0));
    }
  }

  send(messages: ClientMessage[]): void {
    this.#socket?.send(JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  shut(): void {
    this.#shut = true;
    this.#socket?.close(1000);
  }

  #hear(frame: unknown): void {
    if (this.#shut) return;
    const messages = decode(frame);
    if (messages) {
      for (const message of messages) if (!this.#shut) this.#events.heard(message);
    } else {
      this.shut();
      this.#events.lost(0, new TuttiError('bad_frame', 'The server said what is no message.'));
    }
  }

  #lost(code: number): void {
    if (this.#shut) return;
    this.#shut = true;
    this.#events.lost(code);
  }
}
