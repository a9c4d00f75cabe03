import type { Timers } from '../alarm.ts';
import { backoff } from '../core/backoff.ts';

/** How long a probe may take, in milliseconds. */
const patience = 10_000;

export interface ReachHost {
  probe: (() => Promise<unknown>) | undefined;
  /** Lets something that waits be tried, and returns whether something did. Used where there is no probe. */
  trial(): boolean;
  /** Called when `online` has changed. */
  changed(): void;
  timers: Timers;
  random(): number;
}

/**
 * Whether the network is there, by what attempts say (rules NET-1 to NET-4).
 * Where there is a probe it has the last word: a failure makes it be asked, so
 * that one server that is down is not taken for all of them.
 */
export class Reach {
  online: boolean;
  /** How many attempts were answered. */
  answers = 0;
  readonly #host: ReachHost;
  #failures = 0;
  #timer: unknown;
  #asking = false;
  #ended = false;

  constructor(host: ReachHost, online: boolean) {
    this.#host = host;
    this.online = online;
  }

  /** An attempt was answered, in whatever way. */
  answered(): void {
    this.answers++;
    this.#failures = 0;
    this.#set(true);
  }

  /** A function of the application has ended; if it reached nothing, by the network's fault. */
  tried(reached: boolean): void {
    if (!reached) this.failed();
    else if (!this.#host.probe) this.answered();
  }

  /** An attempt failed by the network's fault. */
  failed(): void {
    if (this.#host.probe) this.#ask();
    else this.#down();
  }

  /** What the platform believes. */
  hint(online: boolean): void {
    if (online && this.online) return;
    this.#failures = 0;
    if (this.#host.probe) this.#ask();
    else if (!online) this.#down();
    else if (!this.#host.trial()) this.#set(true);
  }

  /** Something waits that did not before, or an attempt ended that says nothing. */
  waiting(): void {
    if (this.online) return;
    if (this.#host.probe) this.#ask();
    else this.#wait();
  }

  end(): void {
    this.#ended = true;
    this.#host.timers.clearTimeout(this.#timer);
  }

  #ask(): void {
    const { probe, timers } = this.#host;
    if (this.#asking || this.#ended || !probe) return;
    this.#asking = true;
    this.#stopWaiting();
    let timer: unknown;
    const late = new Promise((_, reject) => {
      timer = timers.setTimeout(reject, patience);
    });
    Promise.race([call(probe), late])
      .then(
        () => true,
        () => false,
      )
      .then((reached) => {
        timers.clearTimeout(timer);
        this.#asking = false;
        if (this.#ended) return;
        if (reached) this.answered();
        else this.#down();
      });
  }

  #down(): void {
    this.#set(false);
    this.#wait();
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#ended) return;
    const { timers, random, probe, trial } = this.#host;
    this.#timer = timers.setTimeout(
      () => {
        this.#timer = undefined;
        if (probe) this.#ask();
        else if (!trial()) this.#failures = 0;
      },
      backoff(this.#failures++, random()),
    );
  }

  #stopWaiting(): void {
    this.#host.timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(online: boolean): void {
    if (online) this.#stopWaiting();
    if (this.online === online) return;
    this.online = online;
    this.#host.changed();
  }
}

async function call(f: () => Promise<unknown>): Promise<unknown> {
  return f();
}
