import { backoff } from '../core/backoff.ts';
import { TuttiError } from '../error.ts';
import { attempt } from './attempt.ts';
import { type Kept, Pending } from './kept.ts';
import type { NetworkSettings } from './options.ts';
import type { Reach } from './reach.ts';
import type { Tabs } from './tabs.ts';
import { Turnstile } from './turnstile.ts';

/** How long another tab has to send what is before ours, until we look again, in milliseconds. */
const courtesy = 100;

/** What is remembered of a lane while something is in it. */
interface Lane {
  readonly name: string;
  /** Attempts in a row that came to nothing. */
  failures: number;
  /** Milliseconds to wait before the next one. */
  delay: number;
  /** The last attempt got no answer. */
  unreached: boolean;
  /** How many attempts anywhere had been answered then. */
  answers: number;
  /** Ends its wait. */
  stop(): void;
}

/**
 * Sends what is kept: in each lane one request after the other, in all of them
 * at the same time, in no more than one tab at a time (rules NET-7 to NET-12).
 */
export class Lanes {
  readonly #settings: NetworkSettings;
  readonly #kept: Kept;
  readonly #tabs: Tabs;
  readonly #reach: Reach;
  readonly #turnstile: Turnstile;
  readonly #changed: () => void;
  readonly #lanes = new Map<string, Lane>();
  /** Those that wait for `resume`, and what lets them go on. */
  readonly #parked = new Map<string, () => void>();
  #ended = false;

  constructor(settings: NetworkSettings, kept: Kept, tabs: Tabs, reach: Reach, changed: () => void) {
    this.#settings = settings;
    this.#kept = kept;
    this.#tabs = tabs;
    this.#reach = reach;
    this.#changed = changed;
    this.#turnstile = new Turnstile(() => reach.online);
  }

  /** How many requests wait for `resume`. */
  get blocked(): number {
    return this.#parked.size ? this.#kept.in(this.#parked).length : 0;
  }

  /** Something in a lane may be sent. */
  wake(name: string): void {
    if (this.#lanes.has(name) || this.#ended) return;
    const lane = { name, failures: 0, delay: 0, unreached: false, answers: 0, stop: () => {} };
    this.#lanes.set(name, lane);
    this.#run(lane).catch((error: unknown) => {
      if (!this.#ended) this.#settings.onError(error);
    });
  }

  /** The network is there: what waits only because it was not is sent now. */
  pass(): void {
    for (const lane of this.#lanes.values()) if (lane.unreached) lane.stop();
    this.#turnstile.pass();
  }

  /** Lets one request be tried though the network may not be there; false if none waits. */
  trial(): boolean {
    return this.#turnstile.one();
  }

  resume(): void {
    const all = [...this.#parked.values()];
    this.#parked.clear();
    this.#changed();
    for (const go of all) go();
  }

  end(): void {
    this.#ended = true;
    this.resume();
    for (const lane of this.#lanes.values()) lane.stop();
    while (this.#turnstile.one());
  }

  async #run(lane: Lane): Promise<void> {
    try {
      for (let more = true; more && !this.#ended; ) {
        const theirs = await this.#tabs.alone(lane.name, () => this.#drain(lane));
        if (theirs) await this.#wait(lane, courtesy);
        more = theirs || this.#kept.in(new Set([lane.name])).some((pending) => pending.ready);
      }
    } finally {
      this.#lanes.delete(lane.name);
    }
  }

  /** Sends what is in a lane now; true if something there is another tab's turn. */
  async #drain(lane: Lane): Promise<boolean> {
    const rows = await this.#kept.read(lane.name, (owners) => this.#tabs.living(owners));
    let theirs = false;
    for (const row of rows) {
      theirs = !(row instanceof Pending) && row.owner !== this.#tabs.id;
      if (theirs || this.#ended) break;
      if (row instanceof Pending) await this.#deliver(lane, row);
    }
    // Or the next tab would find what has been sent.
    await this.#kept.flush();
    return theirs;
  }

  /** Attempts until the request is settled. */
  async #deliver(lane: Lane, pending: Pending): Promise<void> {
    const reach = this.#reach;
    while (this.#kept.has(pending) && !this.#ended) {
      if (lane.delay) {
        await this.#wait(lane, lane.delay);
        lane.delay = 0;
      } else if (this.#parked.has(lane.name)) {
        await this.#park(lane);
      } else {
        reach.waiting();
        await this.#turnstile.enter();
        await this.#attempt(lane, pending).finally(() => this.#turnstile.leave());
        reach.waiting();
      }
    }
  }

  async #attempt(lane: Lane, pending: Pending): Promise<void> {
    const gone = (): boolean => this.#ended || !this.#kept.has(pending);
    if (gone() || this.#tooOld(pending)) return;
    pending.controller = new AbortController();
    const verdict = await attempt(pending.row, this.#settings, pending.controller);
    if (verdict.kind === 'unreached') {
      if (!gone()) this.#unreached(lane);
      return;
    }
    this.#reach.answered();
    lane.unreached = false;
    switch (verdict.kind) {
      case 'done':
        lane.failures = 0;
        if (!pending.caller) verdict.response.body?.cancel().catch(() => {});
        if (this.#kept.settle(pending)) pending.caller?.resolve(verdict.response);
        return;
      case 'rejected':
        lane.failures = 0;
        return this.#kept.fail(pending, verdict.error);
      case 'unauthorized':
        this.#parked.set(lane.name, () => {});
        return;
      case 'later':
        lane.delay = Math.max(verdict.after, this.#backoff(lane));
        return;
      default:
        return verdict satisfies never;
    }
  }

  /** If others were answered since the lane's last attempt failed too, it is the lane and not the network. */
  #unreached(lane: Lane): void {
    const reach = this.#reach;
    const alone = lane.unreached && reach.answers > lane.answers;
    lane.unreached = true;
    lane.answers = reach.answers;
    if (!alone) reach.failed();
    const delay = this.#backoff(lane);
    // While the network is not there, it is what is waited for.
    if (reach.online) lane.delay = delay;
  }

  #backoff(lane: Lane): number {
    return backoff(lane.failures++, this.#settings.random());
  }

  #tooOld(pending: Pending): boolean {
    const { now, maxAge } = this.#settings;
    const old = now() - pending.row.time > maxAge;
    if (old) this.#kept.fail(pending, new TuttiError('timeout', 'No server took it in time.'));
    return old;
  }

  #park(lane: Lane): Promise<void> {
    return new Promise((resolve) => {
      this.#parked.set(lane.name, resolve);
      this.#changed();
    });
  }

  #wait(lane: Lane, ms: number): Promise<void> {
    const { timers } = this.#settings;
    return new Promise((resolve) => {
      const timer = timers.setTimeout(() => lane.stop(), ms);
      lane.stop = () => {
        timers.clearTimeout(timer);
        lane.stop = () => {};
        resolve();
      };
    });
  }
}
