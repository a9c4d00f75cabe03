import { Doc as Diamond } from 'diamond-types-node';
import { reader } from '../author.js';

/** diamond-types, with the text beside the history (its `Doc`). */
export class Doc {
  constructor(agent, _options, doc = new Diamond(`agent ${agent}`)) {
    this.agent = agent;
    this.doc = doc;
  }

  static open(bytes) {
    return new Doc(reader, undefined, Diamond.fromBytes(bytes, `agent ${reader}`));
  }

  edit(patches) {
    const { doc } = this;
    for (const [at, deleted, inserted] of patches) {
      if (deleted > 0) doc.del(at, deleted);
      if (inserted !== '') doc.ins(at, inserted);
    }
  }

  text() {
    return this.doc.get();
  }

  version() {
    return this.doc.getLocalVersion();
  }

  since(version) {
    return version === undefined ? this.doc.toBytes() : this.doc.getPatchSince(version);
  }

  merge(update) {
    this.doc.mergeBytes(update);
  }

  copy() {
    return new Doc(this.agent, undefined, Diamond.fromBytes(this.doc.toBytes(), `agent ${this.agent}`));
  }

  save() {
    return this.doc.toBytes();
  }

  free() {
    this.doc.free();
  }
}
