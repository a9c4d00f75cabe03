import type { Timers } from '../alarm.ts';
import type { Storage } from '../storage/storage.ts';

export interface NetworkOptions {
  /**
   * Finds out whether the network is there: a function that fails if it is
   * not, or the address of something small on your server, where any answer
   * will do. Without one, what waits is the probe: one request, or else one
   * function, at a time.
   */
  probe?: string | (() => Promise<unknown>);
  /**
   * Headers to add to each attempt of a request, as for who the user is. They
   * are asked for each time and never stored. If that fails, the request's
   * lane waits for `resume`.
   */
  headers?(): HeadersInit | Promise<HeadersInit>;
  /** Whose requests these are: what one user left behind is never sent as another. */
  user?: string;
  /** Where requests are kept; IndexedDB, or else memory, if absent. */
  storage?: Storage;
  /** The platform's if absent. */
  fetch?: typeof fetch;
  /** Whether a failure of a function given to `execute` means that the network is not there. */
  isNetworkError?(error: unknown): boolean;
  /** Milliseconds that an attempt waits for an answer; 60,000 if absent. */
  timeout?: number;
  /** How many requests are kept, with those that failed; 1,000 if absent. As many functions wait at most. */
  maxRequests?: number;
  /** How many bytes their bodies have together; 8 MiB if absent. */
  maxBytes?: number;
  /** Milliseconds for which a request is tried; those of 7 days if absent. */
  maxAge?: number;
  /** The platform's if absent. */
  locks?: LockManager;
  /** Told what listeners throw and what nobody else is told; if absent it is reported as uncaught. */
  onError?(error: unknown): void;
  /** Draws from [0, 1), for the waits between attempts; Math.random if absent. */
  random?(): number;
  /** Milliseconds since 1970; Date.now if absent. */
  now?(): number;
  /** The platform's if absent. */
  timers?: Timers;
}

/** Options with nothing left open, but for what may be missing. */
export interface NetworkSettings
  extends Required<Omit<NetworkOptions, 'probe' | 'headers' | 'storage' | 'locks'>> {
  probe: (() => Promise<unknown>) | undefined;
  headers: NetworkOptions['headers'] | undefined;
  locks: LockManager | undefined;
}

/** What `fetch` fails with where there is no network, in the words of Chrome, Node, Safari and Firefox. */
const words =
  /^(failed to fetch|fetch failed|load failed|network ?error|the (internet|network) connection|cancelled)/i;

export function networkSettings(o: NetworkOptions): NetworkSettings {
  const platform = globalThis as { navigator?: { locks?: LockManager } };
  const fetch = o.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const { probe, timers = globalThis } = o;
  return {
    probe: typeof probe === 'string' ? () => fetch(probe, { method: 'HEAD', cache: 'no-store' }) : probe,
    headers: o.headers,
    user: o.user ?? '',
    fetch,
    isNetworkError: o.isNetworkError ?? ((error) => error instanceof TypeError && words.test(error.message)),
    timeout: o.timeout ?? 60_000,
    maxRequests: o.maxRequests ?? 1000,
    maxBytes: o.maxBytes ?? 8 << 20,
    maxAge: o.maxAge ?? 7 * 86_400_000,
    locks: o.locks ?? platform.navigator?.locks,
    onError: o.onError ?? report,
    random: o.random ?? Math.random,
    now: o.now ?? Date.now,
    timers: {
      setTimeout: (f, ms) => timers.setTimeout(f, ms),
      clearTimeout: (timer) => timers.clearTimeout(timer),
    },
  };
}

function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
