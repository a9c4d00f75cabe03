import { utf8 } from './bytes.ts';
import { TextError } from './error.ts';
import { type History, Kind } from './history.ts';
import type { Op } from './op.ts';
import { behind } from './runes.ts';

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
  const bytes = utf8(name);
  if (name === '' || bytes.length > maxAgentBytes || new TextDecoder().decode(bytes) !== name) {
    throw new TextError('bad_update', `An agent's name is 1 to ${maxAgentBytes} bytes of UTF-8.`);
  }
}

/** How much memory it takes, about, in bytes. */
export function weight({ agent, parents, runs }: Arrived): number {
  let bytes = 64 + agent.length;
  for (const parent of parents) bytes += 24 + parent.agent.length;
  for (const { text } of runs) bytes += 32 + text.length;
  return bytes;
}

/** Goes through the events of a change once, from the first on. */
export class Passage {
  readonly #runs: readonly Run[];
  /** The run, and how many of its events and of its code units were passed. */
  #i = 0;
  #from = 0;
  #unit = 0;

  constructor({ runs }: Arrived) {
    this.#runs = runs;
  }

  /** Passes the next n events, and adds them to a history, if there is one. */
  pass(n: number, history?: History): void {
    for (let rest = n; rest > 0; ) {
      const { kind, at, n: all, text } = this.#runs[this.#i] as Run;
      const from = this.#from;
      const part = Math.min(all - from, rest);
      const unit = this.#unit;
      if (part === all) this.#unit = text.length;
      else if (kind === Kind.inserted) this.#unit = behind(text, unit, part, all);
      if (kind === Kind.inserted) history?.insert(at + from, text.slice(unit, this.#unit), part);
      else if (kind === Kind.deleted) history?.remove(at, part);
      else history?.erase(at + all - from - part, part);
      rest -= part;
      this.#from += part;
      if (this.#from < all) continue;
      this.#i++;
      this.#from = 0;
      this.#unit = 0;
    }
  }
}
