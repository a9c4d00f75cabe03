import { behind, isHigh, isLow, runesOf } from './runes.ts';

/** UTF-16 code units of a leaf at most. */
const leafUnits = 512;
/** Children of an inner node at most. */
const fanOut = 32;

type Node = Inner | Leaf;

class Inner {
  parent: Inner | undefined;
  slot = 0;
  children: Node[];
  runes: number[];
  units: number[];

  constructor(children: Node[]) {
    this.children = children;
    this.runes = children.map(total);
    this.units = children.map(length);
    adopt(this, 0);
  }
}

/** A piece of the text. */
class Leaf {
  parent: Inner | undefined;
  slot = 0;
  text: string;
  runes: number;

  constructor(text: string) {
    this.text = text;
    this.runes = runesOf(text);
  }

  /** The index of the code unit where a code point begins. */
  unitOf(runes: number): number {
    return behind(this.text, 0, runes, this.runes);
  }

  /** How many code points begin before a code unit. */
  runeOf(unit: number): number {
    const { text } = this;
    if (this.runes === text.length) return unit;
    let runes = 0;
    for (let i = 0; i < unit; runes++) i += isHigh(text.charCodeAt(i)) ? 2 : 1;
    return unit > 0 && isLow(text.charCodeAt(unit)) && isHigh(text.charCodeAt(unit - 1)) ? runes - 1 : runes;
  }

  /** Puts text in the place of what is from one code unit to another. */
  replace(from: number, to: number, text: string): void {
    this.text = this.text.slice(0, from) + text + this.text.slice(to);
  }
}

/** @throws RangeError unless these are positions, in this order, in a text of this length. */
function check(from: number, to: number, length: number): void {
  if (from < 0 || from > to || to > length) throw new RangeError(`text: ${from} to ${to} of ${length}`);
}

function total(node: Node): number {
  return node instanceof Leaf ? node.runes : node.runes.reduce((sum, n) => sum + n, 0);
}

function length(node: Node): number {
  return node instanceof Leaf ? node.text.length : node.units.reduce((sum, n) => sum + n, 0);
}

/** Tells an inner node's children, from one on, whose they are. */
function adopt(parent: Inner, from: number): void {
  const { children } = parent;
  for (let slot = from; slot < children.length; slot++) {
    const child = children[slot] as Node;
    child.parent = parent;
    child.slot = slot;
  }
}

/** Tells the nodes above one that it has grown. */
function grow(node: Node, runes: number, units: number): void {
  let slot = node.slot;
  for (let above = node.parent; above !== undefined; above = above.parent) {
    above.runes[slot] = (above.runes[slot] as number) + runes;
    above.units[slot] = (above.units[slot] as number) + units;
    slot = above.slot;
  }
}

/**
 * A text in a B-tree of pieces: every index into it, and every change, takes
 * time that grows with the logarithm of its length. Positions count code points.
 */
export class Rope {
  #root: Node;
  /** How many code points there are. */
  runes = 0;
  /** How many UTF-16 code units there are. */
  units = 0;

  // The leaf that was found last, and how many code points are before it. What
  // is typed next is most likely there too.
  #last: Leaf | undefined;
  #before = 0;

