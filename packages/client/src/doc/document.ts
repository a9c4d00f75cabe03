import type { Timers } from '../alarm.ts';
import type { Copy, DocumentHandler, DocumentHost } from '../document.ts';
import { type Encoded, encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import type { Entry, Position } from '../protocol.ts';
import { badOperation } from './json.ts';
import { Mutating } from './mutation.ts';
import { Operations } from './operations.ts';
import type { Change, DocumentState, KeptOperation } from './state.ts';
import { type DocumentStatus, Teller } from './teller.ts';

export type { DocumentStatus } from './teller.ts';

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

/** An operation of a former life. */
export interface Revived extends Omit<KeptOperation, 'key'> {
  /** The number by which the client knows it. */
  sending: number;
}

/**
 * A document of one client, which all handles on its topic share: how it is
 * opened, follows its log, is kept, and ends. S is the state, and F what it
 * tells of what happened.
 *
 * Entries are folded when something is read or written, or at the end of the
 * turn in which they came. What has changed is told then, once: all that came
 * in one frame is one change. What the application changes is told at once.
 */
export class Document<S extends DocumentState<F>, F = never> extends Teller<F> {
  readonly host: Host;
  status: DocumentStatus = 'opening';
  /** Why it failed. */
  error: TuttiError | undefined;
  readonly topic: string;
  /** The document without the entries that came and are not folded. */
  readonly state: S;
  readonly #operations = new Operations<F>(this);
  /** What is stored is being read. */
  #loading = false;
  #entries: Entry[] = [];
  /** So many use it. */
  #users = 0;
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
    super();
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
    queueMicrotask(() => this.leaveIfUnused());
  }

  /** The document as all that came up to now makes it. */
  get replica(): S {
    while (this.#entries.length) {
      // Of positional operations, each change is told when it is what is shown.
      const entries = this.#entries.splice(0, this.state.positional ? 1 : this.#entries.length);
      this.state.watching = this.folded.size > 0;
      const change = this.state.entries(entries);
      this.#reach(entries.at(-1) as Entry);
      this.#copy?.entries(entries, this.#operations.sendings(change));
      this.take(change);
      if (this.#copy?.long) this.save();
    }
    return this.state;
  }

  /** It is used, until what this returns is called. */
  join(): () => void {
    this.#users++;
    return () => {
      this.#users--;
      this.leaveIfUnused();
    };
  }

  /** Of an operation that is not settled. */
  mutating(key: number): Mutating | undefined {
    return this.#operations.get(key);
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
    encoded?: Encoded,
  ): Mutating<L> {
    if (this.state.positional && !this.#copy && !this.#loading) {
      this.#copy = this.host.copies?.begin(this.topic, this.state.name);
      this.save();
    }
    return this.#operations.send(key, keys, local, timeout, encoded);
  }

  /** Says a pending operation as the state has it now, for the next time that it is sent. */
  amend(key: number): void {
    this.#operations.amend(key);
  }

  /** Follows the client, which goes on as another when the server has forgotten it. */
  identify(): void {
    this.settle(this.replica.identify(this.host.client()));
  }

  /** A mutation that is none: something is wrong with it. */
  refuse<L>(error: unknown, keys: readonly string[], local: L): Mutating<L> {
    const mutating = new Mutating(keys, local);
    const known = error instanceof TuttiError && error.code !== 'bad_message';
    mutating.fail(known ? error : badOperation(error instanceof Error ? error.message : String(error)));
    this.mention(mutating.mutation);
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
    const kept = this.status === 'closed' && this.host.copies !== undefined;
    const ended = this.#operations.end(error, kept);
    if (this.status === 'failed') this.later(() => this.faults.tell(error));
    this.#leave(kept && ended > 0);
  }

  /** Carries out what a step of the state has changed. */
  take(change: Change<F>): void {
    for (const key of change.amended ?? []) this.amend(key);
    this.#operations.release(change.released);
    this.touch(change.keys);
    for (const folded of change.folded) this.news(folded);
    for (const fault of change.faults) this.later(() => this.faults.tell(fault));
    this.#operations.settle(change);
  }

  /** Takes a change that came without entries. */
  settle(change: Change<F>): void {
    const sendings = this.#operations.sendings(change);
    if (sendings.length) this.#copy?.entries([], sendings);
    this.take(change);
  }

  /** Ends it if nobody uses it any more. */
  leaveIfUnused(): void {
    if (this.#users || this.#operations.size || this.#ended) return;
    this.status = 'closed';
    this.#leave();
  }

  get #ended(): boolean {
    return this.status === 'failed' || this.status === 'closed';
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
    this.#loading = true;
    const loaded = (copy?: Copy): void => {
      this.#loading = false;
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
    if (!this.#copy || this.#unwatch || this.#ended) return;
    const { copies } = this.host;
    this.#unwatch = copies?.siblings(this.topic, this.state.name, (operations, first) =>
      this.take(this.replica.beside(this.#operations.known(operations), first)),
    );
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
    this.#reach(stored?.entries.at(-1) ?? stored?.snapshot ?? { offset: 0 });
    for (const operation of keyed) {
      const keys = fit.get(operation.key);
      if (keys) this.#operations.resume(operation.key, keys, operation);
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
    const over = this.join();
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

  #handler(): DocumentHandler {
    const open = (): void => {
      if (this.status === 'opening') this.#move('open');
    };
    return {
      type: this.state.name,
      started: (start) => {
        this.identify();
        this.#reach(start);
        open();
        if (this.#copy?.long) this.save();
      },
      snapshot: (snapshot) => {
        this.identify();
        try {
          const change = this.replica.snapshot(snapshot, snapshot.recovered);
          this.#reach(snapshot);
          const { cells } = snapshot;
          const seqs = this.state.seqs?.();
          const stored = { ...this.#position, ...(seqs && { seqs }), cells };
          this.#copy?.snapshot(stored, this.#operations.sendings(change));
          this.take(change);
          open();
        } catch (error) {
          this.end(error as TuttiError);
        }
      },
      entry: (entry) => {
        this.#entries.push(entry);
        this.schedule();
      },
      failed: (error) => this.end(error),
    };
  }

  /** It holds the log up to there. */
  #reach({ offset, term }: Position): void {
    this.#position = { offset, ...(term !== undefined && { term }) };
  }

  #move(status: DocumentStatus): void {
    this.status = status;
    this.later(() => this.moved.tell(status));
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
