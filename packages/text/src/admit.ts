import { type Arrived, type Event, Passage } from './change.ts';
import { TextError } from './error.ts';
import type { Heads, LV } from './graph.ts';
import { type History, Kind } from './history.ts';

/** A change whose causes are looked for. */
interface Waiting {
  change: Arrived;
  /** Those of its first parents that are known. */
  parents: LV[];
}

/**
 * Adds to a history what can follow what it has, and returns the rest. One that
 * waits is looked at again when the event has come that it waits for, not with
 * every one: however they are ordered, it takes no longer.
 *
 * @throws TextError if something is wrong with one of them. Then some may have
 * been added.
 */
export function admit(history: History, own: string, changes: readonly Arrived[]): Arrived[] {
  const ready: Waiting[] = changes.map((change) => ({ change, parents: [] }));
  const { graph } = history;
  const limit = graph.limit(changes.length);
  const waiting = new Map<string, Map<number, Waiting[]>>(); // by the event
  for (let i = 0; i < ready.length; i++) {
    const next = ready[i] as Waiting;
    const { change, parents } = next;
    const missing = resolve(history, next);
    if (missing === undefined) {
      append(history, own, change, graph.dominators(parents));
      graph.within(limit);
      wake(waiting.get(change.agent), change.seq, change.seq + change.n, ready);
      continue;
    }
    const { agent, seq } = missing;
    const seqs = waiting.get(agent) ?? new Map<number, Waiting[]>();
    waiting.set(agent, seqs);
    const others = seqs.get(seq);
    if (others === undefined) seqs.set(seq, [next]);
    else others.push(next);
  }
  return [...waiting.values()].flatMap((seqs) => [...seqs.values()].flat().map(({ change }) => change));
}

/** Looks for a change's parents, and returns the first that is missing. */
function resolve({ agents }: History, { change, parents }: Waiting): Event | undefined {
  for (let i = parents.length; i < change.parents.length; i++) {
    const parent = change.parents[i] as Event;
    const { v } = agents.event(parent.agent, parent.seq);
    if (v < 0) return parent;
    parents.push(v);
  }
  return undefined;
}

/** Makes those ready that wait for events of an agent from one on, up to another. */
function wake(seqs: Map<number, Waiting[]> | undefined, from: number, to: number, ready: Waiting[]): void {
  if (seqs === undefined) return;
  const few = to - from < seqs.size;
  const woken = few ? Array.from({ length: to - from }, (_, i) => from + i) : [...seqs.keys()];
  for (const seq of woken) {
    if (seq < from || seq >= to) continue;
    ready.push(...(seqs.get(seq) ?? []));
    seqs.delete(seq);
  }
}

/** Adds those events of a change that are new. */
function append(history: History, own: string, change: Arrived, heads: Heads): void {
  const { agents, graph } = history;
  const { agent, seq, n, runs } = change;
  let units = history.units;
  let deleted = 0;
  for (const run of runs) {
    units += run.text.length;
    if (run.kind !== Kind.inserted) deleted += run.n;
  }
  if (deleted > units) throw new TextError('bad_update', 'More is deleted than there is.');
  const passage = new Passage(change);
  let parents = heads;
  for (let start = 0; start < n; ) {
    const known = agents.event(agent, seq + start);
    const end = Math.min(n, start + known.n);
    if (known.v >= 0) {
      passage.pass(end - start);
      parents = [known.v + end - start - 1];
      start = end;
      continue;
    }
    if (agent === own && seq + end > agents.next(agents.named(own))) {
      throw new TextError('agent_reused', 'Another replica writes under the name of this one.');
    }
    history.room(end - start);
    graph.add(history.end, parents);
    passage.pass(end - start, history);
    agents.add(agents.named(agent), seq + start, end - start);
    parents = [history.end - 1];
    start = end;
  }
}
