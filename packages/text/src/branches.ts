import { grown } from './column.ts';
import type { Cursor } from './cursor.ts';
import type { LV } from './graph.ts';
import * as Piece from './piece.ts';

/**
 * Names a code point: that which an event inserted, or, from underwater on, one
 * that was there before, by its position.
 */
export type Id = number;
export const underwater: Id = 1 << 30;

/** The cells of a node, which begins at a multiple of them: its own, and 17 records. */
const block = 128;

// Its own.
/** Where its last record ends. */
const end = 0;
/** Its record in the branch that has it; 0 if none has. */
const above = 1;
/** The tray behind a tray; 0 behind the last. */
const next = 2;
/** Of a tray 0. */
const level = 3;

/** Where its records are. */
const head = 6;
/** Where the half of a full node begins. */
const seam = head + 8 * Piece.columns;

/** In front of all. */
export const front = head;

/**
 * A B-tree of a tracker's pieces, in the order of the text: its lowest nodes,
 * trays, have the pieces, and branches count the code points of those below. All
 * of it lies in one array of numbers: nothing is allocated for an event. What is
 * done for each is done without calls as far as can be, which count as long as
 * the code is not compiled. The records of a node, pieces or children, have the
 * same columns; nodes and records are named by where they begin.
 */
export class Branches {
  /** A block for each node. */
  cells = new Int32Array(16 * block);
  /** How many code points there are in the prepare state. */
  prepared = 0;
  /** And in the effect state. */
  effective = 0;
  /** Events from here on have a place in where. */
  readonly base: LV;
  /** Of an event that inserted: the tray; that deleted: the id that it deleted. */
  where = new Int32Array(0);

  /** Behind the last node. */
  #end = 0;
  #root: number;

  constructor(base: LV) {
    this.base = base;
    this.#root = this.#add(0);
  }

  /** Goes to the code point at a position of the prepare state, and returns how many are before it in the effect state. */
  seek(at: number, c: Cursor): number {
    if (at >= this.prepared) throw new RangeError('text: no such code point');
    const { cells } = this;
    let p = this.#root;
    let rest = at;
    let effective = 0;
    for (let deep = cells[p + level] as number; ; deep--) {
      p += head;
      for (let n = cells[p + Piece.prepared] as number; n <= rest; n = cells[p + Piece.prepared] as number) {
        rest -= n;
        effective += cells[p + Piece.effective] as number;
        p += Piece.columns;
      }
      if (deep === 0) break;
      p = cells[p] as number;
    }
    c.piece = p;
    c.offset = rest;
    return cells[p + Piece.effective] === 0 ? effective : effective + rest;
  }

  /** Goes to a code point. */
  find(x: Id, c: Cursor): void {
    const { cells } = this;
    let p = x < underwater ? (this.where[x - this.base] as number) : this.#root;
    let rest = x - underwater;
    for (let deep = cells[p + level] as number; deep > 0; deep--) {
      p += head;
      for (let n = cells[p + Piece.n] as number; n <= rest; n = cells[p + Piece.n] as number) {
        rest -= n;
        p += Piece.columns;
      }
      p = cells[p] as number;
    }
    for (p += head; p < cells.length; p += Piece.columns) {
      const offset = x - (cells[p] as number);
      if (offset < 0 || offset >= (cells[p + Piece.n] as number)) continue;
      c.piece = p;
      c.offset = offset;
      return;
    }
    throw new RangeError('text: no such code point');
  }

  /** The first piece; 0 if there is none. */
  get first(): number {
    return this.cells[end] === front ? 0 : front;
  }

  /** The piece behind one; 0 if there is none. */
  after(piece: number): number {
    const { cells } = this;
    const tray = nodeOf(piece);
    const behind = piece + Piece.columns;
    if (behind < (cells[tray + end] as number)) return behind;
    return cells[tray + next] === 0 ? 0 : (cells[tray + next] as number) + head;
  }

  /** The first piece from one on that the version of the prepare state knows, deleted or not; 0 if there is none. */
  known(piece: number): number {
    const { cells } = this;
    for (let p = piece; ; ) {
      const node = nodeOf(p);
      const last = cells[node + end] as number;
      while (p < last && cells[p + Piece.state] === 0) p += Piece.columns;
      if (p === last) {
        p = cells[node + above] as number;
        if (p === 0) return 0;
        p += Piece.columns;
      } else {
        if (cells[node + level] === 0) return p;
        p = (cells[p] as number) + head;
      }
    }
  }

  /** How many code points are before a place, in the state of a column. */
  before({ piece, offset }: Cursor, state: typeof Piece.prepared | typeof Piece.effective): number {
    const { cells } = this;
    let sum = cells[piece + state] === 0 ? 0 : offset;
    for (let record = piece; record > 0; record = this.#above(record)) {
      for (let p = nodeOf(record) + head; p < record; p += Piece.columns) sum += cells[p + state] as number;
    }
    return sum;
  }

  /** The order of two places. */
  compare(a: Cursor, b: Cursor): number {
    let x = a.piece;
    let y = b.piece;
    if (x === y) return a.offset - b.offset;
    while (nodeOf(x) !== nodeOf(y)) {
      x = this.#above(x);
      y = this.#above(y);
    }
    return x - y;
  }

