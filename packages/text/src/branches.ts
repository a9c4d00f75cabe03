import { grown } from './column.ts';
import type { Cursor } from './cursor.ts';
import type { LV } from './graph.ts';

/**
 * Names a code point: that which an event inserted, or, from underwater on, one
 * that was there before, by its position.
 */
export type Id = number;
export const underwater: Id = 1 << 30;

/** The states that code points are counted in. */
export const Count = { prepared: 0, effective: 1 } as const;
export type Count = (typeof Count)[keyof typeof Count];

/**
 * The columns of a piece, a run of code points of one right origin. The first has
 * the left origin left, and each other one that before it. State is the prepare
 * state: 0 not inserted, 1 there, from 2 on deleted once or more. There is the
 * effect state: 1, or 0 if it is deleted.
 */
export const Piece = { id: 0, n: 1, left: 2, right: 3, state: 4, there: 5 } as const;
export const columns = 6;

/** The columns of a branch's child: which node it is, and its code points: in both states, and those from before. */
const Child = { node: 0, prepared: 1, effective: 2, before: 3 } as const;
const childColumns = 4;

/** The cells of a node: 16 pieces, or 24 children. */
const block = 96;

/**
 * A B-tree of a tracker's pieces, in the order of the text: its lowest nodes,
 * trays, have the pieces, and branches count the code points of those below. All
 * of it lies in arrays of numbers: next to nothing is allocated for an event.
 * What is done for each is done without calls as far as can be, which count as
 * long as the code is not compiled.
 */
export class Branches {
  /** A block for each node. */
  cells = new Int32Array(4 * block);
  /** How many code points there are in the prepare state. */
  prepared = 0;
  /** And in the effect state. */
  effective = 0;
  /** Events from here on have a place in where. */
  readonly base: LV;
  /** Of an event that inserted: the tray; that deleted: the id that it deleted. */
  where = new Int32Array(0);

  #nodes = 1;
  /** How many pieces or children each has. */
  #sizes = new Int32Array(4);
  /** The branch that has each, or -1, and as which child. */
  #parents = new Int32Array(4).fill(-1);
  #slots = new Int32Array(4);
  /** The tray behind each, or -1. The first is node 0. */
  #next = new Int32Array(4).fill(-1);
  #root = 0;
  /** Levels of branches above the trays. */
  #deep = 0;

  constructor(base: LV) {
    this.base = base;
  }

  /** Goes to the code point at a position of the prepare state, and returns how many are before it in the effect state. */
  seek(at: number, c: Cursor): number {
    if (at >= this.prepared) throw new RangeError('text: a position behind all');
    const { cells } = this;
    let p = this.#root * block;
    let rest = at;
    let effective = 0;
    for (let level = this.#deep; level > 0; level--) {
      for (let n = cells[p + Child.prepared] as number; n <= rest; n = cells[p + Child.prepared] as number) {
        rest -= n;
        effective += cells[p + Child.effective] as number;
        p += childColumns;
      }
      p = (cells[p] as number) * block;
    }
    for (; ; p += columns) {
      const n = cells[p + Piece.n] as number;
      if (cells[p + Piece.state] === 1) {
        if (rest < n) break;
        rest -= n;
      }
      if (cells[p + Piece.there] === 1) effective += n;
    }
    c.piece = p;
    c.offset = rest;
    return cells[p + Piece.there] === 1 ? effective + rest : effective;
  }

