import { Branches, Count } from './branches.ts';
import { grown } from './column.ts';
import { Cursor } from './cursor.ts';
import type { LV } from './graph.ts';
import type { Tell } from './walker.ts';

/**
 * Names a code point: that which an event inserted, or, from underwater on, one
 * that was there before, by its position.
 */
export type Id = number;
export const underwater: Id = 1 << 30;
const none: Id = -1;

/** Orders two events: negative if the first comes first. */
export type Order = (a: LV, b: LV) => number;

/**
 * The columns of a piece, a run of code points of one right origin. The first has
 * the left origin left, and each other one that before it. State is the prepare
 * state: 0 not inserted, 1 there, from 2 on deleted once or more. Gone is the
 * effect state: 1 deleted.
 */
const Piece = { id: 0, n: 1, left: 2, right: 3, state: 4, gone: 5 } as const;
const columns = 6;
/** The pieces of a tray at most. */
const trayPieces = 32;

/**
 * The state of the concurrent part of a history while it is replayed (section 3
 * of the Eg-walker paper): the code points that its events inserted, and those
 * that were there before, in the order of the text. Each has two states. The
 * prepare state is that of the version at which the next event was made, which
 * retreat and advance move; the effect state is that of all events applied so
 * far. So a position that an author meant is found by the one, and where it now
 * is by the other.
 *
 * Code points are held in runs, and runs in the trays of a B-tree that counts
 * the code points of both states. All of it lies in arrays of numbers: nothing
 * is allocated for an event.
 */
export class Tracker {
  /** Orders events by their agents, and those of one by seq. */
  readonly #order: Order;
  /** Events from here on have a place in where. */
  readonly base: LV;
  /** And up to here, its end. */
  #reached: LV;
  /** Of an event that inserted: the tray; that deleted: the id that it deleted. */
  #where = new Int32Array(0);

  readonly #branches = new Branches();
  #pieces = new Int32Array(4 * trayPieces * columns);
  /** How many pieces each tray has. */
  #sizes = new Int32Array(4);
  /** The tray behind each, or -1. */
  #next = new Int32Array(4);
  #trays = 1;

  /** Pieces on their way into a tray. */
  readonly #fresh = new Int32Array(3 * columns);
  readonly #moved = new Int32Array(3);
  readonly #sum = new Int32Array(3);

  // Places that the methods below look at.
  readonly #at = new Cursor();
  readonly #behind = new Cursor();
  readonly #end = new Cursor();
  readonly #mine = new Cursor();
  readonly #limit = new Cursor();
  readonly #theirs = new Cursor();

  /** A tracker for the events from base on, at a version before them whose text has so many code points. */
  constructor(base: LV, length: number, order: Order) {
    this.#order = order;
    this.base = base;
    this.#reached = base;
    this.#next[0] = -1;
    if (length === 0) return;
    this.#sizes[0] = 1;
    this.#write(this.#pieces, 0, underwater, length, none, none, 1, 0);
  }

