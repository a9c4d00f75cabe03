import { TextError } from './error.ts';
import { type Heads, join, type LV, type Span } from './graph.ts';
import type { History } from './history.ts';

/** What of each agent's events is known: ascending ranges of their seqs, from one up to another that is not in it. */
export type Version = Record<string, [from: number, to: number][]>;

type Range = readonly [from: number, to: number];

/** The version of all that a history has. */
export function versionOf({ agents }: History): Version {
  const version: Version = Object.create(null); // so that an agent may be named __proto__
  for (const [agent, name] of agents.names.entries()) {
    const ranges: [number, number][] = [];
    for (const { seq, n } of agents.own(agent)) {
      const last = ranges.at(-1);
      if (last?.[1] === seq) last[1] += n;
      else ranges.push([seq, seq + n]);
    }
    if (ranges.length > 0) version[name] = ranges;
  }
  return version;
}

/**
 * The events that a version does not have: spans, the earliest first.
 *
 * @throws TextError `bad_operation` if it is no version.
 */
export function lacks({ agents }: History, version: Version): Span[] {
  const known = rangesOf(version);
  const spans: Span[] = [];
  for (let i = 0; i < agents.length; i++) {
    const run = agents.run(i);
    const shift = run.start - run.seq;
    const end = run.seq + run.n;
    const ranges = known.get(agents.names[run.agent] as string) ?? [];
    let seq = run.seq;
    for (let k = firstBehind(ranges, seq); k < ranges.length && seq < end; k++) {
      const [from, to] = ranges[k] as Range;
      if (from > seq) spans.push({ start: seq + shift, end: Math.min(from, end) + shift });
      seq = to;
    }
    if (seq < end) spans.push({ start: seq + shift, end: end + shift });
  }
  return join(spans);
}

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
  for (const { start, end } of graph.past(heads)) count -= end - start;
  if (count !== 0)
    throw new TextError('bad_operation', 'It is no version: it lacks what some of its events follow.');
  return heads;
}

/** The ranges of each agent, which are checked. */
function rangesOf(version: Version): Map<string, readonly Range[]> {
  const all = new Map<string, readonly Range[]>();
  for (const [agent, ranges] of Object.entries(version)) {
    let before = 0;
    for (const [from, to] of ranges) {
      if (!Number.isInteger(from) || !Number.isInteger(to) || from < before || to < from) {
        throw new TextError('bad_operation', 'A version has ascending ranges of seqs.');
      }
      before = to;
    }
    all.set(agent, ranges);
  }
  return all;
}

/** The index of the first range that ends behind a seq. */
function firstBehind(ranges: readonly Range[], seq: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as Range)[1] <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
