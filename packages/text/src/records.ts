import { damaged, Reader, utf8 } from './bytes.ts';
import { maxAgentBytes } from './change.ts';
import { Coder } from './coder.ts';
import type { Heads, LV } from './graph.ts';
import { Kind } from './history.ts';

// The contexts.
const counts = 0;
const lengths = 1;
const agents = 2;
const seqs = 3;
const parents = 4;
const distances = 5;
const names = 6;
const wide = 7;
/** By the kind. */
const sizes = 8;
/** By the kind before. */
const kinds = 12;
/** By the kind before, and the kind. */
const places = 16;
/** By the two letters before. */
const letters = 32;

/**
 * The records of a packed history, each of which is coded in the contexts that
 * those before it make. What is given is packed; to unpack nothing need be given,
 * and what is returned was packed.
 */
export class Records extends Coder {
  // What was before.
  readonly #next: number[] = [];
  #start = 0;
  #kind = 0;
  #at = 0;
  #one = 0;
  #two = 0;

  count(n = 0): number {
    return this.number(counts, n);
  }

  /** The name of an agent. */
  name(name = ''): string {
    const given = utf8(name);
    const bytes = new Uint8Array(Math.min(this.count(given.length), maxAgentBytes + 1));
    if (bytes.length > maxAgentBytes) throw damaged();
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.bits(names, 8, given[i] ?? 0);
    return new Reader(bytes).text(bytes.length);
  }

  /** Whose the next n events are. */
  agent(agent = 0, seq = 0, n = 0): [agent: number, seq: number, n: number] {
    const whose = this.number(agents, agent);
    const next = this.#next[whose] ?? 0;
    const from = next + this.signed(seqs, seq - next);
    const length = this.number(lengths, n);
    this.#next[whose] = from + length;
    return [whose, from, length];
  }

  /** A run of events of which each follows the one before, and the first its parents. */
  branch(start: LV = 0, before: Heads = []): [start: LV, parents: Heads] {
    const first = this.#start + this.number(lengths, start - this.#start);
    this.#start = first;
    const follows: LV[] = [];
    for (let rest = this.number(parents, before.length); rest > 0; rest--) {
      const given = before[follows.length] ?? first;
      const parent = first - this.number(distances, first - given);
      if (parent >= first || parent <= (follows.at(-1) ?? -1)) throw damaged();
      follows.push(parent);
    }
    return [first, follows];
  }

  /** A run of operations. */
  op(kind = 0, position = 0, n = 0): [kind: number, position: number, n: number] {
    const what = this.bits(kinds + this.#kind, 2, kind);
    const length = this.number(sizes + what, n);
    // Erased are those in front of a place.
    const behind = what === Kind.erased ? length : 0;
    const place = places + 4 * this.#kind + what;
    const at = this.#at + this.signed(place, position + behind - this.#at) - behind;
    this.#kind = what;
    this.#at = what === Kind.inserted ? at + length : at;
    return [what, at, length];
  }

  /** A code point: those of ASCII by themselves, others as a number. */
  letter(letter = 0): number {
    const context = Math.imul(this.#one * 31 + this.#two * 7919, 2654435761) >>> 20;
    let coded = this.bits(letters + context, 8, Math.min(letter, 0x80));
    if (coded >= 0x80) coded = this.number(wide, letter);
    this.#two = this.#one;
    this.#one = coded;
    return coded;
  }
}
