import { damaged, Writer } from './bytes.ts';
import { Content } from './content.ts';
import { seal, unseal } from './crc.ts';
import { type History, Kind } from './history.ts';
import { pack, unpack } from './pack.ts';
import { readPlain, writePlain } from './plain.ts';
import type { Loaded } from './state.ts';
import { Walker } from './walker.ts';

// What is saved is, in this order: its magic; the text (see plain.ts); what
// happened, packed; and a CRC-32 (IEEE) of all before it. Of what was inserted
// the packed history has only what was deleted since: the rest is in the text.

const magic = 'txs\x01';

/** What of something saved is read at once: the text. Its past is read by load, if there is any. */
export interface Opened {
  text: string;
  past: Uint8Array;
}

/** Saves a text with its whole history, for open and load, by a walker at its version. */
export function save(text: string, history: History, walker: Walker): Uint8Array<ArrayBuffer> {
  const out = new Writer();
  out.text(magic);
  writePlain(out, text);
  if (history.end > 0) out.bytes(pack(history, buried(history, walker)));
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
 * Reads the history of what was opened.
 *
 * @throws TextError `bad_update` if it is none, or that of another text.
 */
export function load({ text, past }: Opened): Required<Loaded> {
  const { history, inserted, buried } = unpack(past);
  const { graph, end } = history;
  const here = [...text];
  const gone = [...buried];
  // Of what follows each other no more can be deleted than was ever inserted.
  if (inserted !== here.length + gone.length || end > inserted * (graph.length + 1)) throw damaged();
  // Of each event whose code point is in the text: its position, and 1 more.
  const places = new Int32Array(end);
  let n = 0;
  const version = graph.advance([], 0, end);
  const walker = new Walker(history, -1);
  walker.reach(end);
  walker.visit(version);
  walker.tracker.each((v, length, state) => {
    for (let i = 0; i < length && state === 1; i++) places[v + i] = ++n;
  });
  if (n !== here.length) throw damaged();
  let dug = 0;
  history.content = new Content();
  for (let run = 0; run < history.length; run++) {
    history.content.begin();
    if (history.kind(run) !== Kind.inserted) continue;
    const to = history.runEnd(run);
    for (let v = history.runStart(run); v < to; v++)
      history.content.append((here[(places[v] as number) - 1] ?? gone[dug++]) as string);
  }
  return { history, version, walker };
}

/** What was inserted and is not in the text any more, in the order of its events. */
function buried(history: History, { tracker }: Walker): string {
  const there = new Uint8Array(history.end);
  tracker.each((first, n, state) => {
    if (state === 1) there.fill(1, first, first + n);
  });
  let text = '';
  history.each(0, history.end, (run, v, n) => {
    if (history.kind(run) !== Kind.inserted) return;
    let i = v;
    for (const letter of history.text(run, v, n)) if (there[i++] === 0) text += letter;
  });
  return text;
}
