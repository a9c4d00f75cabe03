import { collaborate, patchesOf, reader, typist, updatesOf } from './author.js';

/*
 * What is timed again and again in an engine's process. A job has what to
 * `prepare` of a history, which is not timed, and what to `run`: it returns the
 * text that comes of it, its `end`, and its `begin` if that is not the call's.
 */

/** A document that has a history whose txns follow each other. */
export const typed = (Doc, history, options) => {
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

  /** The same in one update for each txn, as they came. */
  follow: {
    prepare: updatesOf,
    run(Doc, updates) {
      const doc = new Doc(reader);
      for (const update of updates) doc.merge(update);
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

/** The text of a document that is used no more, and when it was there. */
export function result(doc) {
  const text = doc.text();
  const end = performance.now();
  doc.free();
  return { text, end };
}

/** Two documents with an own branch each, and the update that has it. */
export function fork(Doc, { txns }) {
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
export const preferred = (Doc, doc) => ('openSnapshot' in Doc ? doc.snapshot() : doc.save());

/** Opens what was saved so. */
export const open = (Doc, saved) => ('openSnapshot' in Doc ? Doc.openSnapshot(saved) : Doc.open(saved));
