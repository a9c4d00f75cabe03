import * as Automerge from '@automerge/automerge';
import { reader } from '../author.js';

/** Documents begin with one change that they share, which makes the text. */
const begun = Automerge.change(Automerge.init({ actor: '00' }), { time: 0 }, (doc) => {
  doc.text = '';
});

/** An actor's name is hexadecimal. */
const actorOf = (agent) => agent.toString(16).padStart(4, '0');

/** Automerge: all edits of a call are one change, which is several times quicker than one for each. */
export class Doc {
  constructor(agent, _options, doc = Automerge.clone(begun, { actor: actorOf(agent) })) {
    this.agent = agent;
    this.doc = doc;
  }

  static open(bytes) {
    return new Doc(reader, undefined, Automerge.load(bytes));
  }

  edit(patches) {
    this.doc = Automerge.change(this.doc, { time: 0 }, (doc) => {
      for (const [at, deleted, inserted] of patches) Automerge.splice(doc, ['text'], at, deleted, inserted);
    });
  }

  text() {
    return this.doc.text;
  }

  version() {
    return Automerge.getHeads(this.doc);
  }

  since(heads = []) {
    return Automerge.saveSince(this.doc, heads);
  }

  merge(update) {
    this.doc = Automerge.loadIncremental(this.doc, update);
  }

  copy() {
    return new Doc(this.agent, undefined, Automerge.clone(this.doc, { actor: actorOf(this.agent) }));
  }

  save() {
    return Automerge.save(this.doc);
  }

  free() {
    Automerge.free(this.doc);
  }
}
