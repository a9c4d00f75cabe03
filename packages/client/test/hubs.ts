import { Hub, type Place } from '../src/share/hub.ts';
import { Socket, type WebSocketClass, type WebSocketLike } from '../src/socket.ts';
import type { ModelServer } from './model.ts';

/** The ways of tabs to their hub, which can die at any moment: the next tab that comes makes another. */
export class Hubs {
  readonly server: ModelServer;
  /** Of the tabs that are carried. */
  readonly links = new Set<HubLink>();
  /** Of those that were told to connect by themselves. */
  readonly directs = new Set<WebSocketLike>();
  #hub: Hub | undefined;
  #die = (): void => {};

  constructor(server: ModelServer) {
    this.server = server;
  }

  /** The class to pass to connect. */
  get WebSocket(): WebSocketClass {
    const hubs = this;
    return class extends HubLink {
      constructor(url: string, protocol: string) {
        super(hubs, url, protocol);
      }
    };
  }

  get hub(): Hub {
    this.#hub ??= this.#begin();
    return this.#hub;
  }

  /** Ends the hub; with `frozen` what it has said to the server is on its way for long, and its tabs are not told. */
  kill(frozen = false): void {
    const die = this.#die;
    this.#hub = undefined;
    this.#die = () => {};
    for (const link of [...this.links]) {
      if (frozen) link.freeze();
      else link.cut(0);
    }
    this.server.world.after(frozen ? 60_000 : this.server.world.below(100), die);
  }

  #begin(): Hub {
    const { world } = this.server;
    const sockets = new Set<Socket>();
    let dead = false;
    this.#die = () => {
      dead = true;
      for (const socket of sockets) socket.shut();
    };
    return new Hub({
      user: '',
      open: (events) => {
        const socket = new Socket(this.server.WebSocket, 'ws://tutti.test/base/v1/ws', events);
        sockets.add(socket);
        if (dead) socket.shut();
        return socket;
      },
      timers: world.timers,
      now: () => world.now,
      random: world.random,
    });
  }
}

/** What a tab holds as a WebSocket, and leads to the hub; to the server, when the hub says so. */
export class HubLink implements WebSocketLike {
  readonly #hubs: Hubs;
  readonly #listeners = new Map<string, (event: unknown) => void>();
  readonly #place: Place;
  #direct: WebSocketLike | undefined;
  readonly #unheard: string[] = [];
  #gone = false;
  #frozen = false;
  #busyUntil = 0;

  constructor(hubs: Hubs, url: string, protocol: string) {
    this.#hubs = hubs;
    hubs.links.add(this);
    let hello = '';
    this.#place = hubs.hub.join({
      say: (message) => this.#later(() => this.#tell('message', { data: JSON.stringify(message) })),
      lost: (code) => this.#later(() => this.cut(code)),
      alone: () =>
        this.#later(() => {
          hubs.links.delete(this);
          const direct = new hubs.server.WebSocket(url, protocol);
          this.#direct = direct;
          hubs.directs.add(direct);
          direct.addEventListener('close', (event) => {
            hubs.directs.delete(direct);
            this.#tell('close', event);
          });
          direct.addEventListener('open', () => direct.send(hello));
          direct.addEventListener('message', (event) => this.#tell('message', event));
        }),
    });
    this.hear = (text) => {
      hello ||= text;
      this.#place.hear([JSON.parse(text)].flat());
    };
    this.#later(() => this.#tell('open', {}));
  }

  private readonly hear: (text: string) => void;

  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }

  send(text: string): void {
    if (this.#direct) this.#direct.send(text);
    else {
      this.#unheard.push(text);
      this.#later(() => this.hear(this.#unheard.shift() as string));
    }
  }

  /** What was said before arrives. */
  close(): void {
    if (!this.#gone && !this.#frozen) for (const text of this.#unheard.splice(0)) this.hear(text);
    this.#end();
  }

  #end(): void {
    this.#gone = true;
    this.#hubs.links.delete(this);
    if (this.#direct) {
      this.#direct.close();
      this.#hubs.directs.delete(this.#direct);
    }
    if (!this.#direct && !this.#frozen) this.#hubs.server.world.after(1, () => this.#place.leave());
  }

  cut(code: number): void {
    if (this.#gone) return;
    this.#end();
    this.#listeners.get('close')?.({ code });
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
    const { world } = this.#hubs.server;
    this.#busyUntil = Math.max(this.#busyUntil, world.now + world.below(5));
    world.after(this.#busyUntil - world.now, () => {
      if (!this.#gone && !this.#frozen) run();
    });
  }
}
