import { type LV, lastFrom, type Span } from './graph.ts';
import { History, Kind } from './history.ts';

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
      copy(part, history, start, end);
      start = end;
    }
  }
  return part;
}

/** Adds events of one history to another, as they are there. The graph of this must have them already. */
export function copy(to: History, from: History, start: LV, end: LV): void {
  from.each(start, end, (run, v, n) => {
    const at = from.position(run, v, n);
    const length = from.lengthBefore(run, v);
    const kind = from.kind(run);
    if (kind === Kind.inserted) to.insert(at, from.text(run, v, n), n, length);
    else if (kind === Kind.deleted) to.remove(at, n, length);
    else to.erase(at, n, length);
  });
}
