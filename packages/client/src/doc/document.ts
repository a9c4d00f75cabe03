import type { Timers } from '../alarm.ts';
import type { DocumentHandler, DocumentHost, OperationHandler } from '../document.ts';
import { type Encoded, encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import { badOperation } from './json.ts';
import { Mutating, type Mutation } from './mutation.ts';
import { type Change, type Folded, type LogEntry, Replica } from './replica.ts';
import type { Op, Type } from './type.ts';

const lost = 'The server took the operation, and has lost the log that it was in.';

/** What a document needs of its client. */
export interface Host extends DocumentHost {
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** The client's own id, once a server has told it. */
  client(): string | undefined;
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
 * turn in which they came. What has changed is told then, once: all that came
 * in one frame is one change. What the application changes is told at once.
 */
export class Document<C> {
  readonly #host: Host;
  status: DocumentStatus = 'opening';
  /** Why it failed. */
  error: TuttiError | undefined;
  readonly topic: string;
  /** Told the keys whose shown cells differ, before anyone of the application is. */
  readonly touched = this.#listeners<[keys: readonly string[]]>();
  readonly changed = this.#listeners<[keys: readonly string[]]>();
  readonly moved = this.#listeners<[status: DocumentStatus]>();
  readonly mutated = this.#listeners<[mutation: Mutation]>();
  readonly folded = this.#listeners<[folded: Folded<C>]>();
  readonly faults = this.#listeners<[error: TuttiError]>();
  readonly #replica: Replica<C>;
  readonly #mutating = new Map<number, Mutating>();
  #entries: LogEntry[] = [];
  /** Keys that have changed and were not told. */
  #untold = new Set<string>();
  /** Mutations that are new or whose status has changed, and were not told. */
  #untoldMutations = new Set<Mutation>();
  /** What else was not told. */
  #news: (() => void)[] = [];
  #due = false;
  #handles = 0;
  #made = 0;
  readonly #left: () => void;
  #close: () => void = () => {};

  /** `left` is called when it is used no more, or has ended. */
  constructor(host: Host, topic: string, type: Type<C>, left: () => void) {
    this.#host = host;
    this.topic = topic;
    this.#replica = new Replica(type);
    this.#left = left;
  }

  /** Opens it; it may fail at once. */
  open(): void {
    const close = this.#host.open(this.topic, this.#handler());
    if (this.#ended) close();
    else this.#close = close;
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
      if (this.#ended) throw this.error ?? new TuttiError('closed');
      encoded = encode(make());
      op = this.type.decode(encoded.data);
      check?.(encoded.data);
    } catch (error) {
      return this.#refused(error, keys, local(keys));
    }
    const { replica } = this;
    const key = ++this.#made;
    this.#take(replica.mutate(key, op));
    const mutating = new Mutating(op.keys, local(op.keys));
    this.#mutating.set(key, mutating as Mutating);
    mutating.moved = () => this.#mention(mutating.mutation);
    mutating.limit(timeout, this.#host.timers);
    const handler = this.#operationHandler(key, mutating as Mutating);
    const operation = { ...encoded, base: () => replica.baseOf(key) };
    mutating.takeBack = this.#host.operate(this.topic, operation, handler);
    mutating.moved();
    this.#tell();
    return mutating;
  }

  /** Ends it. Whether what was sent has an effect cannot be known any more. */
  end(error: TuttiError): void {
    if (this.#ended) return;
    this.error = error;
    this.#move(error.code === 'closed' ? 'closed' : 'failed');
    for (const [key, mutating] of [...this.#mutating]) {
      this.#drop(key);
      mutating.fail(error, !mutating.takeBack());
    }
    if (this.status === 'failed') this.#later(() => this.faults.tell(error));
    this.#leave();
  }

  #listeners<A extends unknown[]>(): Listeners<A> {
    return new Listeners<A>((error) => this.#host.report(error));
  }

  get #ended(): boolean {
    return this.status === 'failed' || this.status === 'closed';
  }

  #handler(): DocumentHandler {
    const open = (): void => {
      if (this.status === 'opening') this.#move('open');
    };
    return {
      type: this.type.name,
      started: () => {
        this.#identify();
        open();
      },
      snapshot: (snapshot) => {
        this.#identify();
        try {
          this.#take(this.replica.snapshot(snapshot, snapshot.recovered));
          open();
        } catch (error) {
          this.end(error as TuttiError);
        }
      },
      entry: (entry) => {
        this.#entries.push(entry);
        this.#schedule();
      },
      failed: (error) => this.end(error),
    };
  }

  #operationHandler(key: number, mutating: Mutating): OperationHandler {
    return {
      sent: (client, seq) => {
        this.#identify();
        this.#replica.sent(key, client, seq);
        mutating.move('sent');
      },
      doubtful: () => mutating.move('unconfirmed'),
      acknowledged: (place) => this.#take(this.replica.acknowledged(key, place)),
      failed: (error, unconfirmed) => {
        if (!this.#mutating.has(key)) return;
        this.#drop(key);
        if (error.code === 'aborted') mutating.cancel();
        else mutating.fail(error, unconfirmed);
        this.#leaveIfUnused();
      },
    };
  }

  #refused<L>(error: unknown, keys: readonly string[], local: L): Mutating<L> {
    const mutating = new Mutating(keys, local);
    const known = error instanceof TuttiError && error.code !== 'bad_message';
    mutating.fail(known ? error : badOperation(error instanceof Error ? error.message : String(error)));
    this.#mention(mutating.mutation);
    this.#tell();
    return mutating;
  }

  /** Follows the client, which goes on as another when the server has forgotten it. */
  #identify(): void {
    this.#take(this.replica.identify(this.#host.client()));
  }

  #move(status: DocumentStatus): void {
    this.status = status;
    this.#later(() => this.moved.tell(status));
  }

  /** The mutation has no effect. */
  #drop(key: number): void {
    this.#mutating.delete(key);
    this.#take(this.replica.drop(key));
  }

  #take(change: Change<C>): void {
    if (change.keys.length) {
      for (const key of change.keys) this.#untold.add(key);
      this.touched.tell(change.keys);
      this.#schedule();
    }
    for (const folded of change.folded) {
      if (folded.own !== undefined) this.#mutating.get(folded.own)?.folded(folded.cells);
      this.#later(() => this.folded.tell(folded));
    }
    for (const fault of change.faults) this.#later(() => this.faults.tell(fault));
    for (const { key, place } of change.confirmed) {
      this.#mutating.get(key)?.confirm(place);
      this.#mutating.delete(key);
    }
    for (const key of change.lost) {
      this.#mutating.get(key)?.fail(new TuttiError('position_lost', lost));
      this.#mutating.delete(key);
    }
    if (change.confirmed.length || change.lost.length) this.#leaveIfUnused();
  }

  #mention(mutation: Mutation): void {
    this.#untoldMutations.add(mutation);
    this.#schedule();
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
    const mutations = this.#untoldMutations;
    const news = this.#news;
    this.#untold = new Set();
    this.#untoldMutations = new Set();
    this.#news = [];
    if (keys.length) this.changed.tell(keys);
    for (const mutation of mutations) this.mutated.tell(mutation);
    for (const tell of news) tell();
  }

  #leaveIfUnused(): void {
    if (this.#handles || this.#mutating.size || this.#ended) return;
    this.status = 'closed';
    this.#leave();
  }

  #leave(): void {
    this.#close();
    this.#left();
  }
}
