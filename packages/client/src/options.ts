import type { Timers } from './alarm.ts';
import { TuttiError } from './error.ts';
import { newSecret } from './secret.ts';
import type { WebSocketClass } from './socket.ts';

export interface Options {
  /**
   * The identity's token, or a function that gets one: it is called before
   * each connection and when a token has expired.
   */
  token?: string | (() => string | Promise<string>);
  /** The class to connect with; the platform's own if absent. In Node 20 pass that of the package ws. */
  WebSocket?: WebSocketClass;
  /** Told what handlers throw and what nobody else is told; if absent it is reported as uncaught. */
  onError?(error: unknown): void;
  /** Draws from [0, 1), for the waits between attempts; Math.random if absent. */
  random?(): number;
  /** Milliseconds since 1970, by a clock that is not set back. */
  now?(): number;
  /** The platform's if absent. */
  timers?: Timers;
}

/** Options with nothing left open. */
export interface Settings extends Required<Omit<Options, 'token'>> {
  token: Options['token'];
  /** Makes a client's secret. */
  secret(): string;
}

export function settings(o: Options): Settings {
  const WebSocket = o.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (!WebSocket)
    throw new TuttiError(
      'not_found',
      'This platform has no WebSocket. Pass one: connect(url, { WebSocket }), in Node that of the package ws.',
    );
  return {
    token: o.token,
    WebSocket,
    onError: o.onError ?? report,
    random: o.random ?? Math.random,
    now: o.now ?? (() => performance.timeOrigin + performance.now()),
    timers: o.timers ?? {
      setTimeout: (f, ms) => setTimeout(f, ms),
      clearTimeout: (timer) => clearTimeout(timer),
    },
    secret: () => newSecret(Date.now()),
  };
}

function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
