import { grown } from './column.ts';

/** Children of a branch at most. */
const most = 16;

/** How many code points are there in each state, and how many of those from before there are at all. */
const counts = 3;
export const Count = { prepared: 0, effective: 1, before: 2 } as const;
export type Count = (typeof Count)[keyof typeof Count];

/**
 * The branches of a tracker's B-tree, in columns: the children of each, and what
 * these count. Children of the lowest are trays, which it knows by their parents
 * alone.
 */
export class Branches {
  /** The topmost branch, or the one tray. */
  root = 0;
  /** Levels of branches above the trays. */
  deep = 0;

  #length = 0;
  #children = new Int32Array(4 * most);
  #counts = new Int32Array(4 * most * counts);
  #sizes = new Int32Array(4);
  #parents = new Int32Array(4);
  /** The branch that has a tray, or -1. */
  #trayParents = new Int32Array(4).fill(-1);

  /** What is left of the position that `seek` was given, in the tray that it returned. */
  rest = 0;

  /** The first tray. */
  first(): number {
    let node = this.root;
    for (let level = this.deep; level > 0; level--) node = this.#children[node * most] as number;
    return node;
  }

  /** The tray that has so many code points before it that count, and more in it. */
  seek(at: number, count: Count): number {
    let node = this.root;
    let rest = at;
    for (let level = this.deep; level > 0; level--) {
      let i = node * most;
      for (const last = i + (this.#sizes[node] as number) - 1; i < last; i++) {
        const n = this.#counts[i * counts + count] as number;
        if (rest < n) break;
        rest -= n;
      }
      node = this.#children[i] as number;
    }
    this.rest = rest;
    return node;
  }

  /** Adds what all count. There is a branch. */
  count(sum: Int32Array): void {
    this.#total(this.root, sum);
  }

  /** How many code points that count are before a tray. */
  before(tray: number, count: Count): number {
    let sum = 0;
    let child = tray;
    for (let node = this.#trayParents[tray] as number; node >= 0; node = this.#parents[node] as number) {
      for (let i = node * most; this.#children[i] !== child; i++) {
        sum += this.#counts[i * counts + count] as number;
      }
      child = node;
    }
    return sum;
  }

  /** The order of two trays that are not the same. */
  compare(a: number, b: number): number {
    let x = a;
    let y = b;
    let up = this.#trayParents[x] as number;
    let down = this.#trayParents[y] as number;
    while (up !== down) {
      x = up;
      y = down;
      up = this.#parents[up] as number;
      down = this.#parents[down] as number;
    }
    return this.#slot(up, x) - this.#slot(up, y);
  }

  /** Counts more, or less, of a tray. */
  changed(tray: number, prepared: number, effective: number): void {
    let child = tray;
    for (let node = this.#trayParents[tray] as number; node >= 0; node = this.#parents[node] as number) {
      this.#count(this.#slot(node, child), prepared, effective, 0);
      child = node;
    }
  }

  /**
   * Puts a tray behind another, from which it took what moved counts. All is
   * what both count, if there is no branch yet.
   */
  addTray(tray: number, added: number, moved: Int32Array, all: Int32Array): void {
    if (this.deep === 0) {
      this.root = this.#add();
      this.deep = 1;
      this.#sizes[this.root] = 1;
      this.#children[this.root * most] = tray;
      this.#counts.set(all, this.root * most * counts);
      this.#adopt(this.root, tray, 0);
    }
    this.#addBehind(tray, added, moved, this.#trayParents[tray] as number, 0);
  }

  /** Puts a child behind another. Level is how many levels of branches are below. */
  #addBehind(child: number, added: number, moved: Int32Array, above: number, level: number): void {
    let parent = above;
    if (this.#sizes[parent] === most) {
      const other = this.#split(parent, level);
      if (this.#slot(parent, child) < 0) parent = other;
    }
    const slot = this.#slot(parent, child);
    const end = parent * most + (this.#sizes[parent] as number);
    this.#count(slot, -(moved[0] as number), -(moved[1] as number), -(moved[2] as number));
    this.#children.copyWithin(slot + 2, slot + 1, end);
    this.#counts.copyWithin((slot + 2) * counts, (slot + 1) * counts, end * counts);
    this.#children[slot + 1] = added;
    this.#counts.set(moved, (slot + 1) * counts);
    this.#sizes[parent] = (this.#sizes[parent] as number) + 1;
    this.#adopt(parent, added, level);
  }

  /** Makes two branches of a full one, and returns the second. */
  #split(node: number, level: number): number {
    const other = this.#add();
    const half = most / 2;
    const from = node * most + half;
    const to = other * most;
    this.#children.copyWithin(to, from, from + half);
    this.#counts.copyWithin(to * counts, from * counts, (from + half) * counts);
    this.#sizes[node] = half;
    this.#sizes[other] = half;
    for (let i = to; i < to + half; i++) this.#adopt(other, this.#children[i] as number, level);
    const moved = this.#total(other, new Int32Array(counts));
    if (node === this.root) {
      const all = this.#total(node, moved.slice());
      this.root = this.#add();
      this.deep++;
      this.#sizes[this.root] = 1;
      this.#children[this.root * most] = node;
      this.#counts.set(all, this.root * most * counts);
      this.#parents[node] = this.root;
    }
    this.#addBehind(node, other, moved, this.#parents[node] as number, level + 1);
    return other;
  }

  /** Adds what a branch counts. */
  #total(node: number, sum: Int32Array): Int32Array {
    for (let i = node * most; i < node * most + (this.#sizes[node] as number); i++) {
      for (let k = 0; k < counts; k++) sum[k] = (sum[k] as number) + (this.#counts[i * counts + k] as number);
    }
    return sum;
  }

  #count(slot: number, prepared: number, effective: number, before: number): void {
    const i = slot * counts;
    this.#counts[i] = (this.#counts[i] as number) + prepared;
    this.#counts[i + 1] = (this.#counts[i + 1] as number) + effective;
    this.#counts[i + 2] = (this.#counts[i + 2] as number) + before;
  }

  /** Where in the columns a branch has a child, or -1. */
  #slot(node: number, child: number): number {
    const end = node * most + (this.#sizes[node] as number);
    for (let i = node * most; i < end; i++) if (this.#children[i] === child) return i;
    return -1;
  }

  #adopt(parent: number, child: number, level: number): void {
    if (level > 0) {
      this.#parents[child] = parent;
      return;
    }
    if (child >= this.#trayParents.length) this.#trayParents = grown(this.#trayParents, child + 1);
    this.#trayParents[child] = parent;
  }

  #add(): number {
    const node = this.#length++;
    if (node === this.#sizes.length) {
      this.#children = grown(this.#children, 0);
      this.#counts = grown(this.#counts, 0);
      this.#sizes = grown(this.#sizes, 0);
      this.#parents = grown(this.#parents, 0);
    }
    this.#parents[node] = -1;
    return node;
  }
}
