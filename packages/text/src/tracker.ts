import { Branches, front, type Id, underwater } from './branches.ts';
import { grown, search } from './column.ts';
import { Cursor } from './cursor.ts';
import type { LV } from './graph.ts';
import * as Piece from './piece.ts';
import type { Tell } from './walker.ts';

export { type Id, underwater } from './branches.ts';

const none: Id = -1;

/** How many pieces one has passed that is noted. */
const manyPassed = 8;

/** Orders two events: negative if the first comes first. */
export type Order = (a: LV, b: LV) => number;

/**
 * The state of the concurrent part of a history while it is replayed (section 3
 * of the Eg-walker paper): the code points that its events inserted, and those
 * that were there before, in the order of the text. Each has two states. The
 * prepare state is that of the version at which the next event was made, which
 * retreat and advance move; the effect state is that of all events applied so
 * far. So a position that an author meant is found by the one, and where it now
 * is by the other.
 */
export class Tracker extends Branches {
  /** Orders events by their agents, and those of one by seq. */
  readonly #order: Order;
  /** Behind the last one that it has. */
  #reached: LV;
  /** How many were taken: pieces that were moved, or looked at for the place of another. */
  steps = 0;
  /**
   * Of pieces that have the same origins, by left and right, some that had to pass
   * many others: in their order. The next one begins behind the last of these that
   * it follows. From there on the way is the same, as that one would have been
   * passed last, and placed behind.
   */
  readonly #siblings = new Map<Id, Map<Id, Id[]>>();

  // Places that the methods below look at.
  readonly #at = new Cursor();
  readonly #left = new Cursor();
  readonly #right = new Cursor();
  readonly #origin = new Cursor();

  /** A tracker for the events from base on, at a version before them whose text has so many code points. */
  constructor(base: LV, length: number, order: Order) {
    super(base);
    this.#order = order;
    this.#reached = base;
    if (length > 0) this.#put(this.#at.set(front, 0), underwater, length, none, none);
  }

  /** Makes room for the events up to end, and returns the first of them. */
  grow(end: LV): LV {
    const start = this.#reached;
    const length = end - this.base;
    if (length > this.where.length) this.where = grown(this.where, length);
    this.#reached = end;
    return start;
  }

  /**
   * Applies events that inserted n code points behind at others, and returns
   * where they are in the effect state.
   */
  insert(first: LV, at: number, n: number): number {
    const { cells } = this;
    const place = this.#at;
    let left = none;
    let right = none;
    let effective = 0;
    let behind = 0;
    if (at === 0) {
      behind = this.first;
      place.set(front, 0);
    } else {
      effective = this.seek(at - 1, place) + (cells[place.piece + Piece.effective] === 0 ? 0 : 1);
      left = (cells[place.piece] as number) + place.offset;
      place.offset++;
      if (place.offset < (cells[place.piece + Piece.n] as number)) right = left + 1;
      else behind = this.after(place.piece);
    }
    const end = behind > 0 ? this.known(behind) : 0;
    if (end > 0) right = cells[end] as number;
    if (end !== behind) {
      this.#arrange(first, left, right, behind, end);
      effective = this.before(place, Piece.effective);
    }
    this.#put(place, first, n, left, right);
    return effective;
  }

  /**
   * Applies events that deleted n code points behind at others, in the order of
   * the text or, backwards, against it. It tells where in the effect state some
   * went that were still there.
   */
  remove(first: LV, at: number, n: number, backwards: boolean, tell: Tell | undefined): void {
    const { where } = this;
    const c = this.#at;
    for (let done = 0; done < n; ) {
      const effective = this.seek(at, c);
      const { cells } = this;
      const part = Math.min(n - done, (cells[c.piece + Piece.n] as number) - c.offset);
      const x = (cells[c.piece] as number) + c.offset;
      const from = first - this.base + (backwards ? n - 1 - done : done);
      for (let k = 0; k < part; k++) where[backwards ? from - k : from + k] = x + k;
      if (cells[c.piece + Piece.effective] !== 0) tell?.(effective, part, '', x);
      this.#change(c, part, 1, 0);
      done += part;
    }
  }

