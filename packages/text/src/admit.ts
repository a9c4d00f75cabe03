import type { Arrived, Event } from './change.ts';
import { TextError } from './error.ts';
import type { Heads, LV } from './graph.ts';
import { type History, Kind } from './history.ts';
import { behind } from './runes.ts';

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
    const others = seqs.get(seq) ?? [];
    seqs.set(seq, others);
    others.push(next);
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
  const { agent, seq, runs } = change;
  let units = history.units;
  let deleted = 0;
  for (const run of runs) {
    units += run.text.length;
    if (run.kind !== Kind.inserted) deleted += run.n;
  }
  if (deleted > units) throw new TextError('bad_update', 'More is deleted than there is.');
  const number = agents.named(agent);
  let parents = heads;
  let next = seq;
  let known = { v: -1, n: 0 }; // the next ones, or none of them
  for (const { kind, at, n, text } of runs) {
    for (let done = 0, unit = 0; done < n; ) {
      if (known.n === 0) known = agents.event(agent, next);
      const part = Math.min(n - done, known.n);
      const from = unit;
      if (kind === Kind.inserted) unit = behind(text, unit, part, n);
      if (known.v < 0) {
        if (agent === own && next + part > agents.next(number)) {
          throw new TextError('agent_reused', 'Another replica writes under the name of this one.');
        }
        graph.add(history.end, parents);
        if (kind === Kind.inserted) history.insert(at + done, text.slice(from, unit), part);
        else if (kind === Kind.deleted) history.remove(at, part);
        else history.erase(at + n - done - part, part);
        agents.add(number, next, part);
        parents = [history.end - 1];
      } else {
        known.v += part;
        parents = [known.v - 1];
      }
      known.n -= part;
      next += part;
      done += part;
    }
  }
}