  /** Goes to a code point. */
  find(x: Id, c: Cursor): void {
    const { cells } = this;
    let p = (x < underwater ? (this.where[x - this.base] as number) : this.#root) * block;
    if (x >= underwater) {
      let rest = x - underwater;
      for (let level = this.#deep; level > 0; level--) {
        for (let n = cells[p + Child.before] as number; n <= rest; n = cells[p + Child.before] as number) {
          rest -= n;
          p += childColumns;
        }
        p = (cells[p] as number) * block;
      }
    }
    for (; p < cells.length; p += columns) {
      const offset = x - (cells[p] as number);
      if (offset < 0 || offset >= (cells[p + Piece.n] as number)) continue;
      c.piece = p;
      c.offset = offset;
      return;
    }
    throw new RangeError('text: a code point that is not there');
  }

  /** Moves a place that is behind a piece to the front of the next one; false if there is none. */
  settle(c: Cursor): boolean {
    const { piece } = c;
    if (c.offset < (this.cells[piece + Piece.n] as number)) return true;
    const tray = Math.trunc(piece / block);
    if (piece + columns < tray * block + (this.#sizes[tray] as number) * columns) {
      c.set(piece + columns, 0);
      return true;
    }
    const next = this.#next[tray] as number;
    if (next < 0) return false;
    c.set(next * block, 0);
    return true;
  }

  /** How many code points are before a place, in one of the states. */
  before({ piece, offset }: Cursor, state: Count): number {
    const { cells } = this;
    let node = Math.trunc(piece / block);
    let sum = cells[piece + Piece.state + state] === 1 ? offset : 0;
    for (let p = node * block; p < piece; p += columns) {
      if (cells[p + Piece.state + state] === 1) sum += cells[p + Piece.n] as number;
    }
    for (let above = this.#parents[node] as number; above >= 0; above = this.#parents[node] as number) {
      const end = this.#child(node);
      for (let p = above * block; p < end; p += childColumns) {
        sum += cells[p + Child.prepared + state] as number;
      }
      node = above;
    }
    return sum;
  }

  /** The order of two places. */
  compare(a: Cursor, b: Cursor): number {
    let x = Math.trunc(a.piece / block);
    let y = Math.trunc(b.piece / block);
    if (x === y) return a.piece - b.piece || a.offset - b.offset;
    while (this.#parents[x] !== this.#parents[y]) {
      x = this.#parents[x] as number;
      y = this.#parents[y] as number;
    }
    return (this.#slots[x] as number) - (this.#slots[y] as number);
  }

  /** Calls fn with where the cells of each piece begin. */
  each(fn: (piece: number) => void): void {
    for (let tray = 0; tray >= 0; tray = this.#next[tray] as number) {
      const end = tray * block + (this.#sizes[tray] as number) * columns;
      for (let p = tray * block; p < end; p += columns) fn(p);
    }
  }

  /** Counts so many code points more in the tray of a piece. */
  count(piece: number, prepared: number, effective: number): void {
    const { cells } = this;
    this.prepared += prepared;
    this.effective += effective;
    let node = Math.trunc(piece / block);
    for (let above = this.#parents[node] as number; above >= 0; above = this.#parents[node] as number) {
      const p = above * block + (this.#slots[node] as number) * childColumns;
      cells[p + Child.prepared] = (cells[p + Child.prepared] as number) + prepared;
      cells[p + Child.effective] = (cells[p + Child.effective] as number) + effective;
      node = above;
    }
  }

  /** Puts the first k of fresh pieces in front of one, behind it, or in its place. Returns where they are. */
  put(piece: number, where: 'front' | 'behind' | 'instead', fresh: Int32Array, k: number): number {
    const tray = Math.trunc(piece / block);
    const at = piece - tray * block + (where === 'behind' ? columns : 0);
    return this.#put(tray, 0, at, where === 'instead' ? 1 : 0, fresh, k);
  }

  /** Remembers that code points are in the tray of a piece. */
  note(id: Id, n: number, piece: number): void {
    if (id >= underwater) return;
    const from = id - this.base;
    const tray = Math.trunc(piece / block);
    if (n === 1) this.where[from] = tray;
    else this.where.fill(tray, from, from + n);
  }

  /** Puts the first k of fresh records at one of a node's, or in its place, and splits the node if they have no room. */
  #put(node: number, level: number, at: number, instead: 0 | 1, fresh: Int32Array, k: number): number {
    const width = level === 0 ? columns : childColumns;
    let into = node;
    let from = at;
    if (((this.#sizes[node] as number) + k - instead) * width > block) {
      const added = this.#split(node, level, width);
      // At the seam it stays in the first: a new child must be beside that which it was split off.
      if (at + instead * width > block / 2) {
        into = added;
        from -= block / 2;
      }
    }
    const { cells } = this;
    const size = this.#sizes[into] as number;
    from += into * block;
    cells.copyWithin(from + k * width, from + instead * width, into * block + size * width);
    for (let i = 0; i < k * width; i++) cells[from + i] = fresh[i] as number;
    this.#sizes[into] = size + k - instead;
    if (level > 0) this.#adopt(into);
    return from;
  }

  /** Makes two nodes of a full one, and returns the second. */
  #split(node: number, level: number, width: number): number {
    const added = this.#add();
    const half = block / 2 / width;
    const to = added * block;
    const end = to + ((this.#sizes[node] as number) - half) * width;
    this.cells.copyWithin(to, node * block + block / 2, node * block + block / 2 + end - to);
    this.#sizes[added] = (this.#sizes[node] as number) - half;
    this.#sizes[node] = half;
    if (level > 0) {
      this.#adopt(added);
    } else {
      this.#next[added] = this.#next[node] as number;
      this.#next[node] = added;
      for (let p = to; p < end; p += columns) {
        this.note(this.cells[p] as number, this.cells[p + Piece.n] as number, p);
      }
    }
    if (node === this.#root) {
      this.#root = this.#add();
      this.#deep++;
      this.#put(this.#root, this.#deep, 0, 0, this.#total(node, level), 1);
    }
    const parent = this.#parents[node] as number;
    const behind = this.#child(node) + childColumns - parent * block;
    this.#put(parent, level + 1, behind, 0, this.#total(added, level), 1);
    this.cells.set(this.#total(node, level), this.#child(node));
    return added;
  }

  /** Where the cells of a node are in the branch that has it. */
  #child(node: number): number {
    return (this.#parents[node] as number) * block + (this.#slots[node] as number) * childColumns;
  }

  /** A node as its branch has it. */
  #total(node: number, level: number): Int32Array {
    const { cells } = this;
    const child = Int32Array.of(node, 0, 0, 0);
    const add = (column: number, n: number) => {
      child[column] = (child[column] as number) + n;
    };
    const width = level === 0 ? columns : childColumns;
    const end = node * block + (this.#sizes[node] as number) * width;
    for (let p = node * block; p < end; p += width) {
      if (level > 0) {
        for (let i = 1; i < childColumns; i++) add(i, cells[p + i] as number);
        continue;
      }
      const n = cells[p + Piece.n] as number;
      if (cells[p + Piece.state] === 1) add(Child.prepared, n);
      if (cells[p + Piece.there] === 1) add(Child.effective, n);
      if ((cells[p] as number) >= underwater) add(Child.before, n);
    }
    return child;
  }

  /** Tells a branch's children whose they are. */
  #adopt(branch: number): void {
    const size = this.#sizes[branch] as number;
    for (let slot = 0, p = branch * block; slot < size; slot++, p += childColumns) {
      this.#parents[this.cells[p] as number] = branch;
      this.#slots[this.cells[p] as number] = slot;
    }
  }

  #add(): number {
    const node = this.#nodes++;
    if (node === this.#sizes.length) {
      this.cells = grown(this.cells, 0);
      this.#sizes = grown(this.#sizes, 0);
      this.#parents = grown(this.#parents, 0);
      this.#slots = grown(this.#slots, 0);
      this.#next = grown(this.#next, 0);
    }
    this.#parents[node] = -1;
    this.#next[node] = -1;
    return node;
  }
}
