import { describe, expect, test } from 'vitest';
import { Graph, type Heads, type Span } from '../src/graph.ts';
import { pastOf } from '../src/heads.ts';
import { Random } from './random.ts';

/** A graph, and the past of each of its events, itself included, as a set. */
interface Twin {
  graph: Graph;
  pasts: Set<number>[];
  runs: { start: number; parents: Heads }[];
}

function draw(random: Random): Twin {
  const graph = new Graph();
  const pasts: Set<number>[] = [];
  const runs: Twin['runs'] = [];
  for (let run = 1 + random.below(20); run > 0; run--) {
    const start = pasts.length;
    const some = Array.from({ length: random.below(4) }, () => random.below(Math.max(start, 1)));
    const parents = start === 0 ? [] : heads(pasts, some);
    graph.add(start, parents, random.below(1 + whole(past(pasts, parents))));
    runs.push({ start, parents });
    for (let n = 1 + random.below(4); n > 0; n--) {
      const v = pasts.length;
      pasts.push(new Set(v === start ? past(pasts, parents) : pasts[v - 1]).add(v));
    }
  }
  return { graph, pasts, runs };
}

function past(pasts: readonly Set<number>[], version: Heads): Set<number> {
  return new Set(version.flatMap((v) => [...(pasts[v] as Set<number>)]));
}

/** The first event that a set lacks. */
function whole(events: ReadonlySet<number>): number {
  let floor = 0;
  while (events.has(floor)) floor++;
  return floor;
}

/** Those of some events that are in no other's past, ascending. */
function heads(pasts: readonly Set<number>[], events: Heads): number[] {
  const all = [...new Set(events)];
  return all.filter((v) => !all.some((w) => w !== v && pasts[w]?.has(v))).sort((a, b) => a - b);
}

function listed(spans: readonly Span[]): number[] {
  return spans.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
}

function ascending(events: Iterable<number>): number[] {
  return [...events].sort((a, b) => a - b);
}

describe('a graph is what sets of events say, seed', () => {
  test.each(Array.from({ length: 50 }, (_, seed) => seed))('%i', (seed) => {
    const random = new Random(seed);
    for (let i = 0; i < 20; i++) {
      const { graph, pasts, runs } = draw(random);
      const some = (): number[] => Array.from({ length: random.below(4) }, () => random.below(pasts.length));
      const [x, y] = [some(), some()];
      const [a, b] = [heads(pasts, x), heads(pasts, y)];
      expect(graph.dominators(x)).toEqual(a);
      for (const { start, parents } of runs) expect(graph.parents(start)).toEqual(parents);

      const [inA, inB] = [past(pasts, a), past(pasts, b)];
      const floor = random.below(1 + Math.min(whole(inA), whole(inB)));
      const { onlyA, onlyB } = graph.compare(a, b, floor);
      expect(listed(onlyA.toReversed())).toEqual(ascending(inA).filter((v) => !inB.has(v)));
      expect(listed(onlyB.toReversed())).toEqual(ascending(inB).filter((v) => !inA.has(v)));

      expect(listed(pastOf(graph, a))).toEqual(ascending(inA));
      const base = graph.base(a);
      // All of the version is in the past of its base, is it, or follows it; and so it is of none that is later.
      const common = (v: number): boolean =>
        [...inA].every((w) => w === v || pasts[v]?.has(w) || pasts[w]?.has(v));
      const bases = ascending(inA).filter((v) => a.every((head) => pasts[head]?.has(v)) && common(v));
      expect(base).toBe(bases.at(-1) ?? -1);

      const from = random.below(pasts.length);
      const order = graph.arrange(from, pasts.length);
      expect(ascending(listed(order))).toEqual(
        Array.from({ length: pasts.length - from }, (_, i) => from + i),
      );
      const before = new Set(Array(from).keys());
      for (const span of order) {
        for (const parent of graph.parents(span.start)) expect(before.has(parent)).toBe(true);
        for (const v of listed([span])) before.add(v);
      }

      const end = pasts.length;
      const start = random.below(end);
      const known = heads(pasts, ascending(Array(start).keys()));
      expect(graph.advance(known, start, end)).toEqual(heads(pasts, ascending(Array(end).keys())));
      const met = graph.meeting(known, start, end, graph.lowest(random.below(start + 1)));
      expect(met.after).toEqual(heads(pasts, ascending(Array(met.end).keys())));
      // It stops where all that is behind follows one event that has all before it in its past: at the first such run.
      const meets = (at: number): boolean => {
        const all = Array.from({ length: at }, (_, v) => v);
        return heads(pasts, all).length === 1 && pasts.slice(at).every((past) => past.has(at - 1));
      };
      const branching = runs.filter((run) => run.parents.length !== 1 || run.parents[0] !== run.start - 1);
      const ends = branching.map((run) => run.start).filter((at) => at > start);
      expect(met.end).toBe(ends.find(meets) ?? end);
    }
  });
});
