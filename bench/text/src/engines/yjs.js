import * as Y from 'yjs';
import { reader } from '../author.js';

/** Yjs: each edit is a transaction of its own, as of a key in an editor. */
export class Doc {
  /** Yjs forgets what was deleted, unless `history` is to be kept. */
  constructor(agent, { history = false } = {}) {
    this.doc = new Y.Doc({ gc: !history });
    this.doc.clientID = agent;
    this.shared = this.doc.getText('text');
  }

  static open(bytes) {
    const doc = new Doc(reader);
    doc.merge(bytes);
    return doc;
  }

  edit(patches) {
    const { shared } = this;
    for (const [at, deleted, inserted] of patches) {
      if (deleted > 0) shared.delete(at, deleted);
      if (inserted !== '') shared.insert(at, inserted);
    }
  }

  text() {
    return this.shared.toString();
  }

  version() {
    return Y.encodeStateVector(this.doc);
  }

  since(version) {
    return Y.encodeStateAsUpdate(this.doc, version);
  }

  merge(update) {
    Y.applyUpdate(this.doc, update);
  }

  copy() {
    const copy = Doc.open(this.save());
    copy.doc.clientID = this.doc.clientID;
    return copy;
  }

  save() {
    return Y.encodeStateAsUpdate(this.doc);
  }

  /** The second version of the format is the smaller one. */
  smallest() {
    return Y.encodeStateAsUpdateV2(this.doc);
  }

  free() {
    this.doc.destroy();
  }
}
