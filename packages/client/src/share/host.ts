import { Socket, type WebSocketClass } from '../socket.ts';
import { Hub } from './hub.ts';
import { whenFree } from './locks.ts';
import type { FromHub, FromTab, Opening, Port } from './port.ts';

/** Where hubs live, one for each server, user and rights: a SharedWorker, or the tab that leads. */
export class Host {
  readonly id = crypto.randomUUID();
  readonly #hubs = new Map<string, Hub>();

  /** Joins a tab to its hub. */
  serve(port: Port, { url, user, rights, lock }: Opening): void {
    const hub = this.id;
    const say = (message: Omit<FromHub, 'hub'>): void => port.postMessage({ hub, ...message });
    const end = (message: Omit<FromHub, 'hub'>): void => {
      say(message);
      port.close();
    };
    const place = this.#hub(url, user, rights).join({
      say: (hear) => say({ hear }),
      lost: (lost) => end({ lost }),
      alone: () => end({ alone: true }),
    });
    const leave = (): void => {
      place.leave();
      port.close();
    };
    port.onmessage = ({ data }: { data: FromTab }) => {
      if (data.hub !== hub) return;
      if ('say' in data) place.hear(data.say);
      else if ('ask' in data) say({ ask: true });
      else leave();
    };
    say({ here: true });
    whenFree(lock, leave);
  }

  /** Ends all connections. */
  close(): void {
    for (const hub of this.#hubs.values()) hub.close();
  }

  #hub(url: string, user: string, rights: string): Hub {
    const name = JSON.stringify([url, user, rights]);
    let hub = this.#hubs.get(name);
    if (!hub) {
      const { WebSocket } = globalThis as unknown as { WebSocket: WebSocketClass };
      hub = new Hub({
        user,
        open: (events) => new Socket(WebSocket, `${url.replace(/^http/, 'ws')}/ws`, events),
        timers: { setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (timer) => clearTimeout(timer) },
        now: () => performance.now(),
        random: Math.random,
      });
      this.#hubs.set(name, hub);
    }
    return hub;
  }
}