  /** Makes room for the events up to end, and returns the first of them. */
  grow(end: LV): LV {
    const start = this.#reached;
    const length = end - this.base;
    if (length > this.#where.length) this.#where = grown(this.#where, length);
    this.#reached = end;
    return start;
  }

  /** How many code points there are, in one of the states. */
  length(state: Count): number {
    const sum = this.#sum.fill(0);
    if (this.#branches.deep === 0) this.#count(0, sum);
    else this.#branches.count(sum);
    return sum[state] as number;
  }

  /**
   * Applies events that inserted n code points behind at others, and returns
   * where they are in the effect state.
   */
  insert(first: LV, at: number, n: number): number {
    const place = this.#at;
    let left = none;
    if (at === 0) {
      place.set(this.#branches.first(), 0, 0);
    } else {
      this.#seek(at - 1, place);
      left = this.#idAt(place);
      place.offset++;
    }
    let right = none;
    const behind = this.#behind.copy(place);
    if (this.#settle(behind)) {
      const concurrent = this.#get(behind, Piece.state) === 0;
      const end = this.#end.copy(behind);
      let found = true;
      while (found && this.#get(end, Piece.state) === 0) {
        end.offset = this.#get(end, Piece.n);
        found = this.#settle(end);
      }
      if (found) right = this.#idAt(end);
      if (concurrent) this.#arrange(first, left, right, place, behind);
    }
    const effective = this.#before(place, Count.effective);
    this.#put(place, first, n, left, right);
    return effective;
  }

  /**
   * Applies events that deleted n code points behind at others, in the order of
   * the text or, backwards, against it. It tells where in the effect state some
   * went that were still there.
   */
  remove(first: LV, at: number, n: number, backwards: boolean, tell: Tell | undefined): void {
    const where = this.#where;
    const c = this.#at;
    for (let done = 0; done < n; ) {
      this.#seek(at, c);
      const part = Math.min(n - done, this.#get(c, Piece.n) - c.offset);
      const x = this.#idAt(c);
      const from = first - this.base + (backwards ? n - 1 - done : done);
      for (let k = 0; k < part; k++) where[backwards ? from - k : from + k] = x + k;
      if (this.#get(c, Piece.gone) === 0) tell?.(this.#before(c, Count.effective), part, '');
      this.#change(c, part, 1, 1);
      done += part;
    }
  }

  /** Takes events of a run that deleted back from the prepare state (by is -1), or puts them into it again (1). */
  moveDeleted(first: LV, n: number, by: number): void {
    const where = this.#where;
    const end = first - this.base + n;
    for (let i = first - this.base; i < end; ) {
      const low = where[i] as number;
      const step = i + 1 < end ? (where[i + 1] as number) - low : 0;
      let j = i + 1;
      if (step === 1 || step === -1) {
        while (j < end && where[j] === (where[j - 1] as number) + step) j++;
      }
      this.move(step === -1 ? (where[j - 1] as number) : low, j - i, by);
      i = j;
    }
  }

  /**
   * The code points, as they now are, in their order: runs that begin with an id,
   * their prepare state, and 1 if they are gone in the effect state, else 0.
   */
  each(tell: (id: Id, n: number, state: number, gone: number) => void): void {
    for (let tray = this.#branches.first(); tray >= 0; tray = this.#next[tray] as number) {
      let p = tray * trayPieces * columns;
      for (const end = p + (this.#sizes[tray] as number) * columns; p < end; p += columns) {
        const state = this.#pieces[p + Piece.state] as number;
        const gone = this.#pieces[p + Piece.gone] as number;
        tell(this.#pieces[p] as number, this.#pieces[p + Piece.n] as number, state, gone);
      }
    }
  }

  /** The code point at a position of the prepare state. */
  at(position: number): Id {
    this.#seek(position, this.#at);
    return this.#idAt(this.#at);
  }

  /** The code point that an event deleted. */
  deletedBy(v: LV): Id {
    return this.#where[v - this.base] as number;
  }

  /**
   * Where a code point is: its position in the prepare state, its state there,
   * and how many from it on follow each other in that state.
   */
  find(x: Id): { at: number; state: number; n: number } {
    const c = this.#at;
    this.#find(x, c);
    return {
      at: this.#before(c, Count.prepared),
      state: this.#get(c, Piece.state),
      n: this.#get(c, Piece.n) - c.offset,
    };
  }

  /** Adds to the prepare state of n code points from one on: -1 takes back that they were inserted, 1 puts them in again. */
  move(from: Id, n: number, by: number): void {
    const c = this.#at;
    for (let x = from; x < from + n; ) {
      this.#find(x, c);
      const part = Math.min(from + n - x, this.#get(c, Piece.n) - c.offset);
      this.#change(c, part, by, 0);
      x += part;
    }
  }

  /**
   * Finds the place of new code points among those that were inserted at the
   * same place and that their author did not know, in the order FugueMax
   * (Weidner and Kleppmann, "The Art of the Fugue"). These begin at `at`, and
   * place is in front of them at first.
   */
  #arrange(first: LV, left: Id, right: Id, place: Cursor, at: Cursor): void {
    if (left !== none) this.#find(left, this.#mine);
    if (right !== none) this.#find(right, this.#limit);
    let scanning = false;
    while (this.#settle(at) && this.#get(at, Piece.state) === 0) {
      const order = this.#compareLeft(this.#leftOf(at), left);
      if (order < 0) break;
      if (order === 0) {
        const further = this.#compareRight(this.#get(at, Piece.right), right);
        if (further === 0 && this.#order(first, this.#idAt(at)) < 0) break;
        scanning = further < 0;
      }
      at.offset = this.#get(at, Piece.n);
      if (!scanning) place.copy(at);
    }
  }

  /** Compares where x is with left, whose place is mine. Before all is none. */
  #compareLeft(x: Id, left: Id): number {
    if (x === left) return 0;
    if (x === none) return -1;
    if (left === none) return 1;
    this.#find(x, this.#theirs);
    return this.#compare(this.#theirs, this.#mine);
  }

  /** Compares where x is with right, whose place is the limit. Behind all is none. */
  #compareRight(x: Id, right: Id): number {
    if (x === right) return 0;
    if (x === none) return 1;
    if (right === none) return -1;
    this.#find(x, this.#theirs);
    return this.#compare(this.#theirs, this.#limit);
  }

  /** The order of two places. */
  #compare(a: Cursor, b: Cursor): number {
    if (a.tray !== b.tray) return this.#branches.compare(a.tray, b.tray);
    return a.i !== b.i ? a.i - b.i : a.offset - b.offset;
  }

  /** Goes to the code point at a position of the prepare state. */
  #seek(at: number, c: Cursor): void {
    const tray = this.#branches.seek(at, Count.prepared);
    let { rest } = this.#branches;
    const size = this.#sizes[tray] as number;
    for (let i = 0, p = tray * trayPieces * columns; i < size; i++, p += columns) {
      if (this.#pieces[p + Piece.state] !== 1) continue;
      const n = this.#pieces[p + Piece.n] as number;
      if (rest < n) {
        c.set(tray, i, rest);
        return;
      }
      rest -= n;
    }
    throw new RangeError('text: a position behind all');
  }

  /** Goes to a code point. */
  #find(x: Id, c: Cursor): void {
    const tray =
      x < underwater
        ? (this.#where[x - this.base] as number)
        : this.#branches.seek(x - underwater, Count.before);
    const size = this.#sizes[tray] as number;
    for (let i = 0, p = tray * trayPieces * columns; i < size; i++, p += columns) {
      const offset = x - (this.#pieces[p + Piece.id] as number);
      if (offset >= 0 && offset < (this.#pieces[p + Piece.n] as number)) {
        c.set(tray, i, offset);
        return;
      }
    }
    throw new RangeError('text: a code point that is not there');
  }

  /** Moves a place that is behind a piece to the front of the next one; false if there is none. */
  #settle(c: Cursor): boolean {
    if (c.offset < this.#get(c, Piece.n)) return true;
    if (c.i + 1 < (this.#sizes[c.tray] as number)) {
      c.set(c.tray, c.i + 1, 0);
      return true;
    }
    const next = this.#next[c.tray] as number;
    if (next < 0) return false;
    c.set(next, 0, 0);
    return true;
  }

  /** How many code points that count in a state are before a place. */
  #before(c: Cursor, state: Count): number {
    let sum = this.#branches.before(c.tray, state);
    let p = c.tray * trayPieces * columns;
    for (let i = 0; i < c.i; i++, p += columns) {
      if (this.#counts(p, state)) sum += this.#pieces[p + Piece.n] as number;
    }
    return this.#counts(p, state) ? sum + c.offset : sum;
  }

  #counts(p: number, state: Count): boolean {
    return state === Count.prepared
      ? this.#pieces[p + Piece.state] === 1
      : this.#pieces[p + Piece.gone] === 0;
  }

  /** The id that the code point at a place follows. */
  #leftOf(c: Cursor): Id {
    return c.offset === 0 ? this.#get(c, Piece.left) : this.#get(c, Piece.id) + c.offset - 1;
  }

  /** The id of the code point at a place. */
  #idAt(c: Cursor): Id {
    return this.#get(c, Piece.id) + c.offset;
  }

  #get(c: Cursor, column: number): number {
    return this.#pieces[(c.tray * trayPieces + c.i) * columns + column] as number;
  }

  #write(
    into: Int32Array,
    p: number,
    id: Id,
    n: number,
    left: Id,
    right: Id,
    state: number,
    gone: number,
  ): void {
    into[p] = id;
    into[p + Piece.n] = n;
    into[p + Piece.left] = left;
    into[p + Piece.right] = right;
    into[p + Piece.state] = state;
    into[p + Piece.gone] = gone;
  }

  /** Puts new code points at a place. */
  #put(c: Cursor, id: Id, n: number, left: Id, right: Id): void {
    const all = this.#get(c, Piece.n);
    if (c.offset === 0 || c.offset === all) {
      if (c.offset > 0 && left === id - 1 && right === this.#get(c, Piece.right) && this.#continues(c, id)) {
        const p = (c.tray * trayPieces + c.i) * columns;
        this.#pieces[p + Piece.n] = all + n;
        this.#note(id, n, c.tray);
        this.#branches.changed(c.tray, n, n);
        return;
      }
      const i = c.offset === 0 ? c.i : c.i + 1;
      this.#write(this.#fresh, 0, id, n, left, right, 1, 0);
      this.#note(id, n, this.#replace(c.tray, i, i, 1, n, n));
      return;
    }
    this.#part(c, 0, c.offset, 0);
    this.#write(this.#fresh, columns, id, n, left, right, 1, 0);
    this.#part(c, c.offset, all, 2);
    this.#note(id, n, this.#replace(c.tray, c.i, c.i + 1, 3, n, n));
  }

  /** Whether the piece at a place was inserted just before an event, and is as it was then. */
  #continues(c: Cursor, id: Id): boolean {
    return (
      this.#get(c, Piece.id) + this.#get(c, Piece.n) === id &&
      this.#get(c, Piece.state) === 1 &&
      this.#get(c, Piece.gone) === 0
    );
  }

  /** Adds to the prepare state of n code points of a piece from a place on, and to their being gone. */
  #change(c: Cursor, n: number, by: number, gone: number): void {
    const p = (c.tray * trayPieces + c.i) * columns;
    const all = this.#get(c, Piece.n);
    const was = this.#get(c, Piece.state);
    const wasGone = this.#get(c, Piece.gone);
    const state = was + by;
    const prepared = state === 1 ? n : was === 1 ? -n : 0;
    const effective = gone > wasGone ? -n : 0;
    const from = c.offset;
    const to = from + n;
    if (n === all) {
      this.#pieces[p + Piece.state] = state;
      this.#pieces[p + Piece.gone] = wasGone | gone;
      this.#branches.changed(c.tray, prepared, effective);
      return;
    }
    let k = 0;
    if (from > 0) this.#part(c, 0, from, k++);
    this.#part(c, from, to, k);
    this.#fresh[k * columns + Piece.state] = state;
    this.#fresh[k * columns + Piece.gone] = wasGone | gone;
    k++;
    if (to < all) this.#part(c, to, all, k++);
    this.#replace(c.tray, c.i, c.i + 1, k, prepared, effective);
  }

