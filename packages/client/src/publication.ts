import type { TuttiError } from './error.ts';

/** Where an entry ended up. */
export interface Acknowledgement {
  /** Absent if the server no longer remembers: the entry is in the log, but was acknowledged long ago. */
  offset?: number;
  term?: string;
}

/**
 * How far a publish has come. `rejected`: it failed and the entry is not in
 * the log. `unconfirmed`: it failed, and the entry may be in the log or come
 * there yet.
 */
export type PublishStatus = 'queued' | 'sent' | 'acknowledged' | 'rejected' | 'unconfirmed';

/**
 * A publish under way: a promise of its acknowledgement that also tells its
 * status. Nobody needs to look at it; a failure is then passed over.
 */
export interface Publication extends Promise<Acknowledgement> {
  readonly status: PublishStatus;
}

/** The side of a publication that the client moves. */
export class Publishing {
  readonly publication: Publication;
  status: PublishStatus = 'queued';
  #resolve!: (a: Acknowledgement) => void;
  #reject!: (e: TuttiError) => void;

  constructor() {
    const promise = new Promise<Acknowledgement>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    promise.catch(() => {});
    this.publication = Object.defineProperty(promise, 'status', {
      get: () => this.status,
    }) as Publication;
  }

  acknowledge(a: Acknowledgement): void {
    this.status = 'acknowledged';
    this.#resolve(a);
  }

  fail(error: TuttiError, unconfirmed = false): void {
    this.status = unconfirmed ? 'unconfirmed' : 'rejected';
    this.#reject(error);
  }
}
