import { TextError } from './error.ts';
import { Kind } from './history.ts';
import type { Side } from './op.ts';
import { within } from './places.ts';
import { inside, type Replica } from './replica.ts';

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

/** An anchor for a position: `left` stays behind the code point in front of it, `right` in front of the one behind it. */
export function anchor(replica: Replica, position: number, side: Side): Anchor {
  within(position, replica.length);
  const left = side === 'left';
  if (left && position === 0) return {};
  if (!left && position === replica.length) return { before: true };
  const state = inside(replica);
  const { agents } = state.history;
  const { agent, seq } = agents.of(state.replay().tracker.at(left ? position - 1 : position));
  const beside = { agent: agents.names[agent] as string, seq };
  return left ? beside : { ...beside, before: true };
}

/**
 * Where an anchor is now.
 *
 * @throws TextError `bad_operation` if its code point is not known to the replica.
 */
export function position(replica: Replica, { agent, seq = 0, before = false }: Anchor): number {
  if (!agent) return before ? replica.length : 0;
  const state = inside(replica);
  const { history } = state;
  const { v } = history.agents.event(agent, seq);
  if (!Number.isInteger(seq) || v < 0 || history.kind(history.runOf(v)) !== Kind.inserted) {
    throw new TextError('bad_operation', "The anchor's code point is not known here.");
  }
  const { at, state: there } = state.replay().tracker.find(v);
  return !before && there === 1 ? at + 1 : at;
}
