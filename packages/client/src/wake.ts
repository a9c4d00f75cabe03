import type { Timers } from './alarm.ts';

/** How often the clocks are compared, and how far apart they then are if the device slept. */
const step = 10_000;
const jump = 10_000;

/** What some browsers tell of the network. */
interface Navigator {
  connection?: EventTarget & { type?: string };
}

/** The clocks of the platform: one that is not set, and the one on the wall. */
interface Clocks {
  now(): number;
  wall(): number;
  timers: Timers;
}

/**
 * Calls wake when the process may have been away: its page became visible, got
 * the focus, was restored or came online, or the clock jumped. It says whether
 * the network may be another. Returns a function that ends it.
 */
export function onWake(wake: (network: boolean) => void, clocks: Clocks): () => void {
  const stops = [onJump(() => wake(true), clocks)];
  if (typeof document !== 'undefined' && typeof addEventListener === 'function') {
    const back = (): void => wake(false);
    const seen = (): void => {
      if (document.visibilityState === 'visible') back();
    };
    const { connection } = (globalThis as { navigator?: Navigator }).navigator ?? {};
    let type = connection?.type;
    // It changes whenever the speed is measured anew, too.
    const changed = (): void => {
      if (connection?.type !== type) wake(true);
      type = connection?.type;
    };
    stops.push(
      on(document, 'visibilitychange', seen),
      on(globalThis, 'focus', back),
      on(globalThis, 'pageshow', back),
      on(globalThis, 'online', () => wake(true)),
    );
    if (connection?.addEventListener) stops.push(on(connection, 'change', changed));
  }
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Listens to a page: `pagehide`, it is left: it ends, or is kept for when the user comes
 * back; `offline`, the browser says that there is no network. Returns a function that ends it.
 */
export function onPage(sign: 'pagehide' | 'offline', listener: () => void): () => void {
  if (typeof document === 'undefined' || typeof addEventListener !== 'function') return () => {};
  return on(globalThis, sign, listener);
}

type Listened = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

function on(target: Listened, type: string, listener: () => void): () => void {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}

/** While a device sleeps the clock on the wall goes on, and timers do not. */
function onJump(jumped: () => void, { now, wall, timers }: Clocks): () => void {
  let apart = wall() - now();
  let timer: unknown;
  const look = (): void => {
    timer = timers.setTimeout(look, step);
    // Looking alone keeps no process alive.
    (timer as { unref?(): void } | undefined)?.unref?.();
    const before = apart;
    apart = wall() - now();
    if (Math.abs(apart - before) > jump) jumped();
  };
  look();
  return () => timers.clearTimeout(timer);
}
