import { damaged, type Reader, utf8, Writer } from './bytes.ts';
import { type Arrived, checkAgent, type Event, maxAgentBytes, type Run } from './change.ts';
import { seal, unseal } from './crc.ts';
import { TextError } from './error.ts';
import type { Span } from './graph.ts';
import { type History, Kind, maxEvents, maxLength } from './history.ts';
import { behind, runesOf } from './runes.ts';

// An update is, in this order: its magic; the names of agents; changes, each its
// agent, seq, parents and runs of ops; all that they insert; and a CRC-32 (IEEE)
// of all before it. Numbers are varints as of Go's encoding/binary.

const magic = 'txu\x01';
/**
 * How many events an update has at most. They take memory that its length does
 * not bound: a few bytes delete a whole text.
 */
const maxUpdateEvents = 1 << 24;

/** The update of some events: spans, the earliest first. */
export function encode(history: History, spans: readonly Span[]): Uint8Array {
  const { agents, graph } = history;
  const named = new Map<number, number>();
  const name = (agent: number): number => {
    const i = named.get(agent) ?? named.size;
    named.set(agent, i);
    return i;
  };
  const changes = new Writer();
  let content = '';
  let count = 0;
  let before = -1;
  const next = new Map<number, number>(); // the seq behind each agent's last change
  for (const span of spans) {
    for (let start = span.start; start < span.end; ) {
      const { agent, seq, n } = agents.of(start);
      const end = Math.min(graph.stretch(start, span.end), start + n);
      changes.number(name(agent));
      changes.signed(seq - (next.get(agent) ?? 0));
      next.set(agent, seq + end - start);
      const parents = graph.parents(start);
      if (parents.length === 1 && parents[0] === before) {
        changes.number(0);
      } else {
        changes.number(parents.length + 1);
        for (const parent of parents) {
          const cause = agents.of(parent);
          changes.number(name(cause.agent));
          changes.number(cause.seq);
        }
      }
      changes.number(history.runOf(end - 1) - history.runOf(start) + 1);
      let at = 0;
      history.each(start, end, (run, v, n) => {
        const kind = history.kind(run);
        const position = history.position(run, v, n);
        changes.number(n * 4 + kind);
        changes.signed(position - at);
        at = position;
        if (kind !== Kind.inserted) return;
        content += history.text(run, v, n);
        at += n;
      });
      count++;
      before = end - 1;
      start = end;
    }
  }
  const out = new Writer();
  out.text(magic);
  out.number(named.size);
  for (const agent of named.keys()) {
    const bytes = utf8(agents.names[agent] as string);
    out.number(bytes.length);
    out.bytes(bytes);
  }
  out.number(count);
  out.bytes(changes.written);
  out.text(content);
  return seal(out);
}

/**
 * What an update has.
 *
 * @throws TextError if it is none.
 */
export function decode(data: Uint8Array): Arrived[] {
  const from = unseal(data, magic, 'update of a text');
  const names: string[] = [];
  for (let rest = from.number(from.left); rest > 0; rest--) {
    const name = from.text(from.number(maxAgentBytes));
    checkAgent(name);
    names.push(name);
  }
  const changes: Arrived[] = [];
  const next = new Map<string, number>();
  let events = 0;
  for (let rest = from.number(from.left); rest > 0; rest--) {
    const agent = nameOf(from, names);
    const seq = (next.get(agent) ?? 0) + from.signed();
    const parents = parentsOf(from, names, changes.at(-1));
    const runs = runsOf(from);
    let n = 0;
    for (const run of runs) n += run.n;
    events += n;
    if (events > maxUpdateEvents) throw new TextError('limit_exceeded', 'The update has too many events.');
    if (n === 0 || seq < 0 || seq > maxEvents - n) throw damaged();
    next.set(agent, seq + n);
    changes.push({ agent, seq, n, parents, runs });
  }
  readContent(from.text(from.left), changes);
  return changes;
}

function nameOf(from: Reader, names: readonly string[]): string {
  const name = names[from.number(maxEvents)];
  if (name === undefined) throw damaged();
  return name;
}

function parentsOf(from: Reader, names: readonly string[], before: Arrived | undefined): Event[] {
  const n = from.number(from.left);
  if (n === 0) {
    if (before === undefined) throw damaged();
    return [{ agent: before.agent, seq: before.seq + before.n - 1 }];
  }
  const parents: Event[] = [];
  for (let rest = n - 1; rest > 0; rest--) {
    parents.push({ agent: nameOf(from, names), seq: from.number(maxEvents) });
  }
  return parents;
}

/** Runs of operations, without what they insert. */
function runsOf(from: Reader): Run[] {
  const runs: Run[] = [];
  let at = 0;
  for (let rest = from.number(from.left); rest > 0; rest--) {
    const head = from.number(maxEvents * 4);
    const kind = head % 4;
    const n = Math.floor(head / 4);
    at += from.signed();
    if (n === 0 || kind > Kind.erased || at < 0 || at > maxLength) throw damaged();
    runs.push({ kind, at, n, text: '' });
    if (kind === Kind.inserted) at += n;
  }
  return runs;
}

/** Gives the runs that inserted what they did. */
function readContent(content: string, changes: readonly Arrived[]): void {
  let at = 0;
  const all = runesOf(content);
  for (const { runs } of changes) {
    for (const run of runs) {
      if (run.kind !== Kind.inserted) continue;
      const start = at;
      at = behind(content, at, run.n, all);
      if (at > content.length) throw damaged();
      run.text = content.slice(start, at);
    }
  }
  if (at < content.length) throw damaged();
}