  /** Takes events of a run that deleted back from the prepare state (by is -1), or puts them into it again (1). */
  moveDeleted(first: LV, n: number, by: number): void {
    const { where } = this;
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

  /** The code point at a position of the prepare state. */
  at(position: number): Id {
    this.seek(position, this.#at);
    return (this.cells[this.#at.piece] as number) + this.#at.offset;
  }

  /** The code point that an event deleted. */
  deletedBy(v: LV): Id {
    return this.where[v - this.base] as number;
  }

  /**
   * Where a code point is: its position in the prepare state, its state there,
   * and how many from it on follow each other in that state.
   */
  place(x: Id): { at: number; state: number; n: number } {
    const { cells } = this;
    const c = this.#at;
    this.find(x, c);
    return {
      at: this.before(c, Piece.prepared),
      state: cells[c.piece + Piece.state] as number,
      n: (cells[c.piece + Piece.n] as number) - c.offset,
    };
  }

  /** Adds to the prepare state of n code points from one on: -1 takes back that they were inserted, 1 puts them in again. */
  move(from: Id, n: number, by: number): void {
    const c = this.#at;
    for (let x = from; x < from + n; ) {
      this.find(x, c);
      const part = Math.min(from + n - x, (this.cells[c.piece + Piece.n] as number) - c.offset);
      this.#change(c, part, by, 1);
      this.steps++;
      x += part;
    }
  }

  /**
   * Finds the place of new code points among those that were inserted at the
   * same place and that their author did not know, in the order FugueMax
   * (Weidner and Kleppmann, "The Art of the Fugue"). These are the pieces from one
   * on, up to another, if there is one; the new ones are in front of them at
   * first.
   */
  #arrange(first: LV, left: Id, right: Id, from: number, to: number): void {
    const { cells } = this;
    const place = this.#at;
    const mine = this.#left.set(place.piece, place.offset - 1);
    const limit = this.#right.set(to, 0);
    const noted = this.#siblings.get(left);
    const siblings = noted?.get(right) ?? [];
    const behind = search(siblings.length, (i) => this.#order(first, siblings[i] as Id) < 0);
    let p = from;
    if (behind > 0) {
      this.find(siblings[behind - 1] as Id, place);
      place.offset = cells[place.piece + Piece.n] as number;
      p = this.after(place.piece);
    }
    let passed = 0;
    let scanning = false;
    for (; p !== to; p = this.after(p)) {
      const order = this.#compare(cells[p + Piece.left] as number, left, -1, mine);
      if (order < 0) break;
      if (order === 0) {
        const further = this.#compare(cells[p + Piece.right] as number, right, 1, limit);
        if (further === 0 && this.#order(first, cells[p] as number) < 0) break;
        scanning = further < 0;
      }
      passed++;
      if (!scanning) place.set(p, cells[p + Piece.n] as number);
    }
    this.steps += passed;
    if (passed < manyPassed) return;
    siblings.splice(behind, 0, first);
    this.#siblings.set(left, (noted ?? new Map<Id, Id[]>()).set(right, siblings));
  }

  /** Compares where x is with y, whose place is known. None is before all (-1) or behind all (1). */
  #compare(x: Id, y: Id, nowhere: -1 | 1, place: Cursor): number {
    if (x === y) return 0;
    if (x === none) return nowhere;
    if (y === none) return -nowhere;
    this.find(x, this.#origin);
    return this.compare(this.#origin, place);
  }

  /** Puts new code points at a place. */
  #put({ piece, offset }: Cursor, id: Id, n: number, left: Id, right: Id): void {
    const { cells: old } = this;
    const before = old[piece + Piece.n] as number;
    // It goes on with what was inserted just before, if that is as it was then.
    const onwards =
      offset === before &&
      (old[piece] as number) + before === id &&
      old[piece + Piece.right] === right &&
      old[piece + Piece.state] === 1 &&
      old[piece + Piece.effective] !== 0;
    let added = piece;
    if (onwards) {
      old[piece + Piece.n] = before + n;
    } else {
      if (offset > 0 && offset < before) added = this.divide(piece, offset, 1) - Piece.columns;
      else added = this.open(offset === 0 ? piece : piece + Piece.columns, 1);
      const { cells } = this;
      cells[added] = id;
      cells[added + Piece.n] = n;
      cells[added + Piece.left] = left;
      cells[added + Piece.right] = right;
      cells[added + Piece.state] = 1;
      cells[added + Piece.prepared] = 0;
      cells[added + Piece.effective] = 0;
    }
    this.count(added, n, n, n);
    this.note(id, n, added);
  }

  /** Adds to the prepare state of n code points of a piece from a place on; there they stay if stay is 1, else not. */
  #change({ piece, offset }: Cursor, n: number, by: number, stay: 0 | 1): void {
    let p = piece;
    if (offset > 0) p = this.divide(p, offset, 0);
    if (n < (this.cells[p + Piece.n] as number)) p = this.divide(p, n, 0) - Piece.columns;
    const { cells } = this;
    const state = (cells[p + Piece.state] as number) + by;
    cells[p + Piece.state] = state;
    const prepared = (state === 1 ? n : 0) - (cells[p + Piece.prepared] as number);
    const gone = stay === 1 ? 0 : (cells[p + Piece.effective] as number);
    const known = state === 0 ? -n : state === by ? n : 0;
    if (prepared !== 0 || gone !== 0) this.count(p, prepared, -gone, known);
  }
}
