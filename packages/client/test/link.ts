import type { Message, ModelServer } from './model.ts';
import { type Carrier, Session } from './session.ts';
import type { World } from './world.ts';

/** One WebSocket: the client holds it as such, the server speaks through it. */
export class Link implements Carrier {
  readonly url: string;
  readonly #server: ModelServer;
  readonly #world: World;
  readonly #session: Session;
  readonly #listeners = new Map<string, (event: unknown) => void>();
  /** Frames that are on their way to the server. */
  readonly #unheard: Message[][] = [];
  #gone = false;
  #frozen = false;
  #busyUntil = 0;

  constructor(server: ModelServer, url: string, protocol: string) {
    if (protocol !== 'tutti.v1') throw new Error(`subprotocol ${protocol}`);
    this.url = url;
    this.#server = server;
    this.#world = server.world;
    this.#session = new Session(server, 'ws', this);
    server.links.add(this);
    const passage = server.passage.ws;
    if (passage === 'hung') this.freeze();
    else if (passage === 'refused' || this.#world.chance(server.faults.dial))
      this.#later(() => this.cut(1006));
    else this.#later(() => this.#tell('open', {}));
    if (passage === 'muted') this.freeze();
  }

  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }

  send(text: string): void {
    const frame = [JSON.parse(text) as Message | Message[]].flat();
    this.#unheard.push(frame);
    this.#later(() => {
      this.#unheard.shift();
      for (const m of frame) {
        if (this.#gone) return;
        this.#session.take(m);
        if (this.#world.chance(this.#server.faults.cut)) this.cut(1006);
      }
    });
  }

  /** What was said before arrives. */
  close(): void {
    if (this.#gone) return;
    if (!this.#frozen) for (const m of this.#unheard.splice(0).flat()) this.#session.take(m);
    this.#end();
  }

  #end(): void {
    this.#gone = true;
    this.#server.links.delete(this);
    this.#session.end();
  }

  cut(code: number): void {
    if (this.#gone) return;
    this.#end();
    this.#listeners.get('close')?.({ code });
  }

  say(message: Message): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(text: string): void {
    this.#later(() => this.#tell('message', { data: text }));
  }

  expire(): void {
    this.#session.expire();
  }

  /** Says nothing and hears nothing any more, without ending. */
  freeze(): void {
    this.#frozen = true;
  }

  #tell(type: string, event: unknown): void {
    if (!this.#gone) this.#listeners.get(type)?.(event);
  }

  /** Runs in the order of the calls, after some time on the way. */
  #later(run: () => void): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.#world.now + this.#world.below(40));
    this.#world.after(this.#busyUntil - this.#world.now, () => {
      if (!this.#gone && !this.#frozen) run();
    });
  }
}
