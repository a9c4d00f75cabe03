import type {
  Confirmed,
  DocumentHost,
  Operation,
  OperationHandler,
  Sending,
  SiblingOperation,
} from '../document.ts';
import { type Encoded, encode } from '../encode.ts';
import { TuttiError } from '../error.ts';
import type { Acknowledgement } from '../publication.ts';
import type { Host, Revived } from './document.ts';
import { Mutating, type Mutation } from './mutation.ts';
import type { Change, DocumentState } from './state.ts';

const lostLog = 'The server took the operation, and has lost the log that it was in.';

/** What operations need of the document that they are of. */
export interface Operated<F> {
  readonly host: DocumentHost & Pick<Host, 'timers'>;
  readonly topic: string;
  readonly state: DocumentState<F>;
  /** The state as all that came up to now makes it. */
  readonly replica: DocumentState<F>;
  /** Carries out what a step of the state has changed. */
  take(change: Change<F>): void;
  /** Takes a change that came without entries. */
  settle(change: Change<F>): void;
  mention(mutation: Mutation): void;
  /** Ends it if nobody uses it any more. */
  leaveIfUnused(): void;
}

/** The operations of a document that are not settled: how each is sent, and what becomes of it. */
export class Operations<F> {
  readonly #document: Operated<F>;
  /** By the keys that the state knows them by. */
  readonly #mutating = new Map<number, Mutating>();

  constructor(document: Operated<F>) {
    this.#document = document;
  }

  /** How many there are. */
  get size(): number {
    return this.#mutating.size;
  }

  get(key: number): Mutating | undefined {
    return this.#mutating.get(key);
  }

  /** Sends one that the state holds as pending. */
  send<L>(
    key: number,
    keys: readonly string[],
    local: L,
    timeout: number | undefined,
    encoded?: Encoded,
  ): Mutating<L> {
    const { host, topic } = this.#document;
    const operation = this.#operation(key, encoded);
    const mutating = this.#follow(key, new Mutating(keys, local), (handler) =>
      host.operate(topic, operation, handler),
    );
    mutating.limit(timeout, host.timers);
    mutating.moved();
    return mutating;
  }

  /** Says a pending one as the state has it now, for the next time that it is sent. */
  amend(key: number): void {
    this.#mutating.get(key)?.sending?.amend(this.#operation(key));
  }

  /** Goes on with one of a former life that the state holds as pending. */
  resume(key: number, keys: readonly string[], { sending, data, seq, place }: Revived): void {
    const { host } = this.#document;
    const operation = this.#operation(key, encode(data));
    const mutating = this.#follow(key, new Mutating<unknown>(keys, undefined), (handler) =>
      host.resume(sending, operation, handler),
    );
    if (place) mutating.move('sent');
    else if (seq !== undefined) mutating.move('unconfirmed');
    else mutating.moved();
  }

  /** By which numbers the client knows those that a step has confirmed, or that are lost. */
  sendings({ confirmed, lost }: Change<F>): Confirmed[] {
    const all = [...confirmed, ...lost.map((key) => ({ key, place: {} as Acknowledgement }))];
    return all.flatMap(({ key, place: { offset } }) => {
      const { sending } = this.#mutating.get(key) ?? {};
      return sending ? [{ key: sending.key, offset }] : [];
    });
  }

  /** Operations of siblings, with the own ones that they have seen by their keys. */
  known(operations: readonly SiblingOperation[]): readonly SiblingOperation[] {
    return operations.map((one) => {
      const { operation } = one;
      if (!operation?.seen) return one;
      const seen = operation.seen.map((by) => (typeof by === 'string' ? by : this.#keyOf(by)));
      return { ...one, operation: { ...operation, seen } };
    });
  }

  /** These need not wait to be sent any more. */
  release(keys: readonly number[] = []): void {
    for (const key of keys) this.#mutating.get(key)?.sending?.release();
  }

  /** Those that a step has confirmed, or that are lost, are over. */
  settle({ confirmed, lost }: Change<F>): void {
    for (const { key, place } of confirmed) {
      this.#mutating.get(key)?.confirm(place);
      this.#mutating.delete(key);
    }
    for (const key of lost) {
      this.#mutating.get(key)?.fail(new TuttiError('position_lost', lostLog));
      this.#mutating.delete(key);
    }
    if (confirmed.length || lost.length) this.#document.leaveIfUnused();
  }

  /**
   * Ends all, by an error: whether what was sent has an effect cannot be known any
   * more. A next life goes on with those that are kept. Returns how many there were.
   */
  end(error: TuttiError, kept: boolean): number {
    const document = this.#document;
    const mutating = [...this.#mutating];
    this.#mutating.clear();
    document.take(document.replica.drop(...mutating.map(([key]) => key)));
    if (!kept) {
      const { copies } = document.host;
      const sendings = mutating.flatMap(([, { sending }]) => sending ?? []);
      copies?.over(sendings.map(({ key }) => key));
      copies?.dead(
        sendings.filter(({ unsent }) => unsent).map(({ key }) => key),
        error,
      );
    }
    for (const [, m] of mutating) m.fail(error, kept || !m.takeBack());
    return mutating.length;
  }

  /** Tells of a mutation from now on, and sends its operation. */
  #follow<L>(key: number, mutating: Mutating<L>, send: (handler: OperationHandler) => Sending): Mutating<L> {
    const document = this.#document;
    this.#mutating.set(key, mutating as Mutating);
    mutating.moved = () => document.mention(mutating.mutation);
    const sending = send({
      sent: (client, seq) => {
        document.state.sent(key, client, seq);
        mutating.move('sent');
      },
      doubtful: () => mutating.move('unconfirmed'),
      outdated: () => {
        const change = document.replica.outdated?.(key);
        if (change) document.take(change);
      },
      acknowledged: (place) => document.settle(document.replica.acknowledged(key, place)),
      failed: (error, unconfirmed) => {
        if (!this.#drop(key)) return;
        if (error.code === 'aborted') mutating.cancel();
        else mutating.fail(error, unconfirmed);
      },
    });
    mutating.sending = sending;
    mutating.takeBack = () => {
      const taken = sending.takeBack();
      if (taken) this.#drop(key); // before anything behind it is sent
      return taken;
    };
    return mutating;
  }

  /** The key of the one that the client knows by a number; 0 if it is over. */
  #keyOf(sending: number): number {
    for (const [key, mutating] of this.#mutating) if (mutating.sending?.key === sending) return key;
    return 0;
  }

  /** It has no effect; false if it is over. */
  #drop(key: number): boolean {
    const document = this.#document;
    if (!this.#mutating.delete(key)) return false;
    document.take(document.replica.drop(key));
    document.leaveIfUnused();
    return true;
  }

  /** One as the state has it now, unless it is said in other words. */
  #operation(key: number, encoded?: Encoded): Operation {
    const { state } = this.#document;
    const words = encoded ?? encode(state.dataOf?.(key));
    const waits = (): boolean => state.waits?.(key) ?? false;
    const seen = () => state.seenOf?.(key);
    return { ...words, base: () => state.baseOf(key), positional: state.positional, waits, seen };
  }
}
