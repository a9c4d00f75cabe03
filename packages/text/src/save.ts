import { damaged, Writer } from './bytes.ts';
import { seal, unseal } from './crc.ts';
import type { Version } from './graph.ts';
import { History, Kind } from './history.ts';
import { pack, unpack } from './pack.ts';
import { readPlain, writePlain } from './plain.ts';
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
  if (text !== '' && from.left === 0) throw damaged();
  return { text, past: from.bytes(from.left) };
}

/**
 * Reads the history of what was opened, and the version that the text is.
 *
 * @throws TextError `bad_update` if it is none, or that of another text.
 */
export function load({ text, past }: Opened): { history: History; version: Version } {
  if (past.length === 0) return { history: new History(), version: [] };
  const { history, inserted, buried } = unpack(past);
  const { graph, end } = history;
  const here = [...text];
  const gone = [...buried];
  // Of what follows each other no more can be deleted than was ever inserted.
  if (inserted !== here.length + gone.length || end > inserted * (graph.length + 1)) throw damaged();
  // Of each event whose code point is in the text: its position, and 1 more.
  const places = new Int32Array(end);
  let n = 0;
  replay(history).each((v, length, dead) => {
    for (let i = 0; i < length && !dead; i++) places[v + i] = ++n;
  });
  if (n !== here.length) throw damaged();
  let buriedAt = 0;
  history.fill((v) => (here[(places[v] as number) - 1] ?? gone[buriedAt++]) as string);
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
