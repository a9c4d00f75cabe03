import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph, type Heads } from '../src/graph.ts';
import { History } from '../src/history.ts';
import { Rope } from '../src/rope.ts';
import { runesOf } from '../src/runes.ts';
import { Nearby, walk } from '../src/walk.ts';
import type { Naive } from './naive.ts';
import { Naive as NaiveText } from './naive.ts';
import type { Random } from './random.ts';

/** A position, how many code points are deleted there, and what is inserted then. */
export type Patch = [at: number, n: number, text: string];

/** A transaction of a history as the vectors have it. */
export interface Txn {
  span: [number, number];
  parents: number[];
  agent: string;
  seqStart: number;
  ops: Patch[];
}

/** Adds a transaction to a history that has all that is before it. */
export function addTo(history: History, txn: Txn): void {
  history.graph.add(history.end, txn.parents);
  history.agents.add(history.agents.named(txn.agent), txn.seqStart, txn.span[1] - txn.span[0]);
  for (const [at, n, text] of txn.ops) {
    if (n > 0) history.remove(at, n);
    if (text !== '') history.insert(at, text, runesOf(text));
  }
}

export function addToNaive(naive: Naive, txn: Txn): void {
  let parents = txn.parents;
  let seq = txn.seqStart;
  const add = (at: number, text: string | undefined): void => {
    naive.add({ parents, agent: txn.agent, seq, at, text });
    parents = [naive.events.length - 1];
    seq++;
  };
  for (const [at, n, text] of txn.ops) {
    for (let i = 0; i < n; i++) add(at, undefined);
    for (const [i, rune] of [...text].entries()) add(at + i, rune);
  }
}

/** A text with its history. */
export class Document {
  readonly history: History;
  readonly text: Rope;
  version: Heads;
  #folded: number;
  readonly #near = new Nearby();

  /** A text that holds all of a history, or nothing of it yet. */
  constructor(history = new History(), version: Heads = [], text = '') {
    this.history = history;
    this.version = version;
    this.text = new Rope(text);
    this.#folded = version.length > 0 ? history.end : 0;
  }

  /** Folds what has come since. */
  fold(): void {
    const { history, text } = this;
    this.version = walk(history, this.version, this.#folded, text.runes, this.#near, this.apply);
    this.#folded = this.history.end;
  }

  readonly apply = (at: number, n: number, text: string): void => {
    if (n > 0) this.text.remove(at, n);
    else this.text.insert(at, text, runesOf(text));
  };
}

/**
 * Makes a history of some agents that type, delete, and now and then read each
 * other, and returns its text by the naive engine. Go draws the same.
 */
export function drawHistory(random: Random, steps: number, tell: (txn: Txn) => void = () => {}): string {
  const agents = 4;
  const naive = new NaiveText();
  const graph = new Graph();
  const known: Heads[] = Array.from({ length: agents }, () => []);
  const seqs = Array.from({ length: agents }, () => 0);
  const alphabet = [...'abcdé漢😀'];
  for (let step = 0; step < steps; step++) {
    const a = random.below(agents);
    if (random.below(3) === 0) {
      const other = random.below(agents);
      known[a] = graph.dominators([...(known[a] as Heads), ...(known[other] as Heads)]);
      continue;
    }
    const parents = [...(known[a] as Heads)];
    const seq = seqs[a] as number;
    let length = [...naive.at(parents)].length;
    let end = naive.events.length;
    const txn: Txn = { span: [end, end], parents, agent: `agent${a}`, seqStart: seq, ops: [] };
    for (let patches = 1 + random.below(2); patches > 0; patches--) {
      const somewhere = random.below(length + 1);
      let at = random.of([0, length, somewhere, length >> 1]);
      const kind = random.below(8);
      if (kind < 3 && at < length) {
        const n = 1 + random.below(Math.min(4, length - at));
        txn.ops.push([at, n, '']);
        end += n;
        length -= n;
      } else if (kind === 3 && at > 1) {
        const n = 1 + random.below(Math.min(3, at));
        for (let i = 0; i < n; i++) txn.ops.push([--at, 1, '']);
        end += n;
        length -= n;
      } else {
        const n = 1 + random.below(4);
        let text = '';
        for (let i = 0; i < n; i++) text += random.of(alphabet);
        txn.ops.push([at, 0, text]);
        end += n;
        length += n;
      }
    }
    txn.span[1] = end;
    graph.add(txn.span[0], parents);
    addToNaive(naive, txn);
    known[a] = [end - 1];
    seqs[a] = seq + end - txn.span[0];
    tell(txn);
  }
  return naive.toString();
}

/** The folder of the shared vectors and traces, if it is there. */
export const shared = [process.env.TUTTI_SHARED, join(import.meta.dirname, '../../../../shared')].find(
  (folder): folder is string => folder !== undefined && existsSync(folder),
);

/** The shared histories, or none. */
export function vectors(): { txns: Txn[]; endContent: string }[] {
  const file = join(shared ?? '', 'vectors/text-histories-100.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}
