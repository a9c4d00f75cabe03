import type { Timers } from './alarm.ts';
import type { Road } from './core/roads.ts';
import type { TextType } from './doc/text.ts';
import { TuttiError } from './error.ts';
import type { OldEntry } from './keep/revive.ts';
import { newSecret } from './secret.ts';
import type { WebSocketClass } from './socket.ts';
import type { Storage } from './storage/storage.ts';

export interface Options {
  /**
   * The identity's token, or a function that gets one: it is called before
   * each connection and when a token has expired.
   */
  token?: string | (() => string | Promise<string>);
  /**
   * The roads to take, of those that the platform has; all if absent. They are
   * tried from the best on: `ws`, `sse`, `poll`.
   */
  roads?: readonly Road[];
  /**
   * Types of documents that are no part of the client, so that a page without
   * them does not load them: `text` of `@tutti/client/text`.
   */
  types?: readonly TextType[];
  /**
   * Where what is not settled is kept, and documents that are opened `offline`,
   * beyond the life of the page. If absent IndexedDB, where there is one and
   * pages can lock what they use; `false`: nowhere. One that is given is closed
   * by who gives it, after the client.
   */
  storage?: Storage | false;
  /**
   * Whose it is what is kept: nobody else is shown it. If absent the `sub` of
   * the token, so that a function that gives it has to answer first. Give it if
   * that needs the network, and documents are to open without one.
   */
  user?: string;
  /** The version of the application's schema, for `migrate`. */
  version?: number;
  /**
   * Carries an entry that was made for another version over to this one; null:
   * it cannot be. If absent none can.
   */
  migrate?(entry: OldEntry): OldEntry | null;
  /**
   * Whether the tabs of a user share one WebSocket, where the platform has what
   * that needs, and no class for it is given. If absent each has its own.
   */
  share?: boolean;
  /** The class for the road `ws`; the platform's own if absent. In Node 20 that of the package ws will do. */
  WebSocket?: WebSocketClass;
  /** For the roads `sse` and `poll`; the platform's own if absent. */
  fetch?: typeof fetch;
  /** Told what handlers throw and what nobody else is told; if absent it is reported as uncaught. */
  onError?(error: unknown): void;
  /** Draws from [0, 1), for the waits between attempts; Math.random if absent. */
  random?(): number;
  /** Milliseconds since 1970, by a clock that is not set back. */
  now?(): number;
  /** The platform's if absent. */
  timers?: Timers;
}

const all: readonly Road[] = ['ws', 'sse', 'poll'];

/** Options with nothing left open. */
export interface Settings
  extends Required<Omit<Options, 'token' | 'roads' | 'types' | 'storage' | 'user' | 'version'>> {
  token: Options['token'];
  user: string | undefined;
  version: number | undefined;
  /** True: the platform's. */
  storage: Storage | boolean;
  text: TextType | undefined;
  /** Best first. */
  roads: [Road, ...Road[]];
  /** Milliseconds since 1970, by the clock on the wall, which may be set. */
  wall(): number;
  /** Makes a client's secret. */
  secret(): string;
}

export function settings(o: Options): Settings {
  const platform = globalThis as { WebSocket?: WebSocketClass; fetch?: typeof fetch };
  const WebSocket = (o.WebSocket ?? platform.WebSocket) as WebSocketClass;
  const fetch = (o.fetch ?? platform.fetch?.bind(platform)) as typeof globalThis.fetch;
  const has = { ws: WebSocket, sse: fetch, poll: fetch };
  const [best, ...others] = all.filter((road) => has[road] && (o.roads?.includes(road) ?? true));
  if (!best)
    throw new TuttiError(
      'not_found',
      'No road leads to the server: the platform has neither WebSocket nor fetch, or not those that `roads` names.',
    );
  return {
    token: o.token,
    text: o.types?.[0],
    user: o.user,
    version: o.version,
    migrate: o.migrate?.bind(o) ?? (() => null),
    storage: o.storage ?? keeps(),
    share: o.share === true && !o.WebSocket && locks(),
    roads: [best, ...others],
    WebSocket,
    fetch,
    onError: o.onError ?? report,
    random: o.random ?? Math.random,
    now: o.now ?? (() => performance.timeOrigin + performance.now()),
    wall: o.now ?? Date.now,
    timers: o.timers ?? {
      setTimeout: (f, ms) => setTimeout(f, ms),
      clearTimeout: (timer) => clearTimeout(timer),
    },
    secret: () => newSecret(Date.now()),
  };
}

/** Whether the platform has a place to keep anything in, and locks, so that two pages do not use one thing. */
function keeps(): boolean {
  try {
    const platform = globalThis as { indexedDB?: unknown };
    return platform.indexedDB !== undefined && locks();
  } catch {
    return false;
  }
}

/** Whether pages can lock what they use. */
function locks(): boolean {
  return (globalThis as { navigator?: { locks?: unknown } }).navigator?.locks !== undefined;
}

function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
