import { TextError } from './error.ts';
import { equal, type Heads, type LV } from './graph.ts';
import type { History } from './history.ts';
import { addAll, Changes, check, type Op, put, record, turn } from './op.ts';
import { copy } from './part.ts';
import type { Rope } from './rope.ts';
import { same } from './same.ts';
import type { Entry, Sequence } from './sequence.ts';
import { type Id, underwater } from './tracker.ts';
import { Walker } from './walker.ts';

/** What one entry may be. What is left out has no limit of its own. */
export interface Limits {
  /** Code points that the text has after it: `limit_exceeded`. */
  length?: number;
  /** Of its operation: `limit_exceeded`. */
  splices?: number;
  /** Events that are moved so that it sees what its author saw, as `Fold.moved` tells: `rebase_required`. */
  moves?: number;
}

/** An operation that the log does not hold. */
export interface Pending {
  /** As `local` or `beside` returned it. */
  key: number;
  /** Whose it is; absent: an own one. */
  client?: string;
  /** What its author had seen of the log, beside own operations. */
  base: number;
  /** Of the text that its author had seen. */
  op: Op;
  /** The sequencer has taken it, and its entry will come. */
  acknowledged: boolean;
}

/** The same with its place in the history. */
export interface Own extends Pending {
  start: LV;
  end: LV;
  /** What it deleted, in the order of its events. */
  removed: string;
  /** Its operation, while that may grow. */
  growing?: Changes;
  /** Of another client: as it was made, if that is known; */
  told?: Made;
  /** what it did to the text of all, if its author had not seen all, */
  effect?: Op;
  /** and what it deleted of what was there before all events, by its ids. */
  buried?: ReadonlyMap<Id, string>;
}

/** An operation that another client has pending, and what that had seen. */
export interface Made {
  key: number;
  client: string;
  /** What its author had seen of the log, beside its client's; absent: all that is shown. */
  base?: number;
  /** What it had seen of others' beside that: the offsets of what is in the log, */
  after?: readonly number[] | undefined;
  /** and the keys of what is pending. */
  seen?: readonly number[] | undefined;
  /** Of the text that its author had seen. */
  op: Op;
}

/**
 * The log since its bar, and on top of it operations that the log does not hold, a
 * client's own and what others let it see: all in one history. While entries come whose authors had seen
 * all of it, nothing is replayed.
 */
export class Timeline {
  readonly log: Sequence;
  /** Whose the own operations are. */
  readonly client: string;
  /** In the order in which they were made, or heard of. */
  readonly own: Own[] = [];
  /** How many events the latest entry made it take back and put in again. */
  moved = 0;
  /** That of all. */
  #version: Heads;
  /** The newest event of the own operations that it was made with, or that came. */
  #newest: LV = -1;
  /** While events are concurrent. */
  #walker: Walker | undefined;

  constructor(log: Sequence, client = '') {
    this.log = log;
    this.client = client;
    this.#version = log.version;
  }

