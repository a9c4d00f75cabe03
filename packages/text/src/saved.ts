import { type Arrived, type Change, checkAgent, type Run } from './change.ts';
import { TextError } from './error.ts';
import { Kind, maxEvents, maxLength } from './history.ts';
import { check, type Op } from './op.ts';
import { only } from './part.ts';
import { inside, Replica } from './replica.ts';
import { runesOf } from './runes.ts';
import * as format from './save.ts';

export type { Change, Event } from './change.ts';

/** The text of a replica with its whole history, for `open`. */
export function save(replica: Replica): Uint8Array {
  const state = inside(replica);
  return state.saved?.slice() ?? format.save(state.text.toString(), state.history, state.replay());
}

/**
 * The text of an agent that goes on from what was saved, whose bytes it keeps.
 * The text is there at once; its history is read when it is needed first, and
 * what needs it throws `bad_update` if it is damaged. The agent may be the one
 * that saved, if that goes on nowhere else.
 *
 * @throws TextError `bad_update` if what was saved is damaged.
 */
export function open(agent: string, saved: Uint8Array): Replica {
  const replica = new Replica(agent);
  const bytes = saved.slice();
  const opened = format.open(bytes);
  inside(replica).resume(opened.text, { saved: bytes, load: () => format.load(opened) });
  return replica;
}

/** A copy of a replica for another agent, with nothing to undo. */
export function clone(replica: Replica, agent: string): Replica {
  const copy = new Replica(agent);
  const { history, version, text, held } = inside(replica);
  const whole = only(history, [{ start: 0, end: history.end }]);
  const state = inside(copy);
  state.resume(text.toString(), { load: () => ({ history: whole, version }) });
  state.held = [...held];
  return copy;
}

/** Takes changes into a replica as `merge` does an update: those of a history that something else has kept. */
export function mergeChanges(replica: Replica, changes: readonly Change[]): Op {
  return inside(replica).take(replica.agent, changes.map(arrived));
}

/**
 * The events of a change.
 *
 * @throws TextError if it is none.
 */
function arrived({ agent, seq, parents, op }: Change): Arrived {
  checkAgent(agent);
  const { events: n } = check(op, maxLength / 2);
  const seqs = [seq, ...parents.map((parent) => parent.seq)];
  if (n === 0 || seq < 0 || seq > maxEvents - n || !seqs.every(Number.isInteger)) {
    throw new TextError('bad_update', 'A change has no events, or no seq.');
  }
  const runs: Run[] = [];
  for (const [at, deleted, text] of op) {
    if (deleted > 0) runs.push({ kind: Kind.deleted, at, n: deleted, text: '' });
    if (text !== '') runs.push({ kind: Kind.inserted, at, n: runesOf(text), text });
  }
  return { agent, seq, n, parents: parents.map(({ agent, seq }) => ({ agent, seq })), runs };
}
