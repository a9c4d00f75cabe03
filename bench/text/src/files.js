import { readFileSync, writeFileSync } from 'node:fs';
import { collaborate, reader } from './author.js';
import { read } from './histories.js';
import { fork, open, preferred, result, typed } from './jobs.js';

/*
 * What an engine's process is asked to do with files, so that another one may
 * go on from them that has done nothing before.
 */

/** Puts into files what `first` needs: the update of a whole history, or what one branch has saved and the other's update. */
export function prepareFirst(Doc, { history, open: saved, merge }) {
  if (saved === undefined) return writeFileSync(merge, collaborate(Doc, read(history)).since());
  const [one, two] = fork(Doc, read(history));
  writeFileSync(saved, preferred(Doc, one.doc));
  writeFileSync(merge, two.update);
}

/** Opens what was saved, if anything was, takes in an update, and reads the text. */
export function first(Doc, files) {
  const saved = files.open === undefined ? undefined : readFileSync(files.open);
  const update = readFileSync(files.merge);
  const begin = performance.now();
  const doc = saved === undefined ? new Doc(reader) : open(Doc, saved);
  doc.merge(update);
  const { text, end } = result(doc);
  return { text, ms: end - begin };
}

/** How many bytes a typed history takes at least, wholly kept, and as an application would save it; and this in a file. */
export function save(Doc, { history, to }) {
  const doc = typed(Doc, read(history), { history: true });
  const usual = typed(Doc, read(history));
  const saved = preferred(Doc, usual);
  writeFileSync(to, saved);
  return {
    text: usual.text(),
    smallest: (doc.smallest ? doc.smallest() : doc.save()).length,
    usual: saved.length,
  };
}

/** The memory of one of several open documents, in bytes. Only a process that has done nothing else can tell. */
export function memory(Doc, { from, copies, edit }) {
  const saved = readFileSync(from);
  const docs = [];
  const before = used();
  let text;
  for (let i = 0; i < copies; i++) {
    const doc = open(Doc, saved);
    if (edit) doc.edit([[0, 0, '!']]);
    text = doc.text();
    docs.push(doc);
  }
  const bytes = (used() - before) / docs.length;
  return { text, bytes };
}

/** The heap and what is outside of it, WebAssembly's memory included. */
function used() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
