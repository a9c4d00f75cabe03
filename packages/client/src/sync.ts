import type { Timers } from './alarm.ts';
import { Listeners } from './listeners.ts';

/** How long a connection is gone before it counts as lost: most are back before anybody has noticed. */
const patience = 5000;

/** Whether what was done here has arrived. An object that stays the same while nothing of it changes. */
export interface SyncStatus {
  /**
   * `synced`: nothing waits. `syncing`: `pending` is on its way. `offline`:
   * nothing can be sent now. `blocked`: `blocked` needs the application or the
   * user, and the rest goes on.
   */
  readonly state: 'synced' | 'syncing' | 'offline' | 'blocked';
  /** How much is not settled, and will be without anybody doing anything. */
  readonly pending: number;
  /** How much waits for something that only the application or its user can mend. */
  readonly blocked: number;
  /** The connection was there, and has been gone for 5 s. */
  readonly lost: boolean;
  /** Whether what waits outlives the page. */
  readonly durable: boolean;
}

/** Something that tells how far it has synchronised: a client, a network, or several together. */
export interface Syncing {
  readonly sync: SyncStatus;
  /** Calls a function whenever the status has changed; returns a function that ends it. */
  onSync(listener: (status: SyncStatus) => void): () => void;
}

/** What a source counts. `online` is undefined while that is not known, as before the first attempt. */
export interface Work extends Pick<SyncStatus, 'pending' | 'blocked' | 'durable'> {
  online: boolean | undefined;
}

/** The status of some work; the one before if nothing of it has changed. */
export function statusOf(work: Work, lost: boolean, before?: SyncStatus): SyncStatus {
  const { online, pending, blocked, durable } = work;
  const busy = pending ? 'syncing' : 'synced';
  const state = online === false ? 'offline' : blocked ? 'blocked' : busy;
  return unlessSame({ state, pending, blocked, lost, durable }, before);
}

/** The one before if the two say the same. */
export function unlessSame(status: SyncStatus, before?: SyncStatus): SyncStatus {
  const { state, pending, blocked, lost, durable } = status;
  const same =
    state === before?.state &&
    pending === before.pending &&
    blocked === before.blocked &&
    lost === before.lost &&
    durable === before.durable;
  return same ? before : status;
}

/** The sync status of one source, with the timer that it needs. */
export class Sync {
  status: SyncStatus;
  readonly listeners: Listeners<[SyncStatus]>;
  readonly #timers: Timers;
  #work: Work;
  #timer: unknown;
  #lost = false;

  constructor(timers: Timers, report: (error: unknown) => void, work: Work) {
    this.#timers = timers;
    this.#work = work;
    this.listeners = new Listeners(report);
    this.status = statusOf(work, false);
  }

  /** Takes what the source counts now. */
  update(work: Work): void {
    const was = this.#work.online;
    this.#work = work;
    if (work.online) this.#keep();
    else if (was)
      this.#timer = this.#timers.setTimeout(() => {
        this.#lost = true;
        this.#tell();
      }, patience);
    this.#tell();
  }

  /** Sets no more timers. */
  end(work: Work): void {
    this.#keep();
    this.#work = work;
    this.#tell();
  }

  #keep(): void {
    this.#timers.clearTimeout(this.#timer);
    this.#lost = false;
  }

  #tell(): void {
    const status = statusOf(this.#work, this.#lost, this.status);
    if (status === this.status) return;
    this.status = status;
    this.listeners.tell(status);
  }
}
