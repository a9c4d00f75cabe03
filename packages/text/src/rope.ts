import { behind, isHigh, isLow, runesOf } from './runes.ts';

/** UTF-16 code units of a leaf at most. */
const leafUnits = 512;
/** UTF-16 code units of a leaf when a longer text is cut. */
const fullUnits = (leafUnits * 7) / 8;
/** Children of an inner node at most. */
const fanOut = 32;

type Count = 'runes' | 'units';

/** A part of a text: what its children have, or, if there are none, a piece. */
interface Node {
  children: Node[];
  text: string;
  /** How many code points there are. */
  runes: number;
  /** How many UTF-16 code units there are. */
  units: number;
}

/**
 * A text in a B-tree of pieces: every index into it, and every change, takes
 * time that grows with the logarithm of its length. Positions count code points.
 */
export class Rope {
  #root: Node;

  constructor(text = '') {
    this.#root = rootOf(cut(text, fullUnits));
  }

  /** How many code points there are. */
  get runes(): number {
    return this.#root.runes;
  }

  /** How many UTF-16 code units there are. */
  get units(): number {
    return this.#root.units;
  }

  /** Puts text, of so many code points, behind so many. */
  insert(at: number, text: string, runes: number): void {
    this.#change(at, 0, text, runes);
  }

  /** Takes n code points out, behind so many. */
  remove(at: number, n: number): void {
    this.#change(at, n, '', 0);
  }

  /** The text from one position to another. */
  slice(from: number, to: number): string {
    check(from, to, this.runes);
    return read(this.#root, from, to);
  }

  toString(): string {
    return read(this.#root, 0, this.runes);
  }

  /** How many UTF-16 code units are before a position. */
  toUnits(at: number): number {
    check(0, at, this.runes);
    const { leaf, rest, passed } = this.#find(at, 'runes', 'units');
    return passed + behind(leaf.text, 0, rest, leaf.runes);
  }

  /** The position of a UTF-16 code unit: of the second of a pair, that of the first. */
  toRunes(unit: number): number {
    check(0, unit, this.units);
    const { leaf, rest, passed } = this.#find(unit, 'units', 'runes');
    return passed + runesOf(leaf.text.slice(0, whole(leaf.text, rest)));
  }

  /** The leaf that has a place in it or at its end, how far in it that is, and what is before it by the other count. */
  #find(at: number, count: Count, other: Count): { leaf: Node; rest: number; passed: number } {
    let leaf = this.#root;
    let rest = at;
    let passed = 0;
    while (leaf.children.length > 0) {
      let i = 0;
      let child = leaf.children[0] as Node;
      for (; child[count] < rest; child = leaf.children[++i] as Node) {
        rest -= child[count];
        passed += child[other];
      }
      leaf = child;
    }
    return { leaf, rest, passed };
  }

  #change(at: number, n: number, text: string, runes: number): void {
    check(at, at + n, this.runes);
    if (n + runes === 0) return;
    const became = change(this.#root, at, n, text, runes);
    if (became !== undefined) this.#root = rootOf(became);
  }
}

/** @throws RangeError unless these are positions, in this order, in a text of this length. */
function check(from: number, to: number, length: number): void {
  if (from < 0 || from > to || to > length) throw new RangeError('text: no such code point');
}

/**
 * Takes n code points out of a node, behind so many, and puts text there, of so
 * many. Returns the nodes of its level that are to stand in its place, unless it
 * stays.
 */
function change(node: Node, at: number, n: number, text: string, runes: number): Node[] | undefined {
  if (node.children.length === 0) {
    const from = behind(node.text, 0, at, node.runes);
    const to = behind(node.text, from, n, node.runes);
    node.text = node.text.slice(0, from) + text + node.text.slice(to);
    node.units = node.text.length;
    node.runes += runes - n;
    if (node.units === 0) return [];
    if (node.units <= leafUnits) return undefined;
    return cut(node.text, text.length < leafUnits / 2 ? Math.ceil(node.units / 2) : fullUnits);
  }
  let i = 0;
  let from = at;
  for (; (node.children[i] as Node).runes < from; i++) from -= (node.children[i] as Node).runes;
  let rest = n;
  for (let first = true; first || rest > 0; first = false) {
    const child = node.children[i] as Node;
    const { units } = child;
    const part = Math.min(rest, child.runes - from);
    const became = change(child, from, part, first ? text : '', first ? runes : 0);
    if (became === undefined) {
      node.units += child.units - units;
      i++;
    } else {
      node.children = [...node.children.slice(0, i), ...became, ...node.children.slice(i + 1)];
      node.units += sum(became, 'units') - units;
      i += became.length;
    }
    rest -= part;
    from = 0;
  }
  node.runes += runes - n;
  const { length } = node.children;
  return length > 0 && length <= fanOut ? undefined : grouped(node.children);
}

/** The text of a node from one position to another. */
function read({ children, text, runes }: Node, from: number, to: number): string {
  if (children.length === 0) {
    const start = behind(text, 0, from, runes);
    return text.slice(start, behind(text, start, to - from, runes));
  }
  let all = '';
  let before = 0;
  for (const child of children) {
    const end = before + child.runes;
    if (from < end && before < to)
      all += read(child, Math.max(from - before, 0), Math.min(to - before, child.runes));
    before = end;
  }
  return all;
}

function sum(nodes: readonly Node[], count: Count): number {
  return nodes.reduce((all, node) => all + node[count], 0);
}

/** The node above all of some, or the only one. */
function rootOf(nodes: Node[]): Node {
  let level = nodes;
  while (level.length > 1) level = grouped(level);
  return level[0] ?? { children: [], text: '', runes: 0, units: 0 };
}

/** Puts nodes under others, which have room for some more. */
function grouped(nodes: readonly Node[]): Node[] {
  const each = Math.ceil(nodes.length / Math.ceil(nodes.length / (fanOut - 4)));
  const above: Node[] = [];
  for (let i = 0; i < nodes.length; i += each) {
    const children = nodes.slice(i, i + each);
    above.push({ children, text: '', runes: sum(children, 'runes'), units: sum(children, 'units') });
  }
  return above;
}

/** Divides a text into leaves of so many code units at most, between code points. */
function cut(text: string, most: number): Node[] {
  const leaves: Node[] = [];
  for (let from = 0; from < text.length; ) {
    const to = whole(text, from + most);
    const piece = text.slice(from, to);
    leaves.push({ children: [], text: piece, runes: runesOf(piece), units: piece.length });
    from = to;
  }
  return leaves;
}

/** Where a code point begins: at a code unit, or, if that is the second of a pair, in front of it. */
function whole(text: string, unit: number): number {
  return isLow(text.charCodeAt(unit)) && isHigh(text.charCodeAt(unit - 1)) ? unit - 1 : unit;
}
