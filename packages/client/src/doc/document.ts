import type { Timers } from '../alarm.ts';
import { type Encoded, encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import type { Acknowledgement } from '../publication.ts';
import { badOperation } from './json.ts';
import { Mutating, type Mutation } from './mutation.ts';
import { type Change, type DocumentEntry, type Folded, Replica, type Snapshot } from './replica.ts';
import type { Op, Type } from './type.ts';

/** What a document needs of its client. */
export interface DocumentHost {
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** The client's own id, once a server has told it. */
  client(): string | undefined;
  /** A number for a mutation, above all before. */
  number(): number;
  publish(key: number, topic: string, data: unknown, bytes: number, base: number): void;
  /** Takes a mutation back if it was never sent; returns whether it did. */
  abort(key: number): boolean;
  /** The document is used no more. */
  leave(): void;
}

/**
 * How far a document is: nothing is shown of it yet; it is shown, and follows
 * its log whenever there is a connection; it ended by an error, or by `close`.
 */
export type DocumentStatus = 'opening' | 'open' | 'failed' | 'closed';

/** A mutation to be. */
export interface Draft<L> {
  /** Those that it is about, as far as that is known of one that is refused. */
  keys: readonly string[];
  /** Returns the operation, or throws a TuttiError that says why there is none. */
  make(): unknown;
  /** Throws unless the application's schema takes the operation. */
  check?(op: unknown): void;
  /** What is shown at the keys after it. */
  local(keys: readonly string[]): L;
}

/**
 * A document of one client, which all handles on its topic share: its replica,
 * the mutations that are not settled, and who is told of changes.
 *
 * Entries are folded when something is read or written, or at the end of the
 * turn in which they came, and told then: those of one frame are one change.
 */
export class Document<C> {
  status: DocumentStatus = 'opening';
  /** Why it failed. */
  error: TuttiError | undefined;
  readonly topic: string;
  /** Told the keys whose shown cells differ, before anyone of the application is. */
  readonly touched: Listeners<[keys: readonly string[]]>;
  readonly changed: Listeners<[keys: readonly string[]]>;
  readonly moved: Listeners<[status: DocumentStatus]>;
  readonly mutated: Listeners<[mutation: Mutation]>;
  readonly folded: Listeners<[folded: Folded<C>]>;
  readonly faults: Listeners<[error: TuttiError]>;
  readonly #host: DocumentHost;
  readonly #replica: Replica<C>;
  readonly #mutating = new Map<number, Mutating>();
  #entries: DocumentEntry[] = [];
  /** Keys that have changed and were not told. */
  #untold = new Set<string>();
  /** What else was not told. */
  #news: (() => void)[] = [];
  #due = false;
  #handles = 0;

  constructor(host: DocumentHost, topic: string, type: Type<C>) {
    this.#host = host;
    this.topic = topic;
    this.#replica = new Replica(type);
    this.touched = new Listeners(host.report);
    this.changed = new Listeners(host.report);
    this.moved = new Listeners(host.report);
    this.mutated = new Listeners(host.report);
    this.folded = new Listeners(host.report);
    this.faults = new Listeners(host.report);
  }

  get type(): Type<C> {
    return this.#replica.type;
  }

  /** The document as all that came up to now makes it. */
  get replica(): Replica<C> {
    if (this.#entries.length) {
      const entries = this.#entries;
      this.#entries = [];
      this.#replica.watching = this.folded.size > 0;
      this.#take(this.#replica.entries(entries));
    }
    return this.#replica;
  }

  /** A handle joins; returns how it leaves. */
  join(): () => void {
    this.#handles++;
    return () => {
      this.#handles--;
      this.#leaveIfUnused();
    };
  }

  /** The mutations of a key that are not settled, in order. */
  mutationsOn(key: string): Mutation[] {
    return this.replica.pendingOn(key).flatMap((k) => this.#mutating.get(k)?.mutation ?? []);
  }

  /**
   * Applies an operation, unless something is wrong with it: that is the
   * mutation's error then, nothing is changed and nothing sent.
   */
  mutate<L>({ keys, make, check, local }: Draft<L>, timeout?: number): Mutating<L> {
    let op: Op<C>;
    let encoded: Encoded;
    try {
      if (this.status === 'failed' || this.status === 'closed') throw this.error ?? new TuttiError('closed');
      encoded = encode(make());
      op = this.type.decode(encoded.data);
      check?.(encoded.data);
    } catch (error) {
      return this.#refused(error, keys, local(keys));
    }
    const { replica } = this;
    const base = replica.offset;
    const key = this.#host.number();
    this.#take(replica.mutate(key, op));
    const mutating = new Mutating(op.keys, local(op.keys), () => this.#cancel(key));
    this.#mutating.set(key, mutating as Mutating);
    mutating.moved = () => this.#later(() => this.mutated.tell(mutating.mutation));
    mutating.limit(timeout, this.#host.timers);
    this.#host.publish(key, this.topic, encoded.data, encoded.bytes, base);
    mutating.moved();
    this.#tell();
    return mutating;
  }

  /** The subscription begins here, without a snapshot. */
  started(offset: number, recovered: boolean): void {
    if (!recovered) return this.snapshot({ offset, cells: [], recovered });
    this.#identify();
    this.#open();
    this.#tell();
  }

  snapshot(snapshot: Snapshot): void {
    const { replica } = this;
    this.#identify();
    try {
      this.#take(replica.snapshot(snapshot));
    } catch (error) {
      return this.fail(error as TuttiError);
    }
    this.#open();
    this.#tell();
  }

  entry(entry: DocumentEntry): void {
    this.#entries.push(entry);
    this.#schedule();
  }

  sent(key: number, seq: number): void {
    this.#identify();
    this.#replica.sent(key, seq);
    this.#mutating.get(key)?.move('sent');
  }

  /** The connection ended while the operation was on its way. */
  doubtful(key: number): void {
    this.#mutating.get(key)?.move('unconfirmed');
  }

  acknowledged(key: number, place: Acknowledgement): void {
    this.#take(this.replica.acknowledged(key, place));
    this.#tell();
  }

  rejected(key: number, error: TuttiError, unconfirmed = false): void {
    this.#take(this.replica.drop(key));
    const mutating = this.#settle(key);
    if (error.code === 'aborted') mutating?.cancel();
    else mutating?.fail(error, unconfirmed);
    this.#tell();
    this.#leaveIfUnused();
  }

  /** Ends it: what was sent can not be known any more. */
  fail(error: TuttiError): void {
    if (this.status === 'failed' || this.status === 'closed') return;
    this.error = error;
    this.#move(error.code === 'closed' ? 'closed' : 'failed');
    for (const [key, mutating] of [...this.#mutating]) {
      this.#host.abort(key);
      this.rejected(key, error, mutating.status !== 'pending');
    }
    if (this.status === 'failed') this.#later(() => this.faults.tell(error));
    this.#host.leave();
    this.#tell();
  }

  #refused<L>(error: unknown, keys: readonly string[], local: L): Mutating<L> {
    const mutating = new Mutating(keys, local, () => false);
    const known = error instanceof TuttiError && error.code !== 'bad_message';
    mutating.fail(known ? error : badOperation(error instanceof Error ? error.message : String(error)));
    this.#later(() => this.mutated.tell(mutating.mutation));
    this.#tell();
    return mutating;
  }

  #cancel(key: number): boolean {
    const mutating = this.#mutating.get(key);
    const taken = mutating !== undefined && this.#host.abort(key);
    if (taken) mutating.cancel();
    return taken;
  }

  /** Follows the client, which goes on as another when the server has forgotten it. */
  #identify(): void {
    this.#take(this.replica.identify(this.#host.client()));
  }

  #open(): void {
    if (this.status === 'opening') this.#move('open');
  }

  #move(status: DocumentStatus): void {
    this.status = status;
    this.#later(() => this.moved.tell(status));
  }

  #settle(key: number): Mutating | undefined {
    const mutating = this.#mutating.get(key);
    this.#mutating.delete(key);
    return mutating;
  }

  #take(change: Change<C>): void {
    if (change.keys.length) {
      for (const key of change.keys) this.#untold.add(key);
      this.touched.tell(change.keys);
      this.#schedule();
    }
    for (const folded of change.folded) this.#later(() => this.folded.tell(folded));
    for (const fault of change.faults) this.#later(() => this.faults.tell(fault));
    for (const { key, place } of change.confirmed) this.#settle(key)?.confirm(place);
    if (change.confirmed.length) this.#leaveIfUnused();
  }

  /** Tells something behind the keys that have changed. */
  #later(tell: () => void): void {
    this.#news.push(tell);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#tell();
    });
  }

  /** Tells what has changed, once. */
  #tell(): void {
    void this.replica;
    const keys = [...this.#untold];
    const news = this.#news;
    this.#untold = new Set();
    this.#news = [];
    if (keys.length) this.changed.tell(keys);
    for (const tell of news) tell();
  }

  #leaveIfUnused(): void {
    if (this.#handles || this.#mutating.size || this.status === 'failed' || this.status === 'closed') return;
    this.status = 'closed';
    this.#host.leave();
  }
}
