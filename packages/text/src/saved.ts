import { inside, Replica } from './replica.ts';
import * as format from './save.ts';

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
