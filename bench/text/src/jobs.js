import { readFileSync, writeFileSync } from 'node:fs';
import { collaborate, patchesOf, reader, typist } from './author.js';
import { read } from './histories.js';

/*
 * What an engine's process is asked to do. A job has what to `prepare` of a
 * history, which is not timed, and what to `run`: it returns the text that must
 * come of it, and `begin` of what is timed if that is not all of it.
 */

const typed = (Doc, history, options) => {
  const doc = new Doc(typist, options);
  doc.edit(patchesOf(history));
  return doc;
};

export const jobs = {
  /** Edits one by one, and the text. */
  type: {
    prepare: (_, history) => patchesOf(history),
    run(Doc, patches) {
      const doc = new Doc(typist);
      doc.edit(patches);
      return result(doc);
    },
  },

  /** A whole concurrent history, in one update, into an empty document. */
  merge: {
    prepare: (Doc, history) => collaborate(Doc, history).since(),
    run(Doc, update) {
      const doc = new Doc(reader);
      doc.merge(update);
      return result(doc);
    },
  },

  /** What was saved is opened, and the text read. */
  load: {
    prepare: (Doc, history) => typed(Doc, history).save(),
    run: (Doc, saved) => result(Doc.open(saved)),
  },

  /** The same where the text was saved beside the history. */
  snapshot: {
    prepare: (Doc, history) => typed(Doc, history).snapshot(),
    run: (Doc, saved) => result(Doc.openSnapshot(saved)),
  },

  /** What was saved is opened, a letter written, and the text read. */
  resume: {
    prepare: (Doc, history) => preferred(Doc, typed(Doc, history)),
    run(Doc, saved) {
      const doc = open(Doc, saved);
      doc.edit([[0, 0, '!']]);
      return result(doc);
    },
  },

  /** Of two branches one takes in the other. */
  meet: {
    prepare(Doc, history) {
      const [one, two] = fork(Doc, history);
      const both = two.doc.copy();
      both.merge(one.update);
      return { doc: one.doc, update: two.update, expected: both.text() };
    },
    run(_, { doc, update, expected }) {
      const copy = doc.copy();
      const begin = performance.now();
      copy.merge(update);
      const answer = { begin, ...result(copy) };
      if (answer.text !== expected) throw new Error('the branches differ when they have met');
      return answer;
    },
  },
};

/** The text of a document that is used no more. */
function result(doc) {
  const text = doc.text();
  const end = performance.now();
  doc.free();
  return { text, end };
}

/** Two documents with an own branch each, and the update that has it. */
function fork(Doc, { txns }) {
  const base = new Doc(typist);
  base.edit(txns[0].patches);
  return [1, 2].map((agent) => {
    const doc = new Doc(agent + 1);
    doc.merge(base.since());
    const version = doc.version();
    doc.edit(txns[agent].patches);
    return { doc, update: doc.since(version) };
  });
}

/** What an application would save to open it soon: with the text, if the engine can. */
const preferred = (Doc, doc) => ('openSnapshot' in Doc ? doc.snapshot() : doc.save());
const open = (Doc, saved) => ('openSnapshot' in Doc ? Doc.openSnapshot(saved) : Doc.open(saved));

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
  return { text: usual.text(), smallest: (doc.smallest ? doc.smallest() : doc.save()).length, usual: saved.length };
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
