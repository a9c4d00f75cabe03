import { expect } from 'vitest';
import { crc32 } from '../src/crc.ts';
import { save } from '../src/save.ts';
import { Walker } from '../src/walker.ts';
import { addTo, Document, drawHistory } from './histories.ts';
import { Random } from './random.ts';

/** What is thrown of bytes that are damaged. */
export const bad = expect.objectContaining({ name: 'TextError', code: 'bad_update' });

/** A text that follows from a seed, with its history. */
export function drawn(seed: number, steps: number): Document {
  const document = new Document();
  drawHistory(new Random(seed), steps, (txn) => addTo(document.history, txn));
  document.fold();
  return document;
}

/** A text that one agent has typed. */
export function typed(text: string): Document {
  const document = new Document();
  addTo(document.history, {
    span: [0, text.length],
    parents: [],
    agent: 'a',
    seqStart: 0,
    ops: [[0, 0, text]],
  });
  document.fold();
  return document;
}

/** Saves a text as a whole. */
export function saved({ history, text, version }: Document): Uint8Array<ArrayBuffer> {
  const walker = new Walker(history, -1);
  walker.reach(history.end);
  walker.visit(version);
  return save(text.toString(), history, walker);
}

/** Puts the CRC-32 right that belongs to bytes. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const body = bytes.length - 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (body >= 0) view.setUint32(body, crc32(bytes.subarray(0, body)), true);
  return bytes;
}