  /**
   * The code points, as they now are, in their order: runs that begin with an id,
   * their prepare state, and 1 if they are gone in the effect state, else 0.
   */
  each(tell: (id: Id, n: number, state: number, gone: number) => void): void {
    const { cells } = this;
    let tray = 0;
    do {
      for (let p = tray + head; p < (cells[tray + end] as number); p += Piece.columns) {
        const gone = cells[p + Piece.effective] === 0 ? 1 : 0;
        tell(cells[p] as number, cells[p + Piece.n] as number, cells[p + Piece.state] as number, gone);
      }
      tray = cells[tray + next] as number;
    } while (tray > 0);
  }

  /** Counts so many code points more in a piece, whose state is set already. */
  count(piece: number, prepared: number, effective: number, known: number): void {
    const { cells } = this;
    this.prepared += prepared;
    this.effective += effective;
    cells[piece + Piece.state] = (cells[piece + Piece.state] as number) - known; // comes back at once
    for (let p = piece; p > 0; p = this.#above(p)) {
      cells[p + Piece.state] = (cells[p + Piece.state] as number) + known;
      cells[p + Piece.prepared] = (cells[p + Piece.prepared] as number) + prepared;
      cells[p + Piece.effective] = (cells[p + Piece.effective] as number) + effective;
    }
  }

  /** Remembers that code points are in the tray of a piece. */
  note(id: Id, n: number, piece: number): void {
    if (id >= underwater) return;
    const from = id - this.base;
    if (n === 1) this.where[from] = nodeOf(piece);
    else this.where.fill(nodeOf(piece), from, from + n);
  }

  /**
   * Makes two pieces of one, behind some of its code points, with room for so many
   * others between them. Returns the second.
   */
  divide(piece: number, offset: number, room: number): number {
    const first = this.open(piece, room + 1);
    const { cells } = this;
    const second = first + (room + 1) * Piece.columns;
    for (let i = 0; i < Piece.columns; i++) cells[first + i] = cells[second + i] as number;
    const id = (cells[first] as number) + offset;
    cells[second] = id;
    cells[second + Piece.left] = id - 1;
    for (const column of [Piece.n, Piece.prepared, Piece.effective]) {
      const all = cells[first + column] as number;
      cells[first + column] = Math.min(all, offset);
      cells[second + column] = Math.max(all - offset, 0);
    }
    return second;
  }

  /** Makes room for n records in front of one, or at the end of its node, and returns where that is. */
  open(record: number, n: number): number {
    let node = nodeOf(record);
    let at = record;
    if ((this.cells[node + end] as number) + n * Piece.columns > node + block) {
      const added = this.#split(node);
      if (at >= node + seam) {
        at += added + head - node - seam;
        node = added;
      }
    }
    const { cells } = this;
    const last = cells[node + end] as number;
    cells.copyWithin(at + n * Piece.columns, at, last);
    cells[node + end] = last + n * Piece.columns;
    return at;
  }

  /** Puts the second half of a full node into a new one behind it, and returns that. */
  #split(node: number): number {
    const deep = this.cells[node + level] as number;
    const added = this.#add(deep);
    if (node === this.#root) {
      this.#root = this.#add(deep + 1);
      this.#enter(node, this.open(this.#root + head, 1));
    }
    const { cells } = this;
    const last = cells[node + end] as number;
    cells.copyWithin(added + head, node + seam, last);
    cells[node + end] = node + seam;
    cells[added + end] = added + head + last - node - seam;
    cells[added + next] = cells[node + next] as number;
    cells[node + next] = added;
    this.#adopt(added);
    const record = this.open(cells[node + above] as number, 1);
    this.#enter(node, record);
    this.#enter(added, record + Piece.columns);
    return added;
  }

  /** Makes a record of a branch that of a node. */
  #enter(node: number, record: number): void {
    const { cells } = this;
    const tray = cells[node + level] === 0;
    let before = 0;
    let known = 0;
    let prepared = 0;
    let effective = 0;
    for (let p = node + head; p < (cells[node + end] as number); p += Piece.columns) {
      const n = cells[p + Piece.n] as number;
      const state = cells[p + Piece.state] as number;
      before += tray && (cells[p] as number) < underwater ? 0 : n;
      known += tray && state > 0 ? n : state;
      prepared += cells[p + Piece.prepared] as number;
      effective += cells[p + Piece.effective] as number;
    }
    cells[record] = node;
    cells[record + Piece.n] = before;
    cells[record + Piece.state] = known;
    cells[record + Piece.prepared] = prepared;
    cells[record + Piece.effective] = effective;
    this.#adopt(nodeOf(record));
  }

  /** Tells what a node has where it is. */
  #adopt(node: number): void {
    const { cells } = this;
    for (let p = node + head; p < (cells[node + end] as number); p += Piece.columns) {
      if (cells[node + level] === 0) this.note(cells[p] as number, cells[p + Piece.n] as number, p);
      else cells[(cells[p] as number) + above] = p;
    }
  }

  /** Adds a node without records. */
  #add(deep: number): number {
    const node = this.#end;
    this.#end += block;
    if (this.#end > this.cells.length) this.cells = grown(this.cells, this.#end);
    this.cells[node + end] = node + head;
    this.cells[node + level] = deep;
    return node;
  }

  #above(record: number): number {
    return this.cells[nodeOf(record) + above] as number;
  }
}

/** The node of a record. */
function nodeOf(record: number): number {
  return record & -block;
}
