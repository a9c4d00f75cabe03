import { damaged, Reader, utf8 } from './bytes.ts';
import { type Chances, type Coder, chances, numbers } from './coder.ts';
import type { LV, Version } from './graph.ts';
import { Kind } from './history.ts';

/** How many bytes an agent's name has at most. */
const maxName = 255;

/**
 * The records of a packed history, each of which is coded in the contexts that
 * those before it make. What is given is packed; of a coder that unpacks nothing
 * need be given, and what is returned was packed.
 */
export class Records {
  readonly #coder: Coder;

  readonly #counts = numbers();
  readonly #lengths = numbers();
  readonly #agents = numbers();
  readonly #seqs = numbers();
  readonly #parents = numbers();
  readonly #distances = numbers();
  readonly #name = chances(256);
  /** By the kind before. */
  readonly #kinds = chances(4 * 4);
  /** By the kind. */
  readonly #sizes = Array.from({ length: 4 }, numbers);
  /** By the kind before, and the kind. */
  readonly #places = Array.from({ length: 4 * 4 }, numbers);
  /** By the two letters before. */
  readonly #letters: Chances[] = [];
  readonly #wide = numbers();

  // What was before.
  readonly #next: number[] = [];
  #start = 0;
  #kind = 0;
  #at = 0;
  #one = 0;
  #two = 0;

  constructor(coder: Coder) {
    this.#coder = coder;
  }

  count(n = 0): number {
    return this.#coder.number(this.#counts, n);
  }

  /** The name of an agent. */
  name(name = ''): string {
    const given = utf8(name);
    const bytes = new Uint8Array(Math.min(this.count(given.length), maxName + 1));
    if (bytes.length > maxName) throw damaged();
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#coder.tree(this.#name, 0, 8, given[i] ?? 0);
    return new Reader(bytes).text(bytes.length);
  }

  /** Whose the next n events are. */
  agent(agent = 0, seq = 0, n = 0): [agent: number, seq: number, n: number] {
    const whose = this.#coder.number(this.#agents, agent);
    const next = this.#next[whose] ?? 0;
    const from = next + this.#coder.signed(this.#seqs, seq - next);
    const length = this.#coder.number(this.#lengths, n);
    this.#next[whose] = from + length;
    return [whose, from, length];
  }

  /** A run of events of which each follows the one before, and the first its parents. */
  branch(start: LV = 0, parents: Version = []): [start: LV, parents: Version] {
    const first = this.#start + this.#coder.number(this.#lengths, start - this.#start);
    this.#start = first;
    const follows: LV[] = [];
    for (let rest = this.#coder.number(this.#parents, parents.length); rest > 0; rest--) {
      const given = parents[follows.length] ?? first;
      const parent = first - this.#coder.number(this.#distances, first - given);
      if (parent >= first || parent <= (follows.at(-1) ?? -1)) throw damaged();
      follows.push(parent);
    }
    return [first, follows];
  }

  /** A run of operations. */
  op(kind = 0, position = 0, n = 0): [kind: number, position: number, n: number] {
    const what = this.#coder.tree(this.#kinds, 4 * this.#kind, 2, kind);
    const length = this.#coder.number(this.#sizes[what] as Chances, n);
    // Erased are those in front of a place.
    const behind = what === Kind.erased ? length : 0;
    const places = this.#places[4 * this.#kind + what] as Chances;
    const at = this.#at + this.#coder.signed(places, position + behind - this.#at) - behind;
    this.#kind = what;
    this.#at = what === Kind.inserted ? at + length : at;
    return [what, at, length];
  }

  /** A code point: those of ASCII by themselves, others as a number. */
  letter(letter = 0): number {
    const context = Math.imul(this.#one * 31 + this.#two * 7919, 2654435761) >>> 20;
    this.#letters[context] ??= chances(256);
    let coded = this.#coder.tree(this.#letters[context], 0, 8, Math.min(letter, 0x80));
    if (coded >= 0x80) coded = this.#coder.number(this.#wide, letter);
    this.#two = this.#one;
    this.#one = coded;
    return coded;
  }
}
