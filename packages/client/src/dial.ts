import type { Road } from './core/roads.ts';
import { decode } from './decode.ts';
import { errorOfClose } from './error.ts';
import type { Settings } from './options.ts';
import { Socket } from './socket.ts';
import type { Transport, TransportEvents } from './transport.ts';

const tryTime = 5_000;

/** Opens the roads to one server. */
export class Dialer {
  readonly #url: string;
  readonly #settings: Settings;
  #endTry: (() => void) | undefined;

  constructor(url: string, settings: Settings) {
    this.#url = url;
    this.#settings = settings;
  }

  open(road: Road, events: TransportEvents): Transport {
    return road === 'ws' && this.#settings.share ? this.#shared(events) : this.#alone(road, events);
  }

  /**
   * Finds out whether the server says anything on a road, within 5 s. A new
   * try ends the former, which then has no answer.
   */
  try(road: Road, token: string | undefined, answer: (ok: boolean) => void): void {
    this.stop();
    const { timers } = this.#settings;
    const end = (ok: boolean): void => {
      this.stop();
      answer(ok);
    };
    const timer = timers.setTimeout(() => end(false), tryTime);
    const transport = this.#alone(road, {
      opened: () => transport.send([{ type: 'hello', ...(token && { token }) }]),
      heard: () => end(true),
      aside: () => {},
      lost: (code) => end(errorOfClose(code) !== undefined),
    });
    this.#endTry = () => {
      timers.clearTimeout(timer);
      transport.shut();
    };
  }

  /** Ends the try that is out, if there is one. */
  stop(): void {
    this.#endTry?.();
    this.#endTry = undefined;
  }

  /** A connection that is this client's own. */
  #alone(road: Road, events: TransportEvents): Transport {
    if (road === 'ws') {
      const url = `${this.#url.replace(/^http/, 'ws')}/ws`;
      return new Socket(this.#settings.WebSocket, url, events);
    }
    const { fetch, timers } = this.#settings;
    return loaded(
      import('./fallback.ts').then(
        ({ open }) =>
          () =>
            open(road, this.#url, { fetch, timers, decode }, events),
      ),
      events,
    );
  }

  /** The connection that tabs share. */
  #shared(events: TransportEvents): Transport {
    const alone = (its: TransportEvents): Transport => this.#alone('ws', its);
    return loaded(
      import('./share.ts').then(
        ({ open }) =>
          () =>
            open(this.#url, alone, events),
      ),
      events,
    );
  }
}

/** A transport of a module that is loaded when it is first needed. */
function loaded(module: Promise<() => Transport>, events: TransportEvents): Transport {
  let transport: Transport | undefined;
  let shut = false;
  module.then(
    (open) => {
      if (shut) return;
      transport = open();
      events.opened();
    },
    () => {
      if (!shut) events.lost(0);
    },
  );
  return {
    send: (messages) => transport?.send(messages),
    shut: () => {
      shut = true;
      transport?.shut();
    },
  };
}
