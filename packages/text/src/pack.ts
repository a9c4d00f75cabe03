import { damaged, Reader, Writer } from './bytes.ts';
import { type Chances, type Coder, chances, numbers, Packer, Unpacker } from './coder.ts';
import { History, Kind, maxEvents, maxLength } from './history.ts';

/** How many bytes an agent's name has at most. */
const maxName = 255;
const contexts = 1 << 12;

/** The contexts of a packed history. */
export class Columns {
  readonly counts = numbers();
  readonly lengths = numbers();
  readonly agents = numbers();
  readonly seqs = numbers();
  readonly parents = numbers();
  readonly distances = numbers();
  readonly name = chances(256);
  /** By the kind before. */
  readonly kinds = chances(4 * 4);
  /** By the kind. */
  readonly sizes = [numbers(), numbers(), numbers()];
  /** By the kind before, and the kind. */
  readonly places = Array.from({ length: 9 }, numbers);
  /** By the two letters before. */
  readonly #letters: Chances[] = new Array(contexts);
  readonly #wide = numbers();
  #one = 0;
  #two = 0;

  /** Codes a code point in the context of the two before it: those of ASCII by themselves, others as a number. */
  letter(k: Coder, letter = 0): number {
    const at = (Math.imul(this.#one * 31 + this.#two * 7919, 2654435761) >>> 20) & (contexts - 1);
    this.#letters[at] ??= chances(256);
    let coded = k.tree(this.#letters[at], 0, 8, Math.min(letter, 0x80));
    if (coded >= 0x80) coded = k.number(this.#wide, letter);
    this.#two = this.#one;
    this.#one = coded;
    return coded;
  }
}

/** Writes a history without its text, and what it inserted that is gone. */
export function pack(history: History, buried: string): Uint8Array {
  const { agents, graph, end } = history;
  const k = new Packer();
  const c = new Columns();
  k.number(c.counts, agents.names.length);
  for (const name of agents.names) {
    const bytes = new Writer();
    bytes.text(name);
    k.number(c.counts, bytes.written.length);
    for (const byte of bytes.written) k.tree(c.name, 0, 8, byte);
  }
  k.number(c.counts, end);
  const next = agents.names.map(() => 0);
  agents.each((agent, seq, n) => {
    k.number(c.agents, agent);
    k.signed(c.seqs, seq - (next[agent] as number));
    k.number(c.lengths, n);
    next[agent] = seq + n;
  });
  k.number(c.counts, graph.length);
  for (let run = 0, before = 0; run < graph.length; run++) {
    const start = graph.start(run);
    const parents = graph.parents(start);
    k.number(c.lengths, start - before);
    k.number(c.parents, parents.length);
    for (const parent of parents) k.number(c.distances, start - parent);
    before = start;
  }
  let before = 0;
  let at = 0;
  for (let run = 0; run < history.length; run++) {
    const start = history.runStart(run);
    const kind = history.kind(run);
    const n = history.runEnd(run) - start;
    const place = history.position(run, start, n);
    k.tree(c.kinds, 4 * before, 2, kind);
    k.number(c.sizes[kind] as Chances, n);
    k.signed(c.places[3 * before + kind] as Chances, place + (kind === Kind.erased ? n : 0) - at);
    at = place + (kind === Kind.inserted ? n : 0);
    before = kind;
  }
  const letters = [...buried];
  k.number(c.counts, letters.length);
  for (const letter of letters) c.letter(k, letter.codePointAt(0));
  return k.done();
}

/** Reads what pack wrote: a history that has no text yet, and what is gone. */
export function unpack(data: Uint8Array): { history: History; buried: string } {
  const k = new Unpacker(data);
  const c = new Columns();
  const history = new History();
  const { agents, graph } = history;
  const count = (most: number): number => {
    const n = k.number(c.counts);
    check(n <= most);
    return n;
  };
  // A number takes some bits: more of them than that is damage.
  const most = 64 * data.length + 1024;
  const names = count(most);
  for (let i = 0; i < names; i++) {
    const name = Uint8Array.from({ length: count(maxName) }, () => k.tree(c.name, 0, 8));
    check(name.length > 0 && agents.named(new Reader(name).text(name.length)) === i);
  }
  const end = count(maxEvents);
  const known: [seq: number, end: number][][] = agents.names.map(() => []);
  for (let start = 0; start < end; ) {
    const agent = k.number(c.agents);
    const runs = known[agent];
    check(runs !== undefined);
    const seq = (runs.at(-1)?.[1] ?? 0) + k.signed(c.seqs);
    const n = k.number(c.lengths);
    check(seq >= 0 && n > 0 && n <= end - start && seq <= maxEvents - n);
    runs.push([seq, seq + n]);
    agents.add(agent, seq, n);
    start += n;
  }
  for (const runs of known) {
    runs.sort(([a], [b]) => a - b);
    check(runs.every(([seq], i) => i === 0 || seq >= (runs[i - 1] as [number, number])[1]));
  }
  const runs = count(most);
  check(runs > 0 || end === 0);
  for (let i = 0, start = 0; i < runs; i++) {
    const n = k.number(c.lengths);
    start += n;
    check(start < end && n > 0 === i > 0);
    const parents: number[] = [];
    for (let rest = k.number(c.parents); rest > 0; rest--) {
      const parent = start - k.number(c.distances);
      check(parent > (parents.at(-1) ?? -1) && parent < start);
      parents.push(parent);
    }
    check(graph.dominators(parents).length === parents.length);
    graph.add(start, parents);
    check(graph.length > i);
  }
  let before = 0;
  let at = 0;
  while (history.end < end) {
    const kind = k.tree(c.kinds, 4 * before, 2);
    check(kind <= Kind.erased);
    const n = k.number(c.sizes[kind] as Chances);
    at += k.signed(c.places[3 * before + kind] as Chances);
    if (kind === Kind.erased) at -= n;
    check(n > 0 && graph.stretch(history.end, end) >= history.end + n && at >= 0 && at <= maxLength);
    history.addRun(kind, at, n);
    if (kind === Kind.inserted) at += n;
    before = kind;
  }
  let buried = '';
  for (let rest = count(most); rest > 0; rest--) {
    const letter = c.letter(k);
    check(letter <= 0x10ffff && (letter < 0xd800 || letter > 0xdfff));
    buried += String.fromCodePoint(letter);
  }
  return { history, buried };
}

function check(right: boolean): asserts right {
  if (!right) throw damaged();
}
