import { type Heads, lastFrom, type Span } from './graph.ts';
import { History } from './history.ts';
import { Changes, type Op } from './op.ts';
import { Rope } from './rope.ts';
import { runesOf } from './runes.ts';
import { Nearby, walk } from './walk.ts';
import type { Walker } from './walker.ts';

/** A run of the text that an agent wrote in one go. */
export interface Authorship {
  /** Where it begins, in code points. */
  at: number;
  length: number;
  agent: string;
  /** Of the event that inserted the first code point. */
  seq: number;
}

/** The text as it was at a version. */
export function textAt(history: History, heads: Heads): string {
  const text = new Rope();
  walk(only(history, history.graph.past(heads)), [], 0, 0, new Nearby(), (at, n, inserted) => {
    if (n > 0) text.remove(at, n);
    else text.insert(at, inserted, runesOf(inserted));
  });
  return text.toString();
}

/** A history of some of the events, the earliest first, with all that they follow. */
export function only(history: History, spans: readonly Span[]): History {
  const { graph, agents } = history;
  const part = new History();
  const starts: number[] = []; // where each span is in the part
  for (const span of spans) {
    starts.push(part.end);
    for (let start = span.start; start < span.end; ) {
      const end = Math.min(graph.stretch(start, span.end), agents.end(start));
      const parents = graph.parents(start).map((v) => {
        const i = lastFrom(spans, starts.length, v);
        return (starts[i] as number) + v - (spans[i] as Span).start;
      });
      part.graph.add(part.end, parents);
      const { agent, seq } = agents.of(start);
      part.agents.add(part.agents.named(agents.names[agent] as string), seq, end - start);
      part.copy(history, start, end);
      start = end;
    }
  }
  return part;
}

/** The operation that makes the text of one version into that of another, by a walker that has applied all events. */
export function diff(history: History, walker: Walker, from: Heads, to: Heads): Op {
  const there = new Uint8Array(history.end);
  walker.visit(from);
  walker.tracker.each((id, n, state) => {
    if (state === 1) there.fill(1, id, id + n);
  });
  walker.visit(to);
  const changes = new Changes();
  let at = 0;
  walker.tracker.each((id, n, state) => {
    for (let v = id, end = id + n; v < end; ) {
      const was = there[v] as number;
      const start = v;
      while (v < end && there[v] === was) v++;
      if (was === 1 && state !== 1) changes.add(at, v - start, '');
      if (was === 0 && state === 1) changes.add(at, 0, history.written(start, v - start));
      if (state === 1) at += v - start;
    }
  });
  return changes.op;
}

/** Who wrote the text, from its beginning to its end, by a walker at its version. */
export function blame({ agents }: History, { tracker }: Walker): Authorship[] {
  const runs: Authorship[] = [];
  let at = 0;
  tracker.each((id, n, state) => {
    if (state !== 1) return;
    for (let v = id; v < id + n; ) {
      const { agent, seq } = agents.of(v);
      const name = agents.names[agent] as string;
      const length = Math.min(agents.end(v), id + n) - v;
      const last = runs.at(-1);
      if (last?.agent === name && last.seq + last.length === seq) last.length += length;
      else runs.push({ at, length, agent: name, seq });
      at += length;
      v += length;
    }
  });
  return runs;
}
