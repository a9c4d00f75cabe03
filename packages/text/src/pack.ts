import { damaged } from './bytes.ts';
import { History, Kind, maxEvents, maxLength } from './history.ts';
import { Records } from './records.ts';

/** Writes a history without its text, and what it inserted that is gone. */
export function pack(history: History, buried: string): Uint8Array {
  const { agents, graph, end } = history;
  const records = new Records();
  // Agents are numbered by their first events. Those without any are left out.
  const { runs } = agents;
  const numbered = [...new Set(runs.map(({ agent }) => agent))];
  const numbers = new Map(numbered.map((agent, i) => [agent, i]));
  records.count(numbered.length);
  for (const agent of numbered) records.name(agents.names[agent]);
  records.count(end);
  for (const { agent, seq, n } of runs) records.agent(numbers.get(agent), seq, n);
  records.count(graph.length);
  for (let run = 0; run < graph.length; run++) {
    const start = graph.start(run);
    records.branch(start, graph.parents(start));
  }
  for (let run = 0; run < history.length; run++) {
    const start = history.runStart(run);
    const n = history.runEnd(run) - start;
    records.op(history.kind(run), history.position(run, start, n), n);
  }
  const letters = [...buried];
  records.count(letters.length);
  for (const letter of letters) records.letter(letter.codePointAt(0));
  return records.done();
}

/**
 * Reads what pack wrote: a history that has no text yet, how many of its events
 * inserted some, and what of that is gone. Of no bytes it is empty. What is
 * claimed needs no bound but that each number takes some bits of what is packed.
 *
 * @throws TextError if nobody can have written it.
 */
export function unpack(packed: Uint8Array): { history: History; inserted: number; buried: string } {
  const records = new Records(packed);
  const history = new History();
  const { agents, graph } = history;
  const names = records.count();
  for (let i = 0; i < names; i++) {
    const name = records.name();
    check(name !== '' && agents.named(name) === i);
  }
  const end = records.count();
  check(end <= maxEvents);
  for (let start = 0; start < end; ) {
    const [agent, seq, n] = records.agent();
    check(agent < names && seq >= 0 && n > 0 && n <= end - start && seq <= maxEvents - n);
    const before = agents.event(agents.names[agent] as string, seq);
    check(before.v < 0 && before.n >= n);
    agents.add(agent, seq, n);
    start += n;
  }
  const runs = records.count();
  check(runs > 0 || end === 0);
  for (let i = 0, before = -1; i < runs; i++) {
    const [start, parents] = records.branch();
    check(start < end && start > before && start > 0 === i > 0);
    check(graph.dominators(parents).length === parents.length);
    graph.add(start, parents);
    check(graph.length > i);
    before = start;
  }
  let inserted = 0;
  while (history.end < end) {
    const [kind, at, n] = records.op();
    check(kind <= Kind.erased && n > 0 && graph.stretch(history.end, end) >= history.end + n);
    check(at >= 0 && at <= maxLength);
    history.addRun(kind, at, n);
    if (kind === Kind.inserted) inserted += n;
  }
  let buried = '';
  for (let rest = records.count(); rest > 0; rest--) {
    const letter = records.letter();
    check(letter <= 0x10ffff && (letter < 0xd800 || letter > 0xdfff));
    buried += String.fromCodePoint(letter);
  }
  return { history, inserted, buried };
}

function check(right: boolean): void {
  if (!right) throw damaged();
}
