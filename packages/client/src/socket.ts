import { version } from './protocol.ts';

/** The part of a WebSocket that is used: the browser's has it, and that of the package ws. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number): void;
  // biome-ignore lint/suspicious/noExplicitAny: the event types of browsers and of ws have no common base
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: any) => void): void;
}

export type WebSocketClass = new (url: string, protocols: string) => WebSocketLike;

export interface SocketEvents {
  opened(): void;
  heard(frame: unknown): void;
  /** It ended by itself. The code is 0 if there is none. */
  lost(code: number): void;
}

/** One transport. After shut, no event comes any more. */
export class Socket {
  #socket: WebSocketLike | undefined;
  #shut = false;

  constructor(WebSocket: WebSocketClass, url: string, events: SocketEvents) {
    const unlessShut =
      <A extends unknown[]>(f: (...args: A) => void) =>
      (...args: A): void => {
        if (!this.#shut) f(...args);
      };
    const lost = unlessShut((event?: { code?: number }) => {
      this.#shut = true;
      events.lost(event?.code ?? 0);
    });
    try {
      const socket = new WebSocket(url, version);
      this.#socket = socket;
      socket.addEventListener('open', unlessShut(events.opened));
      socket.addEventListener(
        'message',
        unlessShut((event) => events.heard(event.data)),
      );
      socket.addEventListener('close', lost);
      socket.addEventListener('error', () => {});
    } catch {
      queueMicrotask(() => lost());
    }
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  shut(code: number): void {
    this.#shut = true;
    this.#socket?.close(code);
  }
}
