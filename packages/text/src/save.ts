import { damaged, Writer } from './bytes.ts';
import { seal, unseal } from './crc.ts';
import { TextError } from './error.ts';
import type { Version } from './graph.ts';
import { History, Kind } from './history.ts';
import { pack, unpack } from './pack.ts';
import { readPlain, writePlain } from './plain.ts';
import { runesOf } from './runes.ts';
import { replay } from './walk.ts';

// What is saved is, in this order: its magic; the text (see plain.ts); what
// happened, packed; and a CRC-32 (IEEE) of all before it. Of what was inserted
// the packed history has only what was deleted since: the rest is in the text.

const magic = 'txs\x01';

/** What of something saved is read at once: the text. Its past is read by load, if there is any. */
export interface Opened {
  text: string;
  past: Uint8Array;
}

/** Saves a text with its whole history, for open and load. */
export function save(history: History, text: string): Uint8Array<ArrayBuffer> {
  const out = new Writer();
  out.text(magic);
  writePlain(out, text);
  if (history.end > 0) out.bytes(pack(history, buried(history)));
  return seal(out);
}

/**
 * Opens what was saved, of which it keeps a part.
 *
 * @throws TextError `bad_update` if it is damaged.
 */
export function open(saved: Uint8Array): Opened {
  const from = unseal(saved, magic, 'saved text');
  const text = readPlain(from);
  if (text !== '' && from.left === 0) throw new TextError('bad_update', 'The saved text has no history.');
  return { text, past: from.bytes(from.left) };
}

/**
 * Reads the history of what was opened, and the version that the text is.
 *
 * @throws TextError `bad_update` if it is none, or that of another text.
 */
export function load({ text, past }: Opened): { history: History; version: Version } {
  if (past.length === 0) return { history: new History(), version: [] };
  const { history, buried } = unpack(past);
  const { graph, end } = history;
  const letters = [...buried];
  let inserted = 0;
  for (let run = 0; run < history.length; run++) {
    if (history.kind(run) === Kind.inserted) inserted += history.runEnd(run) - history.runStart(run);
  }
  // Of what follows each other no more can be deleted than was ever inserted.
  if (inserted !== runesOf(text) + letters.length || end > inserted * (graph.length + 1)) throw damaged();
  // Of each event that inserted what is in the text: the code point, and 1 more.
  const there = new Int32Array(end);
  let i = 0;
  replay(history).each((first, n, gone) => {
    if (gone) return;
    for (let v = first; v < first + n; v++) {
      const letter = text.codePointAt(i);
      if (letter === undefined) throw damaged();
      there[v] = letter + 1;
      i += letter > 0xffff ? 2 : 1;
    }
  });
  if (i < text.length) throw damaged();
  let k = 0;
  history.fill((v) => {
    const letter = there[v] as number;
    return letter > 0 ? String.fromCodePoint(letter - 1) : (letters[k++] as string);
  });
  const ends = Array.from({ length: graph.length }, (_, run) => graph.stretch(graph.start(run), end) - 1);
  return { history, version: graph.dominators(ends) };
}

/** What was inserted and is not in the text any more, in the order of its events. */
function buried(history: History): string {
  const dead = new Uint8Array(history.end);
  replay(history).each((first, n, gone) => {
    if (gone) dead.fill(1, first, first + n);
  });
  let text = '';
  for (let run = 0; run < history.length; run++) {
    if (history.kind(run) !== Kind.inserted) continue;
    let v = history.runStart(run);
    for (const letter of history.text(run, v, history.runEnd(run) - v)) if (dead[v++] === 1) text += letter;
  }
  return text;
}