  constructor(text = '') {
    this.#root = build(text);
    this.runes = total(this.#root);
    this.units = text.length;
  }

  /** Puts text, of so many code points, behind so many. */
  insert(at: number, text: string, runes: number): void {
    check(0, at, this.runes);
    const leaf = this.#find(at);
    const i = leaf.unitOf(at - this.#before);
    this.runes += runes;
    this.units += text.length;
    if (leaf.text.length + text.length > leafUnits) {
      this.#split(leaf, i, text);
      return;
    }
    leaf.replace(i, i, text);
    leaf.runes += runes;
    grow(leaf, runes, text.length);
  }

  /** Takes n code points out, behind so many. */
  remove(at: number, n: number): void {
    check(at, at + n, this.runes);
    for (let rest = n; rest > 0; ) {
      let leaf = this.#find(at);
      if (at === this.#before + leaf.runes) leaf = this.#next(leaf);
      const from = at - this.#before;
      const runes = Math.min(rest, leaf.runes - from);
      const i = leaf.unitOf(from);
      const units = leaf.unitOf(from + runes) - i;
      leaf.replace(i, i + units, '');
      leaf.runes -= runes;
      grow(leaf, -runes, -units);
      this.runes -= runes;
      this.units -= units;
      rest -= runes;
      if (leaf.runes === 0) this.#drop(leaf);
    }
  }

  /** The text from one position to another. */
  slice(from: number, to: number): string {
    check(from, to, this.runes);
    let text = '';
    if (from === to) return text;
    for (let leaf = this.#find(from); ; leaf = this.#next(leaf)) {
      const before = this.#before;
      const end = before + leaf.runes;
      text += leaf.text.slice(
        from > before ? leaf.unitOf(from - before) : 0,
        end > to ? leaf.unitOf(to - before) : leaf.text.length,
      );
      if (end >= to) return text;
    }
  }

  toString(): string {
    return this.slice(0, this.runes);
  }

  /** How many UTF-16 code units are before a position. */
  toUnits(at: number): number {
    check(0, at, this.runes);
    let node = this.#root;
    let rest = at;
    let units = 0;
    while (node instanceof Inner) {
      let i = 0;
      for (; i < node.children.length - 1 && (node.runes[i] as number) <= rest; i++) {
        rest -= node.runes[i] as number;
        units += node.units[i] as number;
      }
      node = node.children[i] as Node;
    }
    return units + node.unitOf(rest);
  }

  /** The position of a UTF-16 code unit: of the second of a pair, that of the first. */
  toRunes(unit: number): number {
    check(0, unit, this.units);
    let node = this.#root;
    let rest = unit;
    let runes = 0;
    while (node instanceof Inner) {
      let i = 0;
      for (; i < node.children.length - 1 && (node.units[i] as number) <= rest; i++) {
        rest -= node.units[i] as number;
        runes += node.runes[i] as number;
      }
      node = node.children[i] as Node;
    }
    return runes + node.runeOf(rest);
  }

  /** The leaf that has a position in it or at its end: between two it is the first. */
  #find(at: number): Leaf {
    const last = this.#last;
    if (last !== undefined && at > this.#before && at <= this.#before + last.runes) return last;
    let node = this.#root;
    let before = 0;
    while (node instanceof Inner) {
      const { runes } = node;
      let i = 0;
      for (; i < runes.length - 1 && before + (runes[i] as number) < at; i++) before += runes[i] as number;
      node = node.children[i] as Node;
    }
    this.#last = node;
    this.#before = before;
    return node;
  }

  /** The leaf behind the one that was found last. */
  #next(leaf: Leaf): Leaf {
    let node: Node = leaf;
    while (node.parent !== undefined && node.slot + 1 === node.parent.children.length) node = node.parent;
    node = node.parent?.children[node.slot + 1] as Node;
    while (node instanceof Inner) node = node.children[0] as Node;
    this.#before += leaf.runes;
    this.#last = node;
    return node;
  }

  /** Puts text into a leaf that has no room for it. */
  #split(leaf: Leaf, at: number, text: string): void {
    this.#last = undefined;
    const all = leaf.text.slice(0, at) + text + leaf.text.slice(at);
    const pieces = cut(all, text.length < leafUnits / 2 ? Math.ceil(all.length / 2) : fullUnits);
    const [first, ...others] = pieces.map((piece) => new Leaf(piece)) as [Leaf, ...Leaf[]];
    grow(leaf, first.runes - leaf.runes, first.text.length - leaf.text.length);
    leaf.text = first.text;
    leaf.runes = first.runes;
    let before = leaf;
    for (const added of others) {
      this.#addBehind(before, added);
      before = added;
    }
  }

  /** Puts a node behind another, on the same level. */
  #addBehind(before: Node, added: Node): void {
    let parent = before.parent;
    if (parent === undefined) {
      this.#root = new Inner([before, added]);
      return;
    }
    if (parent.children.length === fanOut) {
      const half = fanOut / 2;
      const right = new Inner(parent.children.splice(half));
      parent.runes.length = half;
      parent.units.length = half;
      grow(parent, -total(right), -length(right));
      this.#addBehind(parent, right);
      parent = before.parent as Inner;
    }
    const slot = before.slot + 1;
    parent.children.splice(slot, 0, added);
    parent.runes.splice(slot, 0, 0);
    parent.units.splice(slot, 0, 0);
    adopt(parent, slot);
    grow(added, total(added), length(added));
  }

  /** Takes an empty leaf away, and the nodes above that are empty then. */
  #drop(leaf: Leaf): void {
    this.#last = undefined;
    let node: Node = leaf;
    while (node.parent !== undefined && node.parent.children.length === 1) node = node.parent;
    const { parent, slot } = node;
    if (parent === undefined) {
      this.#root = new Leaf('');
      return;
    }
    parent.children.splice(slot, 1);
    parent.runes.splice(slot, 1);
    parent.units.splice(slot, 1);
    adopt(parent, slot);
    while (this.#root instanceof Inner && this.#root.children.length === 1) {
      this.#root = this.#root.children[0] as Node;
      this.#root.parent = undefined;
      this.#root.slot = 0;
    }
  }
}

/** UTF-16 code units of a leaf when a longer text is cut. */
const fullUnits = (leafUnits * 7) / 8;

/** Makes the tree of a text at once, its leaves nearly full. */
function build(text: string): Node {
  let level: Node[] = cut(text, fullUnits).map((piece) => new Leaf(piece));
  while (level.length > 1) {
    const above: Node[] = [];
    for (let i = 0; i < level.length; i += fanOut - 4) above.push(new Inner(level.slice(i, i + fanOut - 4)));
    level = above;
  }
  return level[0] as Node;
}

/** Divides a text into pieces of so many code units at most, between code points. */
function cut(text: string, most: number): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (text.length - from > most) {
    let to = from + most;
    if (isLow(text.charCodeAt(to)) && isHigh(text.charCodeAt(to - 1))) to--;
    pieces.push(text.slice(from, to));
    from = to;
  }
  pieces.push(text.slice(from));
  return pieces;
}
