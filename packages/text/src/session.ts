import { between } from './between.ts';
import { search } from './column.ts';
import { TextError } from './error.ts';
import { maxLength } from './history.ts';
import { type Anew, anew, type Fate, type Lifted, lift, ownMapping, past } from './lift.ts';
import { inverse, mapped, mappingOf } from './mapping.ts';
import { check, type Op, put, type Splice, turn } from './op.ts';
import { clamp, isCount, within } from './places.ts';
import { Rope } from './rope.ts';
import { runesOf } from './runes.ts';
import { same } from './same.ts';
import { type Entry, Sequence } from './sequence.ts';
import { restore, type Snapshot } from './snapshot.ts';
import { Stack } from './steps.ts';
import { type Made, type Own, type Pending, Timeline } from './timeline.ts';
import { Trail } from './trail.ts';

/** What an own edit is part of. */
export interface Join {
  /** Of this own operation, the latest, which was not sent; if it can. */
  operation?: number;
  /** It is undone with the edit before. */
  step?: boolean;
  /** The key that it is to have as an operation of its own, above those that are pending: a former session gave it. */
  key?: number;
}

/** What another client of the same user has pending. */
export type Sibling = Omit<Made, 'key'>;

/** What something that came has made of what is shown. */
export interface Step {
  /** Of the text that was shown. */
  op: Op;
  /** The pending operation that the log holds now; 0: none. */
  confirmed: number;
  /** Pending operations are said anew: see `pending`. */
  rebased: boolean;
  /** Why an entry could not be folded. It has no effect. */
  error?: TextError;
}

/**
 * A position as others can be told it, of the text of the log after an entry:
 * `TextSession.locate` says where it is now. It is plain JSON.
 */
export interface SharedPosition {
  readonly offset: number;
  readonly at: number;
  /** What is inserted there moves it. */
  readonly side?: 'right';
}

/** Events that an operation has at most that takes several edits back. */
const mostJoined = 4096;

/**
 * A text as one client of a sequencer shows it: the fold of the log, and on top of
 * it the client's own operations that are not in the log, and those that it is told
 * of other clients. It is driven from
 * outside: it is told what the user does and what the sequencer says, and returns
 * what becomes of the text that is shown.
 *
 * An own operation is pending from `local` until `receive` or `open` brings it, or
 * `reject`. What is pending keeps its meaning whatever comes: it is transformed
 * where its positions must be said anew, which `pending` tells. Positions count
 * Unicode code points.
 */
export class TextSession {
  /** What is shown. */
  readonly #text = new Rope();
  #timeline: Timeline;
  #made = 0;
  readonly #undos = new Stack();
  readonly #redos = new Stack();
  #trail = new Trail();

  /**
   * The session of a client on an empty log. The client's name may be empty until
   * it is known; two that write at one time must not share one.
   */
  constructor(client = '') {
    this.#timeline = new Timeline(new Sequence(0, 0), client);
  }

  /** Whose session it is. */
  get client(): string {
    return this.#timeline.client;
  }

  /** How many code points the text has that is shown. */
  get length(): number {
    return this.#text.runes;
  }

  /** The text that is shown. */
  get text(): string {
    return this.#text.toString();
  }

  /** The text that is shown. */
  toString(): string {
    return this.text;
  }

  /** The text that is shown from one position to another, as far as it is there. */
  slice(from: number, to = this.length): string {
    const start = clamp(from, 0, this.length);
    return this.#text.slice(start, clamp(to, start, this.length));
  }

  /** How many UTF-16 code units, as JavaScript and editors count, are before a position. */
  toUnits(position: number): number {
    within(position, this.length);
    return this.#text.toUnits(position);
  }

