import * as Automerge from '@automerge/automerge';
import { GCounter, LWWMap, ORSet } from '@tutti/crdt';
import { LoroDoc } from 'loro-crdt';
import * as Y from 'yjs';

/*
 * Each library as replicas of one kind: a map of last-written values, a set of
 * strings, or a counter. A replica has `set`, `add` and `remove`, or
 * `increment`; each returns the update that another replica applies, as it
 * would be sent. `state` is the whole as bytes or text, which a fresh replica
 * applies as well; `since` is what a replica that had `seen` lacks; `value` is
 * comparable between libraries.
 */

/** Without a set or a counter of its own, a library has a map of them. */
const members = (map) => Object.keys(map).sort();
const sorted = (map) => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

const types = { map: LWWMap, set: ORSet, counter: GCounter };

class Tutti {
  static label = '@tutti/crdt';

  constructor(kind) {
    this.kind = kind;
    this.crdt = new types[kind]();
  }

  set(key, value) {
    return JSON.stringify(this.crdt.set(key, value));
  }

  add(value) {
    return JSON.stringify(this.crdt.add(value));
  }

  remove(value) {
    return JSON.stringify(this.crdt.remove(value));
  }

  increment() {
    return JSON.stringify(this.crdt.increment());
  }

  apply(update) {
    this.crdt.applyPayload(JSON.parse(update));
  }

  seen() {}

  /** Deltas need no version of the other: the whole is joined as well. */
  since() {
    return this.state();
  }

  state() {
    return JSON.stringify(this.crdt.payload());
  }

  value() {
    const { value } = this.crdt;
    return this.kind === 'map' ? sorted(Object.fromEntries(value)) : value;
  }
}

class Yjs {
  static label = 'yjs';

  constructor(kind) {
    this.kind = kind;
    this.doc = new Y.Doc();
    this.map = this.doc.getMap('map');
    this.doc.on('update', (update) => {
      this.update = update;
    });
  }

  set(key, value) {
    this.map.set(key, value);
    return this.update;
  }

  add(value) {
    return this.set(value, true);
  }

  remove(value) {
    this.update = undefined;
    this.map.delete(value);
    return this.update;
  }

  increment() {
    const own = String(this.doc.clientID);
    return this.set(own, (this.map.get(own) ?? 0) + 1);
  }

  apply(update) {
    if (update) Y.applyUpdate(this.doc, update);
  }

  seen() {
    return Y.encodeStateVector(this.doc);
  }

  since(seen) {
    return Y.encodeStateAsUpdate(this.doc, seen);
  }

  state() {
    return Y.encodeStateAsUpdate(this.doc);
  }

  value() {
    const map = this.map.toJSON();
    if (this.kind === 'set') return members(map);
    return this.kind === 'map' ? sorted(map) : Object.values(map).reduce((a, b) => a + b, 0);
  }
}

/** Replicas of Automerge begin with one change that they share, which makes the counter. */
const begun = Automerge.change(Automerge.init({ actor: '00' }), { time: 0 }, (doc) => {
  doc.map = {};
  doc.counter = new Automerge.Counter();
});

class AutomergeReplica {
  static label = 'automerge';

  constructor(kind) {
    this.kind = kind;
    this.doc = Automerge.clone(begun);
  }

  #change(change) {
    this.doc = Automerge.change(this.doc, { time: 0 }, change);
    return Automerge.getLastLocalChange(this.doc);
  }

  set(key, value) {
    return this.#change((doc) => {
      doc.map[key] = value;
    });
  }

  add(value) {
    return this.set(value, true);
  }

  remove(value) {
    if (!(value in this.doc.map)) return undefined;
    return this.#change((doc) => {
      delete doc.map[value];
    });
  }

  increment() {
    return this.#change((doc) => doc.counter.increment());
  }

  apply(update) {
    if (update instanceof Array) [this.doc] = Automerge.applyChanges(this.doc, update);
    else if (update) this.doc = Automerge.loadIncremental(this.doc, update);
  }

  seen() {
    return Automerge.getHeads(this.doc);
  }

  since(seen) {
    return Automerge.saveSince(this.doc, seen);
  }

  state() {
    return Automerge.save(this.doc);
  }

  value() {
    const { map, counter } = this.doc;
    if (this.kind === 'set') return members(map);
    return this.kind === 'map' ? sorted(map) : counter.value;
  }
}

class Loro {
  static label = 'loro';

  constructor(kind) {
    this.kind = kind;
    this.doc = new LoroDoc();
    this.map = this.doc.getMap('map');
    this.counter = this.doc.getCounter('counter');
  }

  #change(change) {
    const from = this.doc.version();
    change();
    this.doc.commit();
    return this.doc.export({ mode: 'update', from });
  }

  set(key, value) {
    return this.#change(() => this.map.set(key, value));
  }

  add(value) {
    return this.set(value, true);
  }

  remove(value) {
    return this.#change(() => this.map.delete(value));
  }

  increment() {
    return this.#change(() => this.counter.increment(1));
  }

  apply(update) {
    this.doc.import(update);
  }

  seen() {
    return this.doc.version();
  }

  since(from) {
    return this.doc.export({ mode: 'update', from });
  }

  state() {
    return this.doc.export({ mode: 'snapshot' });
  }

  value() {
    if (this.kind === 'counter') return this.counter.value;
    const map = this.map.toJSON();
    return this.kind === 'set' ? members(map) : sorted(map);
  }
}

export const libraries = [Tutti, Yjs, AutomergeReplica, Loro];
