/**
 * How long recorded texts take to be typed and to be merged: the median of five
 * runs, each after one that is not counted. The traces lie in a folder `traces`
 * of the one that TUTTI_SHARED names. No collection of garbage is forced between
 * runs: it would throw away compiled code as well, and measure cold code.
 *
 *     npm run bench --workspace packages/text
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { History, Rope, type Version } from '../src/index.ts';
import { runesOf } from '../src/runes.ts';

type Patch = [at: number, n: number, text: string];

interface Trace {
  endContent: string;
  numAgents: number;
  txns: { parents: number[]; agent: number; patches: Patch[] }[];
}

const runs = Number(process.argv[2] ?? 5);
const shared = process.env.TUTTI_SHARED ?? '../../../shared';

function read(name: string): Trace | undefined {
  const file = join(shared, 'traces', `${name}.json.gz`);
  return existsSync(file) ? JSON.parse(gunzipSync(readFileSync(file)).toString()) : undefined;
}

/** Makes a trace's text by local changes. */
function type(trace: Trace): Rope {
  const history = new History();
  const rope = new Rope();
  history.graph.add(0, []);
  const me = history.agents.named('me');
  for (const { patches } of trace.txns) {
    for (const [at, n, text] of patches) {
      if (n > 0) {
        history.agents.add(me, history.end, n);
        history.remove(at, n);
        rope.remove(at, n);
      }
      if (text !== '') {
        const runes = runesOf(text);
        history.agents.add(me, history.end, runes);
        history.insert(at, text, runes);
        rope.insert(at, text, runes);
      }
    }
  }
  return rope;
}

/** Makes the history of a concurrent trace. */
function load(trace: Trace): History {
  const history = new History();
  const last: number[] = [];
  const seqs = new Array<number>(trace.numAgents).fill(0);
  for (const { parents, agent, patches } of trace.txns) {
    const start = history.end;
    const version: Version = parents.map((parent) => last[parent] as number).sort((a, b) => a - b);
    history.graph.add(start, version);
    for (const [at, n, text] of patches) {
      if (n > 0) history.remove(at, n);
      if (text !== '') history.insert(at, text, runesOf(text));
    }
    const n = history.end - start;
    history.agents.add(history.agents.named(`agent ${agent}`), seqs[agent] as number, n);
    seqs[agent] = (seqs[agent] as number) + n;
    last.push(history.end - 1);
  }
  return history;
}

/** A history of two branches of n edits each, at random places. */
function twoBranches(n: number): History {
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const history = new History();
  history.graph.add(0, []);
  history.agents.add(history.agents.named('base'), 0, 1000);
  history.insert(0, 'x'.repeat(1000), 1000);
  for (const name of ['one', 'two']) {
    const start = history.end;
    let length = 1000;
    history.graph.add(start, [999]);
    for (let i = 0; i < n; i++) {
      const at = below(length);
      if (below(3) > 0) {
        history.insert(at, 'y', 1);
        length++;
      } else {
        history.remove(at, 1);
        length--;
      }
    }
    history.agents.add(history.agents.named(name), 0, history.end - start);
  }
  return history;
}

/** Folds a whole history into a text. */
function merge(history: History): Rope {
  const rope = new Rope();
  history.walk([], 0, 0, (at, n, text) => {
    if (n > 0) rope.remove(at, n);
    else rope.insert(at, text, runesOf(text));
  });
  return rope;
}

function measure(name: string, expected: string | undefined, run: () => Rope): void {
  const times: number[] = [];
  const used: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const before = process.cpuUsage();
    const begin = performance.now();
    const rope = run();
    const time = performance.now() - begin;
    const { user, system } = process.cpuUsage(before);
    if (i > 0) {
      times.push(time);
      used.push((user + system) / 1000);
    }
    if (expected !== undefined && rope.toString() !== expected) throw new Error(`${name}: the text differs`);
  }
  const figures = [median(times), Math.min(...times), Math.max(...times), median(used)];
  console.log(`| ${name} | ${figures.map((figure) => figure.toFixed(1)).join(' | ')} |`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

console.log(`${runs} runs, Node ${process.version}\n`);
console.log('| what | median, ms | shortest, ms | longest, ms | processor, median, ms |');
console.log('|---|---|---|---|---|');
for (const name of ['automerge-paper', 'sveltecomponent']) {
  const trace = read(name);
  if (trace !== undefined) measure(`${name}, typed`, trace.endContent, () => type(trace));
}
const friends = read('friendsforever');
if (friends !== undefined) {
  const history = load(friends);
  measure('friendsforever, merged', friends.endContent, () => merge(history));
}
for (const n of [4000, 40_000]) {
  const history = twoBranches(n);
  measure(`two branches of ${n}, merged`, undefined, () => merge(history));
}
