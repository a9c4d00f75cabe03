import type { Timers } from '../alarm.ts';
import type { DocumentHandler, DocumentHost, Operation, OperationHandler } from '../document.ts';
import { type Encoded, encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import type { Entry } from '../protocol.ts';
import { badOperation } from './json.ts';
import { Mutating, type Mutation } from './mutation.ts';
import type { Change, DocumentState } from './state.ts';

const lost = 'The server took the operation, and has lost the log that it was in.';

/** What a document needs of its client. */
export interface Host extends DocumentHost {
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** The client's own id, once a server has told it. */
  client(): string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  /** How many bytes the data of an entry may have; Infinity before a server has told it. */
  messageBytes(): number;
}

/**
 * How far a document is: nothing is shown of it yet; it is shown, and follows
 * its log whenever there is a connection; it ended by an error, or by `close`.
 */
export type DocumentStatus = 'opening' | 'open' | 'failed' | 'closed';

/**
 * A document of one client, which all handles on its topic share: its state,
 * the mutations that are not settled, and who is told of changes. S is the
 * state, and F what it tells of what happened.
 *
 * Entries are folded when something is read or written, or at the end of the
 * turn in which they came. What has changed is told then, once: all that came
 * in one frame is one change. What the application changes is told at once.
 */
export class Document<S extends DocumentState<F>, F = never> {
  readonly host: Host;
  status: DocumentStatus = 'opening';
  /** Why it failed. */
  error: TuttiError | undefined;
  readonly topic: string;
  /** The document without the entries that came and are not folded. */
  readonly state: S;
  /** Told the keys whose shown cells differ, before anyone of the application is. */
  readonly touched = this.#listeners<[keys: readonly string[]]>();
  readonly changed = this.#listeners<[keys: readonly string[]]>();
  readonly moved = this.#listeners<[status: DocumentStatus]>();
  readonly mutated = this.#listeners<[mutation: Mutation]>();
  readonly folded = this.#listeners<[folded: F]>();
  readonly faults = this.#listeners<[error: TuttiError]>();
  readonly #mutating = new Map<number, Mutating>();
  #entries: Entry[] = [];
  /** Keys that have changed and were not told. */
  #untold = new Set<string>();
  /** Mutations that are new or whose status has changed, and were not told. */
  #untoldMutations = new Set<Mutation>();
  /** What else was not told. */
  #news: (() => void)[] = [];
  /** What the state says of what happened, and was not told, */
  readonly #telling: F[] = [];
  /** and how many reasons there are not to tell it now. */
  #holding = 0;
  #due = false;
  #handles = 0;
  readonly #left: () => void;
  #close: () => void = () => {};

  /** `left` is called when it is used no more, or has ended. */
  constructor(host: Host, topic: string, state: S, left: () => void) {
    this.host = host;
    this.topic = topic;
    this.state = state;
    this.#left = left;
  }

  /** Opens it; it may fail at once. */
  open(): void {
    const close = this.host.open(this.topic, this.#handler());
    if (this.#ended) close();
    else this.#close = close;
  }

  /** The document as all that came up to now makes it. */
  get replica(): S {
    while (this.#entries.length) {
      // Of positional operations, each change is told when it is what is shown.
      const entries = this.#entries.splice(0, this.state.positional ? 1 : this.#entries.length);
      this.state.watching = this.folded.size > 0;
      this.take(this.state.entries(entries));
    }
    return this.state;
  }

  /** A handle joins; returns how it leaves. */
  join(): () => void {
    this.#handles++;
    return () => {
      this.#handles--;
      this.#leaveIfUnused();
    };
  }

  /** Of an operation that is not settled. */
  mutating(key: number): Mutating | undefined {
    return this.#mutating.get(key);
  }

  /** Throws unless operations may be made. */
  check(): void {
    if (this.#ended) throw this.error ?? new TuttiError('closed');
  }

  /** Sends an operation that the state holds as pending. */
  send<L>(
    key: number,
    keys: readonly string[],
    local: L,
    timeout: number | undefined,
    encoded: Encoded = this.#words(key),
  ): Mutating<L> {
    const mutating = new Mutating(keys, local);
    this.#mutating.set(key, mutating as Mutating);
    mutating.moved = () => this.#mention(mutating.mutation);
    mutating.limit(timeout, this.host.timers);
    const handler = this.#operationHandler(key, mutating as Mutating);
    const sending = this.host.operate(this.topic, this.#operation(key, encoded), handler);
    mutating.sending = sending;
    mutating.takeBack = () => {
      const taken = sending.takeBack();
      if (taken) this.#drop(key); // before anything behind it is sent
      return taken;
    };
    mutating.moved();
    return mutating;
  }

  /** Says a pending operation as the state has it now, for the next time that it is sent. */
  amend(key: number): void {
    const sending = this.#mutating.get(key)?.sending;
    sending?.amend(this.#operation(key, this.#words(key)));
  }

  /** Follows the client, which goes on as another when the server has forgotten it. */
  identify(): void {
    this.take(this.replica.identify(this.host.client()));
  }

  /** A mutation that is none: something is wrong with it. */
  refuse<L>(error: unknown, keys: readonly string[], local: L): Mutating<L> {
    const mutating = new Mutating(keys, local);
    const known = error instanceof TuttiError && error.code !== 'bad_message';
    mutating.fail(known ? error : badOperation(error instanceof Error ? error.message : String(error)));
    this.#mention(mutating.mutation);
    return mutating;
  }

  /** Ends it. Whether what was sent has an effect cannot be known any more. */
  end(error: TuttiError): void {
    if (this.#ended) return;
    this.error = error;
    this.#move(error.code === 'closed' ? 'closed' : 'failed');
    const mutating = [...this.#mutating];
    this.#mutating.clear();
    this.take(this.replica.drop(...mutating.map(([key]) => key)));
    for (const [, m] of mutating) m.fail(error, !m.takeBack());
    if (this.status === 'failed') this.later(() => this.faults.tell(error));
    this.#leave();
  }

  /** Carries out what a step of the state has changed. */
  take(change: Change<F>): void {
    for (const key of change.amended ?? []) this.amend(key);
    if (change.keys.length) {
      for (const key of change.keys) this.#untold.add(key);
      this.touched.tell(change.keys);
      this.#schedule();
    }
    for (const folded of change.folded) this.news(folded);
    for (const fault of change.faults) this.later(() => this.faults.tell(fault));
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

  /** Tells what has changed, once. */
  tell(): void {
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

  /** Takes steps, and tells what the state says of them behind the last. */
  atOnce<T>(steps: () => T): T {
    this.#holding++;
    try {
      return steps();
    } finally {
      this.#holding--;
      this.#tellNews();
    }
  }

  /** Tells what the state says of what happened, at once, but behind what is being told. */
  protected news(folded: F): void {
    this.#telling.push(folded);
    this.#tellNews();
  }

  #tellNews(): void {
    if (this.#holding) return;
    this.#holding++;
    for (const folded of this.#telling) this.folded.tell(folded); // comes to what is added meanwhile
    this.#telling.length = 0;
    this.#holding--;
  }

  /** Tells something behind the keys that have changed. */
  protected later(tell: () => void): void {
    this.#news.push(tell);
    this.#schedule();
  }

  #listeners<A extends unknown[]>(): Listeners<A> {
    return new Listeners<A>((error) => this.host.report(error));
  }

  get #ended(): boolean {
    return this.status === 'failed' || this.status === 'closed';
  }

  #words(key: number): Encoded {
    return encode(this.state.dataOf?.(key));
  }

  #operation(key: number, encoded: Encoded): Operation {
    const { state } = this;
    return { ...encoded, base: () => state.baseOf(key), positional: state.positional };
  }

  #handler(): DocumentHandler {
    const open = (): void => {
      if (this.status === 'opening') this.#move('open');
    };
    return {
      type: this.state.name,
      started: () => {
        this.identify();
        open();
      },
      snapshot: (snapshot) => {
        this.identify();
        try {
          this.take(this.replica.snapshot(snapshot, snapshot.recovered));
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
        this.state.sent(key, client, seq);
        mutating.move('sent');
      },
      doubtful: () => mutating.move('unconfirmed'),
      outdated: () => {
        const change = this.replica.outdated?.(key);
        if (change) this.take(change);
      },
      acknowledged: (place) => this.take(this.replica.acknowledged(key, place)),
      failed: (error, unconfirmed) => {
        if (!this.#mutating.has(key)) return;
        this.#drop(key);
        if (error.code === 'aborted') mutating.cancel();
        else mutating.fail(error, unconfirmed);
      },
    };
  }

  #move(status: DocumentStatus): void {
    this.status = status;
    this.later(() => this.moved.tell(status));
  }

  /** The mutation has no effect. */
  #drop(key: number): void {
    if (!this.#mutating.delete(key)) return;
    this.take(this.replica.drop(key));
    this.#leaveIfUnused();
  }

  #mention(mutation: Mutation): void {
    this.#untoldMutations.add(mutation);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      void this.replica;
      this.tell();
    });
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
