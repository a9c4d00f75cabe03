import { Replica } from '@tutti/text';
import { clone, open, save } from '@tutti/text/saved';
import { reader } from '../author.js';

/** `@tutti/text`. What it saves has the text beside the history, which is read when it is needed first. */
export class Doc {
  constructor(agent, _options, replica = new Replica(`agent ${agent}`)) {
    this.agent = agent;
    this.replica = replica;
  }

  static open(bytes) {
    return new Doc(reader, undefined, open(`agent ${reader}`, bytes));
  }

  static openSnapshot(bytes) {
    return Doc.open(bytes);
  }

  edit(patches) {
    const { replica } = this;
    for (const [at, deleted, inserted] of patches) {
      if (deleted > 0) replica.delete(at, deleted);
      if (inserted !== '') replica.insert(at, inserted);
    }
  }

  text() {
    return this.replica.toString();
  }

  version() {
    return this.replica.version();
  }

  since(version = {}) {
    return this.replica.since(version);
  }

  merge(update) {
    this.replica.merge(update);
  }

  copy() {
    return new Doc(this.agent, undefined, clone(this.replica, `agent ${this.agent}`));
  }

  save() {
    return save(this.replica);
  }

  snapshot() {
    return this.save();
  }

  free() {}
}