  /** Makes the k-th fresh piece of a part of the one at a place. */
  #part(c: Cursor, from: number, to: number, k: number): void {
    const p = (c.tray * trayPieces + c.i) * columns;
    this.#fresh.set(this.#pieces.subarray(p, p + columns), k * columns);
    this.#fresh[k * columns + Piece.n] = to - from;
    if (from === 0) return;
    const id = this.#get(c, Piece.id) + from;
    this.#fresh[k * columns] = id;
    this.#fresh[k * columns + Piece.left] = id - 1;
  }

  /**
   * Puts the first k fresh pieces in place of those from i to j of a tray, one at
   * most, and splits it if they have no room. It tells the branches by how much
   * the tray that has them counts more, and returns that tray.
   */
  #replace(tray: number, i: number, j: number, k: number, prepared: number, effective: number): number {
    let into = tray;
    let shift = 0;
    if ((this.#sizes[tray] as number) - (j - i) + k > trayPieces) {
      const added = this.#split(tray);
      if (i >= trayPieces / 2) {
        into = added;
        shift = trayPieces / 2;
      }
    }
    const size = this.#sizes[into] as number;
    const start = into * trayPieces;
    const from = (start + i - shift) * columns;
    this.#pieces.copyWithin(from + k * columns, (start + j - shift) * columns, (start + size) * columns);
    for (let f = 0; f < k * columns; f++) this.#pieces[from + f] = this.#fresh[f] as number;
    this.#sizes[into] = size + k - (j - i);
    this.#branches.changed(into, prepared, effective);
    return into;
  }

  /** Makes two trays of a full one, and returns the second. */
  #split(tray: number): number {
    const added = this.#trays++;
    if (added === this.#sizes.length) {
      this.#pieces = grown(this.#pieces, 0);
      this.#sizes = grown(this.#sizes, 0);
      this.#next = grown(this.#next, 0);
    }
    const half = trayPieces / 2;
    const from = (tray * trayPieces + half) * columns;
    const size = (this.#sizes[tray] as number) - half;
    const to = added * trayPieces * columns;
    this.#pieces.copyWithin(to, from, from + size * columns);
    this.#sizes[tray] = half;
    this.#sizes[added] = size;
    this.#next[added] = this.#next[tray] as number;
    this.#next[tray] = added;
    for (let i = 0, p = to; i < size; i++, p += columns) {
      this.#note(this.#pieces[p] as number, this.#pieces[p + Piece.n] as number, added);
    }
    this.#moved.fill(0);
    this.#count(added, this.#moved);
    if (this.#branches.deep === 0) {
      this.#sum.set(this.#moved);
      this.#count(tray, this.#sum);
    }
    this.#branches.addTray(tray, added, this.#moved, this.#sum);
    return added;
  }

  /** Remembers in which tray code points are. */
  #note(id: Id, n: number, tray: number): void {
    if (id >= underwater) return;
    const from = id - this.base;
    if (n === 1) this.#where[from] = tray;
    else this.#where.fill(tray, from, from + n);
  }

  /** Adds what a tray counts. */
  #count(tray: number, sum: Int32Array): void {
    const size = this.#sizes[tray] as number;
    for (let i = 0, p = tray * trayPieces * columns; i < size; i++, p += columns) {
      const n = this.#pieces[p + Piece.n] as number;
      if (this.#pieces[p + Piece.state] === 1) sum[0] = (sum[0] as number) + n;
      if (this.#pieces[p + Piece.gone] === 0) sum[1] = (sum[1] as number) + n;
      if ((this.#pieces[p] as number) >= underwater) sum[2] = (sum[2] as number) + n;
    }
  }
}
