import type { Timers } from '../alarm.ts';
import type { Sending } from '../document.ts';
import { TuttiError } from '../error.ts';
import type { Acknowledgement } from '../publication.ts';
import type { Folded } from './replica.ts';

/**
 * How far a mutation has come. `pending`: it was not sent yet. `unconfirmed`:
 * it was sent, and no answer came in the time given or before the connection
 * ended; it is confirmed or rejected later. `cancelled`: it was taken back
 * before it was sent.
 */
export type MutationStatus = 'pending' | 'sent' | 'unconfirmed' | 'confirmed' | 'rejected' | 'cancelled';

export interface MutationOptions {
  /** Milliseconds after which the status is `unconfirmed` if no answer came. The mutation goes on. */
  timeout?: number;
}

/** A change that the application made: it shows at once, and the server judges it. */
export interface Mutation<L = unknown> {
  /** The keys that it is about. */
  readonly keys: readonly string[];
  /** What is shown there at once, after it. */
  readonly local: L;
  /**
   * Its place in the log, once the confirmed document holds it; or the
   * TuttiError for which it has no effect. Nobody needs to look at it.
   */
  readonly server: Promise<Acknowledgement>;
  readonly status: MutationStatus;
  /** Why it was rejected, or can never be known to be confirmed: the client was closed. */
  readonly error: TuttiError | undefined;
  /** Takes it back if it was never sent; returns whether it did. */
  cancel(): boolean;
}

/** The side of a mutation that its document moves. */
export class Mutating<L = unknown> {
  readonly mutation: Mutation<L>;
  /** There is nothing more to come. */
  over = false;
  /** Called when the status has changed. */
  moved: () => void = () => {};
  /** Called before it is over with what it changed in the log, if that is known. */
  folded: (cells: Folded<unknown>['cells']) => void = () => {};
  /** Called once, when it is over. */
  settled: () => void = () => {};
  /** Takes it out of what is to be sent; returns false if it was sent. */
  takeBack: () => boolean = () => false;
  /** How it is sent, if it was made. */
  sending: Sending | undefined;
  readonly #own: { status: MutationStatus; error: TuttiError | undefined };
  #resolve!: (place: Acknowledgement) => void;
  #reject!: (error: TuttiError) => void;
  #stopTimer: (() => void) | undefined;

  constructor(keys: readonly string[], local: L) {
    const server = new Promise<Acknowledgement>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    server.catch(() => {});
    const cancel = (): boolean => {
      const taken = this.takeBack();
      if (taken) this.cancel();
      return taken;
    };
    const mutation = { keys, local, server, status: 'pending' as MutationStatus, error: undefined, cancel };
    this.mutation = this.#own = mutation;
  }

  /** Makes it unconfirmed after so many milliseconds. */
  limit(timeout: number | undefined, timers: Timers): void {
    if (!timeout || this.over) return;
    const timer = timers.setTimeout(() => this.move('unconfirmed'), timeout);
    this.#stopTimer = () => timers.clearTimeout(timer);
  }

  move(status: 'sent' | 'unconfirmed'): void {
    const own = this.#own;
    if (this.over || own.status === 'unconfirmed' || own.status === status) return;
    own.status = status;
    this.moved();
  }

  confirm(place: Acknowledgement): void {
    if (this.#end('confirmed')) this.#resolve(place);
  }

  /** It has no effect, or it cannot be known whether it will have one. */
  fail(error: TuttiError, unconfirmed = false): void {
    if (this.#end(unconfirmed ? 'unconfirmed' : 'rejected', error)) this.#reject(error);
  }

  cancel(): void {
    if (this.#end('cancelled')) this.#reject(new TuttiError('aborted'));
  }

  #end(status: MutationStatus, error?: TuttiError): boolean {
    if (this.over) return false;
    this.over = true;
    this.#stopTimer?.();
    this.#own.status = status;
    this.#own.error = error;
    this.moved();
    this.settled();
    return true;
  }
}
