import { LoroDoc } from 'loro-crdt';
import { reader } from '../author.js';

/** Loro: all edits of a call are one commit, which is quicker than one for each. */
export class Doc {
  constructor(agent, _options, doc = new LoroDoc()) {
    this.agent = agent;
    this.doc = doc;
    doc.setPeerId(BigInt(agent));
    this.shared = doc.getText('text');
  }

  static open(bytes) {
    const doc = new Doc(reader);
    doc.merge(bytes);
    return doc;
  }

  static openSnapshot(bytes) {
    return Doc.open(bytes);
  }

  edit(patches) {
    const { shared } = this;
    for (const [at, deleted, inserted] of patches) {
      if (deleted > 0) shared.delete(at, deleted);
      if (inserted !== '') shared.insert(at, inserted);
    }
    this.doc.commit();
  }

  text() {
    return this.shared.toString();
  }

  version() {
    return this.doc.version();
  }

  since(from) {
    return this.doc.export({ mode: 'update', from });
  }

  merge(update) {
    this.doc.import(update);
  }

  copy() {
    return new Doc(this.agent, undefined, this.doc.fork());
  }

  /** The history alone. */
  save() {
    return this.doc.export({ mode: 'update' });
  }

  /** The history and the text. */
  snapshot() {
    return this.doc.export({ mode: 'snapshot' });
  }

  smallest() {
    const [updates, snapshot] = [this.save(), this.snapshot()];
    return updates.length < snapshot.length ? updates : snapshot;
  }

  free() {
    this.shared.free();
    this.doc.free();
  }
}
