import { TextError } from './error.ts';
import { type History, Kind } from './history.ts';
import type { Side } from './op.ts';
import type { Walker } from './walker.ts';

/**
 * A place in a text that stays with the code point beside it, whatever is written
 * or deleted elsewhere, and also when that code point is deleted. It is plain
 * JSON; `{}` is the beginning of the text, and `{ before: true }` its end.
 */
export interface Anchor {
  /** Whose the code point is: with `seq` it names the event that inserted it. */
  agent?: string;
  /** Of the agent's event; 0 if it is left out. */
  seq?: number;
  /** It is in front of the code point, else behind it. */
  before?: boolean;
}

/** The anchor beside a code point of the text, by a walker at its version. */
export function anchorAt({ agents }: History, { tracker }: Walker, position: number, side: Side): Anchor {
  const left = side === 'left';
  const { agent, seq } = agents.of(tracker.at(left ? position - 1 : position));
  const anchor = { agent: agents.names[agent] as string, seq };
  return left ? anchor : { ...anchor, before: true };
}

/**
 * Where an anchor beside a code point is, by a walker at the text's version.
 *
 * @throws TextError `bad_operation` if that code point is not known.
 */
export function placeOf(
  history: History,
  { tracker }: Walker,
  agent: string,
  { seq = 0, before }: Anchor,
): number {
  const { v } = history.agents.event(agent, seq);
  if (!Number.isInteger(seq) || v < 0 || history.kind(history.runOf(v)) !== Kind.inserted) {
    throw new TextError('bad_operation', "The anchor's code point is not known here.");
  }
  const { at, state } = tracker.find(v);
  return before !== true && state === 1 ? at + 1 : at;
}
