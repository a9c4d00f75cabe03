import type { Entry, WebSocketClass, WebSocketLike } from '@tutti/client';
import { WebSocket } from 'ws';

type Hears = (event: { data: string }) => void;

/**
 * A client's way to its server, over real WebSockets: it lets through no entry
 * above an offset, and holds what the client says while it is told to. All else
 * that the server says passes: on the other roads, too, an answer may come before
 * entries that the log has in front of it.
 */
export class Link {
  readonly WebSocket: WebSocketClass;
  /** The newest entry that the client was given. */
  seen = 0;
  readonly #arrived: (entry: Entry) => void;
  readonly #waiting = new Set<() => void>();
  /** Up to which entries pass. */
  #offset = 0;
  #holding = false;
  /** What the server said, and the client is not told yet. */
  #entries: { offset: number; tell: () => void }[] = [];
  /** What the client said, and the server is not told yet. */
  #unsaid: (() => void)[] = [];

  /** `arrived` is told each entry that the server sends, before the client is. */
  constructor(arrived: (entry: Entry) => void) {
    this.#arrived = arrived;
    const link = this;
    this.WebSocket = class implements WebSocketLike {
      readonly #real: WebSocket;
      readonly #hears: Hears[] = [];

      constructor(url: string, protocols: string) {
        this.#real = new WebSocket(url, protocols);
        this.#real.addEventListener('message', ({ data }) =>
          link.#hear(String(data), (event) => {
            for (const hears of this.#hears) hears(event);
          }),
        );
      }

      addEventListener(type: string, listener: (event: never) => void): void {
        if (type === 'message') this.#hears.push(listener as Hears);
        else this.#real.addEventListener(type as 'open', listener as () => void);
      }

      send(text: string): void {
        link.#say(() => this.#real.send(text));
      }

      close(code?: number): void {
        this.#real.close(code);
      }
    };
  }

  /** Lets entries through up to an offset; returns when the client has been given them. */
  async pass(offset: number): Promise<void> {
    this.#offset = Math.max(this.#offset, offset);
    this.#release();
    while (this.seen < offset) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Holds what the client says from now on. */
  hold(): void {
    this.#holding = true;
  }

  /** Lets it go. */
  release(): void {
    this.#holding = false;
    for (const say of this.#unsaid.splice(0)) say();
  }

  #say(say: () => void): void {
    if (this.#holding) this.#unsaid.push(say);
    else say();
  }

  #hear(frame: string, hears: Hears): void {
    for (const message of [JSON.parse(frame)].flat() as ({ type: string } & Entry)[]) {
      const tell = (): void => hears({ data: JSON.stringify(message) });
      if (message.type === 'entry') {
        this.#entries.push({ offset: message.offset, tell });
        this.#arrived(message);
      } else tell();
    }
    this.#release();
  }

  #release(): void {
    for (let next = this.#entries[0]; next && next.offset <= this.#offset; next = this.#entries[0]) {
      this.#entries.shift();
      this.seen = next.offset;
      next.tell();
    }
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
