import type { ClientMessage, ServerMessage } from '../protocol.ts';
import { messagesOf, type Platform, post } from './post.ts';

const patience = 30_000;

/** What comes of the commands. */
export interface CommandEvents {
  answered(message: ServerMessage): void;
  failed(reason: unknown): void;
}

/**
 * Sends commands in batches, one POST at a time (rule CONN-13): what comes
 * while one is out goes with the next.
 */
export class Commands {
  /** The server takes a frame of this many bytes. */
  frameBytes = Infinity;
  readonly #url: string;
  readonly #platform: Platform;
  readonly #events: CommandEvents;
  #waiting: string[] = [];
  #out: AbortController | undefined;
  #shut = false;

  constructor(url: string, platform: Platform, events: CommandEvents) {
    this.#url = url;
    this.#platform = platform;
    this.#events = events;
  }

  add(message: ClientMessage): void {
    this.#waiting.push(JSON.stringify(message));
  }

  /** Sends what waits, introduced by hello, unless something is out. */
  async flush(hello: () => ClientMessage): Promise<void> {
    if (this.#out) return;
    try {
      while (this.#waiting.length && !this.#shut) {
        this.#out = new AbortController();
        const frame = this.#batch(JSON.stringify(hello()));
        const answers = await this.#exchange(frame, this.#out);
        for (const answer of answers) if (!this.#shut) this.#events.answered(answer);
      }
    } catch (reason) {
      if (!this.#shut) this.#events.failed(reason);
    }
    this.#out = undefined;
  }

  shut(): void {
    this.#shut = true;
    this.#out?.abort();
  }

  async #exchange(frame: string, out: AbortController): Promise<ServerMessage[]> {
    const { timers } = this.#platform;
    const timer = timers.setTimeout(() => out.abort(), patience);
    try {
      const response = await post(this.#platform, this.#url, frame, 'application/json', out.signal);
      return (await messagesOf(this.#platform, response)).slice(1);
    } finally {
      timers.clearTimeout(timer);
    }
  }

  /** Takes as many as fit in a frame, and one at least. */
  #batch(hello: string): string {
    const encoder = new TextEncoder();
    const bytes = (text: string): number => encoder.encode(text).length + 1;
    let size = bytes(hello) + 1;
    let n = 0;
    for (const message of this.#waiting) {
      size += bytes(message);
      if (n && size > this.frameBytes) break;
      n++;
    }
    return `[${[hello, ...this.#waiting.splice(0, n)].join()}]`;
  }
}
