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
import type { Heads } from '../src/graph.ts';
import { History } from '../src/history.ts';
import { Replica, type Splice } from '../src/index.ts';
import { Rope } from '../src/rope.ts';
import { runesOf } from '../src/runes.ts';
import { type Change, mergeChanges } from '../src/saved.ts';
import { Nearby, walk } from '../src/walk.ts';

interface Trace {
  endContent: string;
  numAgents: number;
  txns: { parents: number[]; agent: number; patches: Splice[] }[];
}

const runs = Number(process.argv[2] ?? 5);
const shared = process.env.TUTTI_SHARED ?? '../../../shared';

function read(name: string): Trace | undefined {
  const file = join(shared, 'traces', `${name}.json.gz`);
  return existsSync(file) ? JSON.parse(gunzipSync(readFileSync(file)).toString()) : undefined;
}

/** Makes a trace's text by local changes of a replica. */
function type(trace: Trace): Replica {
  const replica = new Replica('me');
  for (const { patches } of trace.txns) {
    for (const [at, n, text] of patches) replica.replace(at, n, text);
  }
  return replica;
}

/** Makes a trace's text by local changes of the engine below. */
function typeBelow(trace: Trace): Rope {
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

/** The changes of a concurrent trace. */
function changesOf(trace: Trace): Change[] {
  const last: { agent: string; seq: number }[] = [];
  const seqs = new Array<number>(trace.numAgents).fill(0);
  return trace.txns.map(({ parents, agent, patches }) => {
    const name = `agent ${agent}`;
    const seq = seqs[agent] as number;
    const n = patches.reduce((sum, [, deleted, text]) => sum + deleted + runesOf(text), 0);
    seqs[agent] = seq + n;
    last.push({ agent: name, seq: seq + n - 1 });
    return { agent: name, seq, parents: parents.map((parent) => last[parent] as Change), op: patches };
  });
}

/** A replica that has all changes. */
function merged(changes: readonly Change[]): Replica {
  const replica = new Replica('me');
  mergeChanges(replica, changes);
  return replica;
}

/** A replica that has been given an update. */
function updated(update: Uint8Array): Replica {
  const replica = new Replica('you');
  replica.merge(update);
  return replica;
}

/** One of two replicas that have written so many edits each, and which is given every edit of the other alone. */
function trickle(n: number): Replica {
  const replica = new Replica('one');
  for (let i = 0; i < n; i++) replica.insert(i >> 1, 'x');
  for (let seq = 0; seq < n; seq++) {
    const parents = seq === 0 ? [] : [{ agent: 'two', seq: seq - 1 }];
    mergeChanges(replica, [{ agent: 'two', seq, parents, op: [[seq >> 1, 0, 'y']] }]);
  }
  return replica;
}

/** Makes the history of a concurrent trace. */
function load(trace: Trace): History {
  const history = new History();
  const last: number[] = [];
  const seqs = new Array<number>(trace.numAgents).fill(0);
  for (const { parents, agent, patches } of trace.txns) {
    const start = history.end;
    const version: Heads = parents.map((parent) => last[parent] as number).sort((a, b) => a - b);
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
  walk(history, [], 0, 0, new Nearby(), (at, n, text) => {
    if (n > 0) rope.remove(at, n);
    else rope.insert(at, text, runesOf(text));
  });
  return rope;
}

function measure(name: string, expected: string | undefined, run: () => { toString(): string }): void {
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
  if (trace === undefined) continue;
  measure(`${name}, typed`, trace.endContent, () => type(trace));
  measure(`${name}, typed into the engine below`, trace.endContent, () => typeBelow(trace));
  const update = type(trace).since({});
  measure(`${name}, merged of ${update.length} bytes`, trace.endContent, () => updated(update));
}
const friends = read('friendsforever');
if (friends !== undefined) {
  const changes = changesOf(friends);
  const update = merged(changes).since({});
  const history = load(friends);
  measure('friendsforever, merged of changes', friends.endContent, () => merged(changes));
  measure(`friendsforever, merged of ${update.length} bytes`, friends.endContent, () => updated(update));
  measure('friendsforever, folded by the engine below', friends.endContent, () => merge(history));
}
for (const n of [4000, 40_000]) {
  const history = twoBranches(n);
  measure(`two branches of ${n}, folded by the engine below`, undefined, () => merge(history));
}
for (const n of [4000, 40_000])
  measure(`${n} concurrent edits, each merged alone`, undefined, () => trickle(n));
