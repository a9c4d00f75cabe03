import { TextError } from './error.ts';
import { maxLength } from './history.ts';
import { isCount } from './places.ts';
import { runesOf } from './runes.ts';
import { type Logged, Sequence } from './sequence.ts';
import { Walker } from './walker.ts';

/** A fold, whole: the text, and the log since its bar, which whoever folds on needs. It is plain JSON. */
export interface Snapshot {
  text: string;
  /** The offset behind which the log begins. */
  bar: number;
  /** How many code points the text had at the bar. */
  length: number;
  /** Those without effect are null. */
  log: readonly (Logged | null)[];
}

/**
 * The log of a snapshot, which makes its text.
 *
 * @throws TextError `bad_update` if it is no snapshot.
 */
export function restore(snapshot: Snapshot): Sequence {
  try {
    return sequenceOf(snapshot);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new TextError('bad_update', `It is no snapshot of a text: ${error.message}`);
  }
}

function sequenceOf(snapshot: Snapshot): Sequence {
  const { text, bar, length, log } = snapshot ?? {};
  const runes = runesOf(text);
  if (!isCount(bar) || !isCount(length) || length > maxLength || !Array.isArray(log)) {
    throw new TextError('bad_update', 'It has no bar, no length there, or no log.');
  }
  const sequence = Sequence.of(bar, length, log);
  const walker = new Walker(sequence.history, -1, length);
  walker.charged = true; // when the log was folded
  walker.reach(sequence.history.end);
  const { effective } = walker.tracker;
  if (effective !== runes) {
    throw new TextError('bad_update', `The text has ${runes} code points, and the log makes ${effective}.`);
  }
  return sequence;
}
