import { search } from './column.ts';
import { TextError } from './error.ts';
import { join, type Span } from './graph.ts';
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
  for (const run of agents.runs) {
    const shift = run.start - run.seq;
    const end = run.seq + run.n;
    const ranges = known.get(agents.names[run.agent] as string) ?? [];
    let seq = run.seq;
    for (
      let k = search(ranges.length, (k) => (ranges[k] as Range)[1] > seq);
      k < ranges.length && seq < end;
      k++
    ) {
      const [from, to] = ranges[k] as Range;
      if (from > seq) spans.push({ start: seq + shift, end: Math.min(from, end) + shift });
      seq = to;
    }
    if (seq < end) spans.push({ start: seq + shift, end: end + shift });
  }
  return join(spans);
}

/** The ranges of each agent, which are checked. */
export function rangesOf(version: Version): Map<string, readonly Range[]> {
  if (typeof version !== 'object' || version === null) throw noVersion();
  const all = new Map<string, readonly Range[]>();
  for (const [agent, ranges] of Object.entries(version)) {
    if (!Array.isArray(ranges)) throw noVersion();
    let before = 0;
    for (const range of ranges) {
      const [from, to] = Array.isArray(range) ? (range as unknown as Range) : [];
      if (!isSeq(from) || !isSeq(to) || from < before || to < from) throw noVersion();
      before = to;
    }
    all.set(agent, ranges);
  }
  return all;
}

function noVersion(): TextError {
  return new TextError('bad_operation', 'A version has ascending ranges of seqs, [from, to], of each agent.');
}

/** Whether something can be the number of an event. */
function isSeq(seq: unknown): seq is number {
  return Number.isInteger(seq);
}