  /** The position of a UTF-16 code unit: of the second of a pair, that of the first. */
  toPosition(units: number): number {
    within(units, this.#text.units);
    return this.#text.toRunes(units);
  }

  /** That of the newest entry that was folded. */
  get offset(): number {
    return this.#timeline.log.offset;
  }

  /** The own operations that the log does not hold, in the order in which they were made. */
  get pending(): Pending[] {
    return this.#timeline.own.filter(({ client }) => client === undefined).map(pendingOf);
  }

  /** The operation of a key, if the log does not hold it. */
  operation(key: number): Pending | undefined {
    const own = this.#timeline.own[this.#index(key)];
    return own === undefined ? undefined : pendingOf(own);
  }

  /**
   * A position as others can be told it. They locate it where it is here, once they
   * have what is pending here; within that, beside it, until the position is shared
   * again when the log has it. Last is what they were told before: it is returned
   * if they still find it there.
   *
   * @throws TextError `bad_operation` if it is outside of the text.
   */
  share(position: number, last?: SharedPosition): SharedPosition {
    within(position, this.length);
    const { log } = this.#timeline;
    if (last !== undefined && last.offset >= log.bar && this.locate(last) === position) return last;
    const own = ownMapping(this.#timeline);
    const { offset } = log;
    const at = mapped(position, inverse(own), 'left');
    if (mapped(at, own, 'left') === position) return { offset, at };
    return last?.offset === offset && last.at === at && last.side ? last : { offset, at, side: 'right' };
  }

  /**
   * Where a position is that was shared, in the text that is shown. Undefined if
   * that is not known: its entry has not come, or what came behind it is not
   * remembered, or it is none.
   */
  locate(shared: SharedPosition): number | undefined {
    const { offset, at, side = 'left' } = shared ?? {};
    if (!isCount(offset) || !isCount(at) || offset > this.offset) return undefined;
    const { log } = this.#timeline;
    const there = this.#trail.follow(offset, at, side, log);
    if (there === undefined) return undefined;
    return Math.min(mapped(there, ownMapping(this.#timeline), side), this.length);
  }

  /**
   * Applies an own edit to what is shown, and returns the key of the operation that
   * it is: 0 if it does nothing.
   *
   * @throws TextError `bad_operation` if it does not fit. Then nothing has changed.
   */
  local(op: Op, { operation = 0, step = false, key: given }: Join = {}): number {
    const { events } = check(op, this.length);
    if (events === 0 && given === undefined) return 0;
    const { key, inverse } = this.#apply(op, events, operation, given);
    this.#undos.push(key, op, inverse, step && this.#undos.length > 0);
    this.#redos.clear();
    return key;
  }

  /**
   * Shows what another client has pending, which may go on as own operations do; in
   * the place of what it had before under a key, if one is given. The key is 0, and
   * the step has an error, if it cannot be shown, as it does not fit. No base tells
   * that own operations behind it, whose keys are higher, have seen it: they cannot be
   * said to the sequencer until it is in the log or rejected. Then they are said anew.
   */
  beside(sibling: Sibling, known = this.#made + 1): Step & { key: number } {
    const i = this.#index(known);
    const last = this.#timeline.own.at(-1)?.key ?? Number.NEGATIVE_INFINITY;
    const key = i >= 0 || known > last ? known : this.#made + 1;
    this.#made = Math.max(this.#made, key);
    const show = (text: Rope): Op => this.#timeline.beside({ ...sibling, key }, text);
    const step = i < 0 ? attempt(() => show(this.#text)) : this.#swap(i, show);
    if (i < 0) this.#note(step.op);
    return { ...step, key: step.error === undefined ? key : 0 };
  }

  /**
   * Puts what other clients have pending behind all own operations. Those that had
   * seen it are said anew as if they had not: what they deleted of it is there again.
   * `keys` has the new keys, by those before.
   */
  defer(): Step & { keys: ReadonlyMap<number, number> } {
    const keys = new Map<number, number>();
    const { log, own } = this.#timeline;
    const stay = this.#first < 0 ? own : own.slice(0, this.#first);
    const rest = own.slice(stay.length);
    const mine = rest.filter(({ client }) => client === undefined);
    if (mine.length === 0) return { ...nothing(), keys };
    const others = rest.filter(({ client }) => client !== undefined);
    const lifted = this.#lift(
      (_, i) => (i < stay.length ? 'settled' : 'kept'),
      [...stay, ...mine, ...others],
    );
    for (const pending of lifted.kept.slice(mine.length)) {
      keys.set(pending.key, ++this.#made);
      pending.key = this.#made;
      const { told } = pending;
      if (told) pending.told = { ...told, seen: told.seen?.map((by) => keys.get(by) ?? by) };
    }
    // To undo what deleted something that is there again would put it in twice.
    const less = mine.filter(({ op }, i) => deletedBy(op) > deletedBy((lifted.kept[i] as Anew).op));
    this.#forget(new Set(less.map(({ key }) => key)));
    this.#others(lifted.change);
    this.#settle(log.again(), stay, lifted);
    return { op: lifted.change, confirmed: 0, rebased: true, keys };
  }

  /** What other clients have pending that came right before an own operation, as it was shown. */
  seen(key: number): Pending[] {
    const { own } = this.#timeline;
    const end = this.#index(key);
    let start = end;
    while (own[start - 1]?.client !== undefined) start--;
    return own.slice(start, end).map(({ told: _, ...one }) => anew(one, one.base, one.effect ?? one.op));
  }

  /**
   * The key of what another client has pending that an entry may be, of those that it can be: the most
   * alike, else its first; 0: there is none.
   */
  awaited({ client, op }: Pick<Entry, 'client' | 'op'>, can: (key: number) => boolean = () => true): number {
    const its = this.#timeline.own.filter((own) => own.client === client && can(own.key));
    const isLike = (own: Own): boolean => inserted(own.op) === inserted(op);
    return (its.find((own) => same(op, own.op)) ?? its.find(isLike) ?? its[0])?.key ?? 0;
  }

  /**
   * Folds an entry of the log, the next one. Own is the key of the pending
   * operation that it is, or 0. An entry that cannot be folded has no effect, and
   * the step's error says why; the session goes on behind it.
   *
   * @throws TextError `bad_operation` if it is not the next one.
   */
  receive(entry: Entry, own = 0): Step {
    if (entry.offset !== this.offset + 1) {
      throw new TextError('bad_operation', `The next entry is ${this.offset + 1}, not ${entry.offset}.`);
    }
    const i = this.#index(own);
    if (i >= 0) this.#timeline.logged(own, entry.offset);
    const effect = this.#effect(entry);
    const alone = this.#timeline.own.length === 0;
    const step = i < 0 ? this.#fold(entry) : this.#confirm(entry, i);
    this.#leave(step.error ? [] : (effect ?? (alone ? step.op : undefined)));
    const { log, own: pending, client } = this.#timeline;
    if (!log.due) return step;
    if (pending.length === 0) {
      this.#timeline = new Timeline(new Sequence(log.offset, this.length), client);
      return step;
    }
    const lifted = this.#lift(() => 'kept');
    this.#settle(new Sequence(log.offset, runesOf(lifted.base)), [], lifted);
    return { ...step, rebased: true };
  }

  /** Says that the sequencer has taken an own operation. It stays pending until its entry comes. */
  acknowledge(key: number): void {
    const own = this.#timeline.own[this.#index(key)];
    if (own !== undefined) own.acknowledged = true;
  }

  /**
   * Takes own operations out, and nothing else: what others, and the client itself
   * later, have done keeps its meaning. Those behind the first are said anew: the
   * sequencer must not have taken them.
   */
  reject(...keys: number[]): Step {
    const without = new Set(keys);
    return this.#renew(
      this.#timeline.own.findIndex(({ key }) => without.has(key)),
      without,
    );
  }

  /**
   * Says what is pending anew from an own operation on, as of the newest entry. The
   * sequencer must not have taken those, nor take them any more as they were.
   */
  rebase(from: number): Step {
    return this.#renew(this.#index(from), new Set());
  }

  /** Says whose session it is from now on. */
  identify(client: string): void {
    if (client === this.client) return;
    const lifted = this.#lift(() => 'kept');
    this.#settle(this.#timeline.log.again(), [], lifted, client);
  }

  /**
   * Puts a snapshot in the place of what was folded: the first one, or one of a log
   * that the session is behind, or that has lost what it had (`recovered` is false
   * then). `isIn` says which pending operations the snapshot holds. Those that it
   * does not hold are transformed: past the entries that the session lacks, if it
   * has seen the snapshot's bar, else past the difference of the texts.
   *
   * @throws TextError `bad_update` if it is no snapshot. Then nothing has changed.
   */
  open(snapshot: Snapshot, isIn: (key: number) => boolean, recovered: boolean): Step {
    const sequence = restore(snapshot);
    const { own } = this.#timeline;
    const held = own.filter(({ key }) => isIn(key));
    const effective = held.filter(({ start, end }) => start < end); // entries without effect name no client
    if (recovered && this.#follows(sequence, snapshot.log, effective)) {
      for (const idle of held) if (idle.start === idle.end) own.splice(own.indexOf(idle), 1);
      return this.#catchUp(sequence.bar, snapshot.log, effective);
    }
    const lifted = this.#lift(({ key }) => (isIn(key) ? 'settled' : 'kept'));
    const op = past(lifted, between(lifted.base, snapshot.text), runesOf(lifted.base));
    this.#others(op);
    lifted.base = snapshot.text;
    this.#settle(sequence, [], lifted);
    this.#trail = new Trail(this.offset);
    return { op, confirmed: 0, rebased: lifted.kept.length > 0 };
  }

  /**
   * What `open` opens: the text and the log without what is pending. Undefined while
   * something is pending that was made before the newest entry.
   */
  snapshot(): Snapshot | undefined {
    const { own } = this.#timeline;
    if (own.some(({ client, base }) => client === undefined && base !== this.offset)) return undefined;
    let text = this.text;
    if (own.length > 0) {
      const lifted = this.#lift(() => 'kept');
      text = lifted.base;
      this.#settle(this.#timeline.log.again(), [], lifted);
    }
    const { log } = this.#timeline;
    return { text, bar: log.bar, length: log.length, log: log.log() };
  }

  /** Whether there is an own edit that is not undone. */
  get canUndo(): boolean {
    return this.#undos.length > 0;
  }

  /** Whether there is an undone edit that can be made again. */
  get canRedo(): boolean {
    return this.#redos.length > 0;
  }

  /**
   * Takes back the latest own edit that is not undone, with those that it was
   * joined to, and nobody else's work: of what it inserted, what is still there; of
   * what it deleted, all that this very edit did. They are own operations like any
   * other; it returns their keys, and what becomes of the text. Nothing, if there
   * is nothing to undo.
   */
  undo(): { keys: number[]; op: Op } {
    return this.#revert(this.#undos, this.#redos);
  }

  /** Takes back the latest undo. */
  redo(): { keys: number[]; op: Op } {
    return this.#revert(this.#redos, this.#undos);
  }

  #revert(from: Stack, to: Stack): { keys: number[]; op: Op } {
    const keys: number[] = [];
    const all: Splice[] = [];
    let onto = 0; // the operation that the next may be part of
    let joined = 0; // its events
    for (let top = from.pop(); top !== undefined; top = from.pop()) {
      const { events } = check(top.inverse, this.length);
      if (events > 0) {
        joined += events;
        if (joined > mostJoined) onto = 0;
        const { key, inverse } = this.#apply(top.inverse, events, onto);
        to.push(key, top.inverse, inverse, keys.length > 0);
        if (key !== onto) {
          keys.push(key);
          joined = events;
        }
        onto = key;
        all.push(...top.inverse);
      }
      if (!top.joined && keys.length > 0) break;
    }
    return { keys, op: all };
  }

  /** Makes an own operation of one that fits, or a part of one. */
  #apply(op: Op, events: number, onto: number, given?: number): { key: number; inverse: Op } {
    const timeline = this.#timeline;
    timeline.log.history.room(events);
    const { inverse, removed } = turn(this.#text, op);
    if (timeline.grows(onto)) {
      timeline.grow(op, events, removed);
      return { key: onto, inverse };
    }
    const key = given ?? this.#made + 1;
    this.#made = Math.max(this.#made, key);
    timeline.add({ key, op, acknowledged: false }, events, removed);
    return { key, inverse };
  }

  /** What the next entry does to the text of the log, if it says so. */
  #effect({ eff, op, base }: Entry): Op | undefined {
    if (eff === undefined) return base === this.offset ? op : undefined;
    try {
      check(eff, maxLength / 2);
      return eff;
    } catch {
      return undefined; // the log tells it too
    }
  }

  /** Remembers what the newest entry did. */
  #leave(effect: Op | undefined): void {
    if (effect) this.#trail.add(mappingOf(effect));
    else this.#trail = new Trail(this.offset);
  }

  /** Folds an entry that is not pending. */
  #fold(entry: Entry): Step {
    const step = attempt(() => this.#timeline.fold(entry, this.length));
    if (step.error) this.#timeline.log.skip();
    this.#others(step.op);
    return step;
  }

  /** Folds the entry that the i-th pending operation has become. */
  #confirm(entry: Entry, i: number): Step {
    const { key, client } = this.#timeline.own[i] as Own;
    if (client !== undefined) return { ...this.#arrive(entry, i), confirmed: key };
    if (i === 0 && this.#timeline.confirm(entry)) return { op: [], confirmed: key, rebased: false };
    const { op } = this.reject(key); // the log has it otherwise: that counts
    const step = this.#fold(entry);
    const first = this.#timeline.own[0];
    if (first !== undefined) this.rebase(first.key); // what is pending follows it
    return { ...step, op: [...op, ...step.op], confirmed: key, rebased: first !== undefined };
  }

  /**
   * Whether a snapshot's log goes on from where the session is, with these of its
   * pending operations in it, which have an effect, and no other own ones.
   */
  #follows({ bar, offset }: Sequence, log: Snapshot['log'], held: readonly Own[]): boolean {
    if (this.offset < bar || this.offset > offset) return false;
    const lacking = log.slice(this.offset - bar);
    const logged = (name: string): number =>
      name === '' ? 0 : lacking.filter((entry) => entry?.client === name).length;
    const pending = (name?: string): number => held.filter(({ client }) => client === name).length;
    if (logged(this.client) !== pending(undefined)) return false;
    return [...clientsOf(held)].every((client) => logged(client) >= pending(client));
  }

  /** Folds the entries of a log that are missing, among which there are pending operations, of each client in this order. */
  #catchUp(bar: number, log: Snapshot['log'], held: readonly Own[]): Step {
    const all: Splice[] = [];
    const step: Step = { op: all, confirmed: 0, rebased: false };
    const others = clientsOf(held);
    const keys = held.flatMap(({ key, client }) => (client === undefined ? [key] : [])).values();
    for (const logged of log.slice(this.offset - bar)) {
      const offset = this.offset + 1;
      const entry = { client: '', ...(logged ?? { base: this.offset, op: [] }), offset };
      const { client } = entry;
      const own = client !== '' && client === this.client ? keys.next().value : undefined;
      const key = own ?? (others.has(client) ? this.awaited(entry) : 0);
      const { op, rebased, error } = this.receive(entry, key);
      for (const splice of op) all.push(splice);
      step.rebased ||= rebased;
      if (error !== undefined) step.error ??= error;
    }
    return step;
  }

  /** The index of the pending operation of a key, or -1. */
  #index(key: number): number {
    const { own } = this.#timeline;
    const i = search(own.length, (i) => (own[i] as Own).key >= key);
    return own[i]?.key === key ? i : -1;
  }

  /** Says what is pending anew from the i-th on, without those of some keys. */
  #renew(i: number, without: ReadonlySet<number>): Step {
    const { log, own } = this.#timeline;
    if (i < 0 || i === own.length) return nothing();
    const first = this.#first;
    const from = first < 0 ? i : Math.min(first, i); // what waits was not sent
    const lifted = this.#lift(({ key }, k) => (k < from ? 'settled' : without.has(key) ? 'dropped' : 'kept'));
    this.#forget(without);
    this.#others(lifted.change);
    this.#settle(log.again(), own.slice(0, from), lifted);
    return { op: lifted.change, confirmed: 0, rebased: lifted.kept.length > 0 };
  }