  /**
   * Folds an entry, the next one, and returns what it does to the text of all,
   * which has so many code points: its own operation, if its author had seen all.
   *
   * @throws TextError as `Fold.fold` does. Then it is as it was.
   */
  fold(entry: Entry, length: number, limits: Limits = {}): Op {
    this.moved = 0;
    const { log } = this;
    const { history } = log;
    const { op } = entry;
    const parents = log.past(entry);
    const all = equal(parents, this.#version);
    const floor = log.floor(entry.base, this.own[0]?.start);
    const walker = all ? undefined : this.#visit(parents, floor, limits);
    const events = fits(op, walker?.tracker.prepared ?? length, length, limits);
    if (events === 0) {
      log.skip();
      return [];
    }
    const start = history.end;
    log.add(entry, parents, events, floor);
    this.#version = all ? [history.end - 1] : history.graph.advance(this.#version, start, history.end);
    if (walker === undefined) return op;
    const changes = new Changes();
    walker.reach(history.end, changes.add);
    return changes.op;
  }

  /** Puts an operation of so many events on top, which deletes some text, and was made on all. */
  add(pending: Omit<Pending, 'base'> & Pick<Own, 'told'>, events: number, removed: string): void {
    const last = this.own.at(-1);
    if (last?.growing !== undefined) delete last.growing;
    const { history } = this.log;
    history.room(events);
    const start = history.end;
    const own: Own = { ...pending, base: this.log.offset, start, end: start, removed };
    this.own.push(own);
    if (events > 0) this.#put(own, this.#version, () => record(history, own.op));
  }

  /**
   * Puts an operation of another client on top, and applies it to the text of all;
   * returns what it does to that.
   *
   * @throws TextError if it does not fit what its author had seen. Then nothing has
   * changed.
   */
  beside(made: Made, text: Rope): Op {
    const { history } = this.log;
    const { key, client, op } = made;
    const parents = made.base === undefined ? this.#version : this.#past(made, made.base);
    const pending = { key, client, op, acknowledged: false, ...(made.base !== undefined && { told: made }) };
    if (equal(parents, this.#version)) {
      const { events } = check(op, text.runes);
      this.add(pending, events, turn(text, op).removed);
      return op;
    }
    const walker = this.#visit(parents, 0, {});
    const { events } = check(op, walker.tracker.prepared);
    this.add({ ...pending, op: [] }, 0, '');
    if (events === 0) return [];
    history.room(events);
    const own = this.own.at(-1) as Own;
    this.#put(own, parents, () => record(history, op));
    const changes = new Changes();
    const buried = new Map<Id, string>();
    walker.reach(history.end, (at, n, inserted, first = 0) => {
      let id = first;
      if (first >= underwater) for (const rune of text.slice(at, at + n)) buried.set(id++, rune);
      put(text, [at, n, inserted]);
      changes.add(at, n, inserted);
    });
    Object.assign(own, { op, effect: changes.op, buried });
    return changes.op;
  }

  /** Whether an own operation can grow: it is the latest, and nothing has come since. */
  grows(key: number): boolean {
    const last = this.own.at(-1);
    return (
      last?.key === key &&
      last.base === this.log.offset &&
      last.start < last.end &&
      last.end === this.log.history.end
    );
  }

  /** Makes an operation of so many events, which deletes some text, a part of the latest. */
  grow(op: Op, events: number, removed: string): void {
    const own = this.own.at(-1) as Own;
    const { history } = this.log;
    history.room(events);
    this.#put(own, [own.end - 1], () => record(history, op));
    own.removed += removed;
    if (own.growing === undefined) {
      own.growing = new Changes(own.op);
      own.op = own.growing.op;
    }
    addAll(own.growing, op);
  }

  /** Puts an own operation of another history on top, as it is there. */
  keep(own: Own, from: History): void {
    const { log } = this;
    const { history } = log;
    const parents = [...log.versionAt(own.base)];
    const last = log.last(this.client);
    if (last !== undefined) parents.push(last);
    if (this.#newest >= 0) parents.push(this.#newest);
    const { end } = history;
    const kept = { ...own, start: end, end };
    this.own.push(kept);
    if (own.start === own.end) return;
    this.#put(kept, history.graph.dominators(parents), () => copy(history, from, own.start, own.end));
  }

  /** Takes an entry for the first own operation, as it is: false if it is another. */
  confirm({ client, base, after = [], op, offset }: Entry): boolean {
    const own = this.own[0] as Own;
    if (client !== this.client || base !== own.base || after.length > 0 || !same(op, own.op)) return false;
    this.own.shift();
    if (own.start === own.end) this.log.skip();
    else this.log.enter({ offset, client, base, op }, own.start, own.end);
    return true;
  }

  /** What others' operations have seen pending is in the log, or about to be. */
  logged(key: number, offset: number): void {
    for (const own of this.own) {
      const { told } = own;
      if (!told?.seen?.includes(key)) continue;
      const seen = told.seen.filter((by) => by !== key);
      own.told = { ...told, seen, after: [...(told.after ?? []), offset] };
    }
  }

  /** Takes an entry for the i-th operation, another client's, as it is: false if it is another. */
  meet(entry: Entry, i: number): boolean {
    const { client, start, end, op } = this.own[i] as Own;
    const { log } = this;
    const fits = entry.client === client && entry.base >= log.bar && entry.base < entry.offset;
    if (!fits || start === end || !same(entry.op, op)) return false;
    if (!equal(log.past(entry), log.history.graph.parents(start))) return false;
    this.own.splice(i, 1);
    log.enter(entry, start, end);
    return true;
  }

  /** The walker, which has applied all events. */
  replay(): Walker {
    const { history, length } = this.log;
    this.#walker ??= new Walker(history, -1, length);
    this.#walker.charged = true;
    this.#walker.reach(history.end);
    return this.#walker;
  }

  /** Puts events of an own operation, behind those that it has, into the history. */
  #put(own: Own, parents: Heads, add: () => void): void {
    const { history } = this.log;
    const start = history.end;
    const all = equal(parents, this.#version);
    history.graph.add(start, parents, all ? start : 0);
    add();
    // As long as it is not known whose they are, they are of another client than entries of none.
    history.sign(own.client ?? (this.client || '?'), start);
    own.end = history.end;
    if (own.client === undefined) this.#newest = own.end - 1;
    this.#version = all ? [own.end - 1] : history.graph.advance(this.#version, start, own.end);
  }

  /** The version that the author of an operation had seen. */
  #past({ client, after = [], seen = [] }: Made, base: number): Heads {
    const { log } = this;
    const since = after.filter((offset) => offset > log.bar);
    const past = [...log.past({ offset: log.offset + 1, client, base, after: since, op: [] })];
    let known = false; // by its latest, which saw those before it
    for (let i = this.own.length - 1; i >= 0; i--) {
      const own = this.own[i] as Own;
      const isNext: boolean = own.client === client && !known;
      if (own.start === own.end || !(isNext || seen.includes(own.key))) continue;
      known ||= isNext;
      past.push(own.end - 1);
    }
    return log.history.graph.dominators(past);
  }

  /** The walker at a version, of whose past all events before the floor are. */
  #visit(version: Heads, floor: LV, { moves = Number.POSITIVE_INFINITY }: Limits): Walker {
    const walker = this.replay();
    const moving = walker.compare(version, floor);
    for (const { start, end } of [...moving.onlyA, ...moving.onlyB]) this.moved += end - start;
    if (this.moved <= moves) {
      walker.shift(moving, version, floor);
      return walker;
    }
    const message = `To see what its author saw, ${this.moved} events move; ${moves} may.`;
    throw new TextError('rebase_required', message);
  }
}

/**
 * How many events an operation has, on a text of so many code points, where the
 * text as it is has shown.
 *
 * @throws TextError if it does not fit that, or is beyond the limits.
 */
function fits(op: Op, length: number, shown: number, limits: Limits): number {
  const { splices = Number.POSITIVE_INFINITY, length: most = Number.POSITIVE_INFINITY } = limits;
  if (Array.isArray(op) && op.length > splices) {
    const message = `The operation has ${op.length} splices; it may have ${splices}.`;
    throw new TextError('limit_exceeded', message);
  }
  const { events, after } = check(op, length);
  const size = shown + after - length;
  if (after > length && size > most) {
    throw new TextError('limit_exceeded', `The text would have ${size} code points; it may have ${most}.`);
  }
  return events;
}
