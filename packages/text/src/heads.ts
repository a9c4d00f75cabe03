import { TextError } from './error.ts';
import { type Graph, type Heads, join, type LV, type Span } from './graph.ts';
import type { History } from './history.ts';
import { rangesOf, type Version } from './version.ts';

/**
 * Those events of a version that no other of it follows.
 *
 * @throws TextError `bad_operation` if the history lacks some of it, or it lacks
 * what some of its events follow.
 */
export function headsOf({ agents, graph }: History, version: Version): Heads {
  const last: LV[] = [];
  let count = 0;
  for (const [agent, ranges] of rangesOf(version)) {
    for (const [from, to] of ranges) {
      for (let seq = from; seq < to; ) {
        const { v, n } = agents.event(agent, seq);
        if (v < 0) throw new TextError('bad_operation', `An event ${seq} of that agent is not known.`);
        const end = v + Math.min(n, to - seq);
        // Others may follow the middle of a run: the last of each stretch counts.
        for (let start = v; start < end; start = graph.stretch(start, end))
          last.push(graph.stretch(start, end) - 1);
        count += end - v;
        seq += end - v;
      }
    }
  }
  const heads = graph.dominators(last);
  for (const { start, end } of pastOf(graph, heads)) count -= end - start;
  if (count !== 0)
    throw new TextError('bad_operation', 'It is no version: it lacks what some of its events follow.');
  return heads;
}

/** The events of a version: spans, the earliest first. */
export function pastOf(graph: Graph, version: Heads): Span[] {
  return join(graph.compare([], version).onlyB.reverse());
}
