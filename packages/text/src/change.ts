import { TextError } from './error.ts';
import { type History, Kind, maxEvents, maxLength } from './history.ts';
import { check, type Op } from './op.ts';
import { runesOf } from './runes.ts';

/** How many bytes of UTF-8 an agent's name may have. */
export const maxAgentBytes = 255;

/** Names one of an agent's events. */
export interface Event {
  agent: string;
  seq: number;
}

/** An operation as its author made it: the events of an agent from `seq` on, at the version of `parents` and their pasts. */
export interface Change extends Event {
  parents: readonly Event[];
  op: Op;
}

/** A run of operations, as a history has them. */
export interface Run {
  kind: number;
  at: number;
  n: number;
  /** What it inserted. */
  text: string;
}

/** Events that follow each other, of one agent, which are not in the history yet. */
export interface Arrived extends Event {
  n: number;
  parents: readonly Event[];
  runs: Run[];
}

/** @throws TextError unless it is a name that an agent may have. */
export function checkAgent(name: string): void {
  const bytes = new TextEncoder().encode(name);
  if (name === '' || bytes.length > maxAgentBytes || new TextDecoder().decode(bytes) !== name) {
    throw new TextError('bad_update', `An agent's name is 1 to ${maxAgentBytes} bytes of UTF-8.`);
  }
}

/**
 * The events of a change.
 *
 * @throws TextError if it is none.
 */
export function arrived({ agent, seq, parents, op }: Change): Arrived {
  checkAgent(agent);
  const { events: n } = check(op, maxLength / 2);
  if (n === 0 || !Number.isInteger(seq) || seq < 0 || seq > maxEvents - n) {
    throw new TextError('bad_update', 'A change has no events, or no seq.');
  }
  const runs: Run[] = [];
  for (const [at, deleted, text] of op) {
    if (deleted > 0) runs.push({ kind: Kind.deleted, at, n: deleted, text: '' });
    if (text !== '') runs.push({ kind: Kind.inserted, at, n: runesOf(text), text });
  }
  return { agent, seq, n, parents: parents.map(({ agent, seq }) => ({ agent, seq })), runs };
}

/** How much memory it takes, about, in bytes. */
export function weight({ agent, parents, runs }: Arrived): number {
  let bytes = 64 + agent.length;
  for (const parent of parents) bytes += 24 + parent.agent.length;
  for (const { text } of runs) bytes += 32 + text.length;
  return bytes;
}

/** Adds the events from start to end, as they are counted in a change, to a history that has those before. */
export function replay({ runs }: Arrived, start: number, end: number, history: History): void {
  let before = 0;
  for (const { kind, at, n, text } of runs) {
    const from = Math.max(start - before, 0);
    const to = Math.min(end - before, n);
    before += n;
    if (from >= to) continue;
    if (kind === Kind.inserted) history.insert(at + from, slice(text, n, from, to), to - from);
    else if (kind === Kind.deleted) history.remove(at, to - from);
    else history.erase(at + n - to, to - from);
  }
}

/** A part of a text of n code points. */
function slice(text: string, n: number, from: number, to: number): string {
  if (text.length === n || to - from === n) return text.slice(from, text.length === n ? to : undefined);
  return [...text].slice(from, to).join('');
}
