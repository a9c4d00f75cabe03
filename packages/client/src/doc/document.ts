import type { Timers } from '../alarm.ts';
import type {
  Confirmed,
  Copy,
  DocumentHandler,
  DocumentHost,
  Operation,
  OperationHandler,
  Sending,
} from '../document.ts';
import { type Encoded, encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import { Listeners } from '../listeners.ts';
import type { Entry, Position } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';
import { badOperation } from './json.ts';
import { Mutating, type Mutation } from './mutation.ts';
import type { Change, DocumentState, KeptOperation } from './state.ts';

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

/** An operation of a former life. */
export interface Revived extends Omit<KeptOperation, 'key'> {
  /** The number by which the client knows it. */
  sending: number;
}

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
  /** Operations of a former life that are sent and not shown. */
  #unseen = 0;
  /** The application wants it to be kept. */
  #offline = false;
  /** What is stored of it, if it is kept. */
  #copy: Copy | undefined;
  /** That of the newest entry that was folded. */
  #position: Position = { offset: 0 };
  readonly #left: () => void;
  #close: () => void = () => {};
  /** Ends what tells of siblings. */
  #unwatch: (() => void) | undefined;

  /** `left` is called when it is used no more, or has ended. */
  constructor(host: Host, topic: string, state: S, left: () => void) {
    this.host = host;
    this.topic = topic;
    this.state = state;
    this.#left = left;
  }

  /** Opens it; it may fail at once. If it is to be kept, what is stored of it is shown first. */
  open(offline = false): void {
    this.#offline = offline;
    if (offline) this.#load(() => this.#follow());
    else this.#follow();
  }

  /** It is kept from now on. */
  keep(): void {
    if (this.#offline) return;
    this.#offline = true;
    if (this.status === 'opening') return this.#load(() => this.save());
    this.#copy ??= this.host.copies?.begin(this.topic, this.state.name);
    this.#copy?.keep();
    this.#watchSiblings();
    this.save();
  }

  /**
   * Goes on with operations of a former life of the client, which had that id, in
   * front of what was done in this one.
   */
  revive(client: string | undefined, operations: readonly Revived[], copy: Copy | undefined): void {
    const fit = this.#take(copy, client, operations);
    // When the client has them, so that they can be released.
    queueMicrotask(() => this.#watchSiblings());
    for (const [i, operation] of operations.entries())
      if (fit.has(i - operations.length)) continue;
      else if (operation.place) this.host.copies?.over([operation.sending]);
      else this.#sendUnseen(operation);
    queueMicrotask(() => this.#leaveIfUnused());
  }

  /** The document as all that came up to now makes it. */
  get replica(): S {
    while (this.#entries.length) {
      // Of positional operations, each change is told when it is what is shown.
      const entries = this.#entries.splice(0, this.state.positional ? 1 : this.#entries.length);
      this.state.watching = this.folded.size > 0;
      const change = this.state.entries(entries);
      const { offset, term } = entries.at(-1) as Entry;
      this.#position = { offset, term };
      this.#copy?.entries(entries, this.#sendings(change));
      this.take(change);
      if (this.#copy?.long) this.save();
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
    const handler = this.#follows(key, mutating as Mutating);
    mutating.limit(timeout, this.host.timers);
    const operation = this.#operation(key, encoded);
    if (this.state.positional && !this.#copy) {
      this.#copy = this.host.copies?.begin(this.topic, this.state.name);
      this.save();
    }
    this.#send(key, mutating as Mutating, this.host.operate(this.topic, operation, handler));
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
    this.#settle(this.replica.identify(this.host.client()));
  }

  /** A mutation that is none: something is wrong with it. */
  refuse<L>(error: unknown, keys: readonly string[], local: L): Mutating<L> {
    const mutating = new Mutating(keys, local);
    const known = error instanceof TuttiError && error.code !== 'bad_message';
    mutating.fail(known ? error : badOperation(error instanceof Error ? error.message : String(error)));
    this.#mention(mutating.mutation);
    return mutating;
  }

  /** Stores the document as it is, if it is kept, and that can be had now. */
  save(): void {
    if (!this.#copy || this.status === 'opening') return;
    const saved = this.state.save();
    if (!saved) return;
    this.#copy.snapshot({ ...saved, ...this.#position }, []);
  }

  /** Ends it. Whether what was sent has an effect cannot be known any more. */
  end(error: TuttiError): void {
    if (this.#ended) return;
    this.error = error;
    this.#move(error.code === 'closed' ? 'closed' : 'failed');
    const mutating = [...this.#mutating];
    this.#mutating.clear();
    this.take(this.replica.drop(...mutating.map(([key]) => key)));
    const { copies } = this.host;
    const kept = this.status === 'closed' && copies !== undefined;
    if (!kept) {
      const sendings = mutating.flatMap(([, { sending }]) => sending ?? []);
      copies?.over(sendings.map(({ key }) => key));
      copies?.dead(
        sendings.filter(({ unsent }) => unsent).map(({ key }) => key),
        error,
      );
    }
    for (const [, m] of mutating) m.fail(error, kept || !m.takeBack());
    if (this.status === 'failed') this.later(() => this.faults.tell(error));
    this.#leave(kept && mutating.length > 0);
  }

  /** Carries out what a step of the state has changed. */
  take(change: Change<F>): void {
    for (const key of change.amended ?? []) this.amend(key);
    for (const key of change.released ?? []) this.#mutating.get(key)?.sending?.release();
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

  #send(key: number, mutating: Mutating, sending: Sending): void {
    mutating.sending = sending;
    mutating.takeBack = () => {
      const taken = sending.takeBack();
      if (taken) this.#drop(key); // before anything behind it is sent
      return taken;
    };
  }

  /** Follows the topic from where it is. */
  #follow(): void {
    if (this.#ended) return;
    const close = this.host.open(
      this.topic,
      this.#handler(),
      this.#position.offset ? this.#position : undefined,
    );
    if (this.#ended) close();
    else this.#close = close;
  }

  /** Shows what is stored, if nothing else is shown by then. */
  #load(then: () => void): void {
    const loaded = (copy?: Copy): void => {
      if (this.#ended || this.#copy) copy?.close();
      if (this.#ended) return;
      if (!this.#copy && this.status === 'opening') this.#take(copy, this.host.client(), []);
      else if (!this.#copy) copy?.damaged(); // it is behind what is shown
      this.#copy ??= copy;
      this.#copy?.keep();
      this.#watchSiblings();
      then();
    };
    const loading = this.host.copies?.load(this.topic, this.state.name) ?? Promise.resolve(undefined);
    loading.then(loaded, () => loaded());
  }

  /** Shows from now on what siblings have pending, if it is kept. */
  #watchSiblings(): void {
    if (!this.#copy || !this.state.beside || this.#unwatch || this.#ended) return;
    const { copies } = this.host;
    this.#unwatch = copies?.siblings(this.topic, this.state.name, (operations, first) => {
      const change = this.replica.beside?.(operations, first);
      if (change) this.take(change);
    });
  }

  /** Goes on from what is stored; from nothing if that cannot be read. */
  #take(
    copy: Copy | undefined,
    client: string | undefined,
    operations: readonly Revived[],
  ): ReadonlyMap<number, unknown> {
    this.#copy = copy;
    try {
      return this.#resume(copy?.stored, client, operations);
    } catch (error) {
      this.later(() => this.faults.tell(error as TuttiError));
      copy?.damaged();
      return this.#resume(undefined, client, operations);
    }
  }

  #resume(
    stored: Copy['stored'],
    client: string | undefined,
    operations: readonly Revived[],
  ): ReadonlyMap<number, unknown> {
    const keyed = operations.map((operation, i) => ({ ...operation, key: i - operations.length }));
    const { change, fit } = this.state.resume({ client, entries: [], ...stored, pending: keyed });
    const { offset = 0, term } = stored?.entries.at(-1) ?? stored?.snapshot ?? {};
    this.#position = { offset, ...(term !== undefined && { term }) };
    for (const { key, sending, data, seq, place } of keyed) {
      const keys = fit.get(key);
      if (!keys) continue;
      const mutating: Mutating = new Mutating(keys, undefined);
      const handler = this.#follows(key, mutating);
      this.#send(key, mutating, this.host.resume(sending, this.#operation(key, encode(data)), handler));
      if (place) mutating.move('sent');
      else if (seq !== undefined) mutating.move('unconfirmed');
      else mutating.moved();
    }
    this.take(change);
    if (stored && this.status === 'opening') this.#move('open');
    return fit;
  }

  /**
   * Sends an operation that does not fit what is kept, as it was made, without
   * that it shows. One that the server takes only if it is said anew has no
   * effect, and goes on as a dead letter.
   */
  #sendUnseen({ sending, data }: Revived): void {
    this.#unseen++;
    const over = (): void => {
      this.#unseen--;
      this.#leaveIfUnused();
    };
    const acknowledged = (): void => {
      this.#copy?.entries([], [{ key: sending }]);
      over();
    };
    const none = (): void => {};
    const nothing = { ...encode([]), base: () => this.#position.offset, positional: true };
    const outdated = (): void => {
      const error = new TuttiError('bad_message', 'It does not fit what is kept of its document.');
      this.host.copies?.dead([sending], error);
      made.amend(nothing);
    };
    const handler = { sent: none, doubtful: none, acknowledged, failed: over, outdated };
    const made = this.host.resume(sending, { ...nothing, ...encode(data) }, handler);
  }

  /** By which numbers the client knows the operations that a step has confirmed, or that are lost. */
  #sendings({ confirmed, lost }: Change<F>): Confirmed[] {
    const all = [...confirmed, ...lost.map((key) => ({ key, place: {} as Acknowledgement }))];
    return all.flatMap(({ key, place: { offset } }) => {
      const { sending } = this.#mutating.get(key) ?? {};
      return sending ? [{ key: sending.key, offset }] : [];
    });
  }

  /** Takes a change that came without entries. */
  #settle(change: Change<F>): void {
    const sendings = this.#sendings(change);
    if (sendings.length) this.#copy?.entries([], sendings);
    this.take(change);
  }

  #words(key: number): Encoded {
    return encode(this.state.dataOf?.(key));
  }

  #operation(key: number, encoded: Encoded): Operation {
    const { state } = this;
    const waits = (): boolean => state.waits?.(key) ?? false;
    return { ...encoded, base: () => state.baseOf(key), positional: state.positional, waits };
  }

  #handler(): DocumentHandler {
    const open = (): void => {
      if (this.status === 'opening') this.#move('open');
    };
    return {
      type: this.state.name,
      started: ({ offset, term }) => {
        this.identify();
        this.#position = { offset, ...(term !== undefined && { term }) };
        open();
        if (this.#copy?.long) this.save();
      },
      snapshot: (snapshot) => {
        this.identify();
        try {
          const change = this.replica.snapshot(snapshot, snapshot.recovered);
          const { offset, term, cells } = snapshot;
          this.#position = { offset, ...(term !== undefined && { term }) };
          const seqs = this.state.seqs?.();
          this.#copy?.snapshot({ ...this.#position, ...(seqs && { seqs }), cells }, this.#sendings(change));
          this.take(change);
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

  /** Tells of a mutation from now on; returns what is to be told of its operation. */
  #follows(key: number, mutating: Mutating): OperationHandler {
    this.#mutating.set(key, mutating);
    mutating.moved = () => this.#mention(mutating.mutation);
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
      acknowledged: (place) => this.#settle(this.replica.acknowledged(key, place)),
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
    if (this.#handles || this.#mutating.size || this.#unseen || this.#ended) return;
    this.status = 'closed';
    this.#leave();
  }

  /** It has ended; what is stored stays if it is to be kept, or something of it waits. */
  #leave(waits = false): void {
    this.#unwatch?.();
    if (this.#offline || waits) this.#copy?.close();
    else this.#copy?.erase();
    this.#close();
    this.#left();
  }
}