  #lift(fateOf: (own: Own, i: number) => Fate, order?: readonly Own[]): Lifted {
    return lift(this.#timeline, this.text, fateOf, order);
  }

  /**
   * Puts a log in place, with what stays as it is on top, and then what was lifted:
   * of other clients as it was made, so that what they do next is known to follow it.
   * If that came to another text, as when one of what they had seen has gone, it is
   * as if it was made on all.
   */
  #settle(log: Sequence, stay: readonly Own[], { base, kept }: Lifted, client = this.client): void {
    const { history } = this.#timeline.log;
    const begin = (log: Sequence): void => {
      this.#timeline = new Timeline(log, client);
      for (const own of stay) this.#timeline.keep(own, history);
    };
    begin(log);
    if (kept.some(({ told }) => told)) {
      const text = new Rope(base);
      for (const { op } of kept) for (const splice of op) put(text, splice);
      if (this.#asMade(kept, new Rope(base)) === text.toString()) return;
      begin(log.again());
    }
    this.#stack(kept, new Rope(kept.length > 0 ? base : ''));
  }

  /** Puts what was lifted on top, of other clients as it was made; returns the text, which was as given; none if it does not fit. */
  #asMade(kept: readonly Anew[], text: Rope): string | undefined {
    const { error } = attempt(() => {
      for (const pending of kept)
        if (pending.told) this.#timeline.beside({ ...pending.told, key: pending.key }, text);
        else this.#stack([pending], text);
      return [];
    });
    return error ? undefined : text.toString();
  }

  /** Puts what was lifted on top, as made on all; the text was as given. */
  #stack(kept: readonly Anew[], text: Rope): void {
    for (const pending of kept) {
      const { events } = check(pending.op, text.runes);
      this.#timeline.add(pending, events, turn(text, pending.op).removed);
    }
  }

  /**
   * Lets something else be in the place of the i-th pending operation, another
   * client's: it is put on the text of what is beneath, and what is behind follows
   * it by the difference that it makes.
   */
  #swap(i: number, put: (text: Rope) => Op): Step {
    const { log, own } = this.#timeline;
    const first = this.#first;
    const lifted = this.#lift((_, k) => (k < first ? 'settled' : k === i ? 'met' : 'kept'));
    const { behind, without, onto } = lifted.met as NonNullable<Lifted['met']>;
    this.#settle(log.again(), own.slice(0, first), lifted);
    const text = new Rope(without);
    const { error } = attempt(() => put(text));
    const op = past({ kept: behind }, between(onto, text.toString()), runesOf(onto));
    this.#stack(behind, text);
    this.#others(op);
    if ([...lifted.kept, ...behind].some(({ told }) => told)) this.#renew(first, new Set());
    return { op, confirmed: 0, rebased: own.length > first + 1, ...(error && { error }) };
  }

  /** Folds the entry that the i-th pending operation, another client's, has become. */
  #arrive(entry: Entry, i: number): Step {
    if (this.#timeline.meet(entry, i)) {
      const behind = this.#timeline.own.slice(i);
      // Of what is behind, its base tells from now on that it saw it.
      if (behind.some(({ client, base }) => client === undefined || base < entry.offset - 1))
        return this.#renew(i, new Set());
      for (const own of behind) own.base = entry.offset;
      return nothing();
    }
    const step = this.#swap(i, (text) => {
      const op = this.#timeline.fold(entry, text.runes);
      for (const splice of op) put(text, splice);
      return op;
    });
    if (step.error) this.#timeline.log.skip();
    return step;
  }

  /** The index of the first operation of another client, or -1. */
  get #first(): number {
    return this.#timeline.own.findIndex(({ client }) => client !== undefined);
  }

  /** Own operations cannot be undone any more. */
  #forget(keys: ReadonlySet<number>): void {
    this.#undos.drop(keys);
    this.#redos.drop(keys);
  }

  /** Shows what is not the client's own edit. */
  #others(op: Op): void {
    for (const splice of op) put(this.#text, splice);
    this.#note(op);
  }

  /** What is not the client's own edit is shown. */
  #note(op: Op): void {
    this.#undos.note(op);
    this.#redos.note(op);
  }
}

function deletedBy(op: Op): number {
  return op.reduce((n, [, deleted]) => n + deleted, 0);
}

function inserted(op: Op): string {
  return op.map(([, , text]) => text).join('');
}

function nothing(): Step {
  return { op: [], confirmed: 0, rebased: false };
}

/** Does something that has an effect on the text, or an error and none. */
function attempt(change: () => Op): Step {
  const step = nothing();
  try {
    step.op = change();
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    step.error = error;
  }
  return step;
}

/** The other clients whose operations there are. */
function clientsOf(all: readonly Own[]): Set<string> {
  return new Set(all.flatMap(({ client }) => client ?? []));
}

/** An operation as it is told. */
function pendingOf({ key, base, op, acknowledged, growing }: Own): Pending {
  const copy = growing === undefined ? op : op.map(([at, n, text]): Splice => [at, n, text]);
  return { key, base, op: copy, acknowledged };
}
