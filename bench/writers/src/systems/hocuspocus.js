import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import WebSocket from 'ws';
import { Doc } from 'yjs';

const field = 'text';

/** One user's connection to Hocuspocus. Awareness is off, and nothing is put off to be sent in batches. */
export class User {
  #road;
  #opened = new Map();

  static async connect(address) {
    const user = new User();
    user.#road = new HocuspocusProviderWebsocket({ url: `ws://${address}`, WebSocketPolyfill: WebSocket });
    await new Promise((resolve) => user.#road.on('open', resolve));
    return user;
  }

  /** Makes a document with a text, which is open from then on: it lives while someone has it open. */
  async create(name, text) {
    const document = await this.open(name, () => {});
    await new Promise((resolve) => document.edit(0, 0, text, resolve));
  }

  /** Opens a document. `changed(at, deleted, inserted)` tells each splice of others. */
  async open(name, changed) {
    const opened = this.#opened.get(name);
    if (opened) {
      opened.changed = changed;
      return opened;
    }
    const doc = new Doc();
    const text = doc.getText(field);
    const provider = new HocuspocusProvider({
      name,
      document: doc,
      awareness: null,
      websocketProvider: this.#road,
    });
    const synced = new Promise((resolve) => provider.on('synced', resolve));
    provider.attach();
    await synced;
    const waiting = [];
    provider.on('unsyncedChanges', ({ number }) => {
      while (waiting.length > number) waiting.shift()?.();
    });
    text.observe((event, transaction) => {
      if (!transaction.local) tell(event.delta, document.changed);
    });
    const document = {
      changed,
      get length() {
        return text.length;
      },
      text: () => text.toString(),
      edit(at, deleted, inserted, settled) {
        waiting.push(settled);
        doc.transact(() => {
          if (deleted > 0) text.delete(at, deleted);
          if (inserted !== '') text.insert(at, inserted);
        });
      },
    };
    this.#opened.set(name, document);
    return document;
  }

  /** Bytes that came over the connection. */
  get bytesRead() {
    return this.#road.webSocket._socket.bytesRead;
  }

  async cut() {
    const gone = new Promise((resolve) => this.#road.on('disconnect', resolve));
    this.#road.disconnect();
    await gone;
  }

  resume() {
    this.#road.connect();
  }

  close() {
    this.#road.destroy();
  }
}

function tell(delta, changed) {
  let at = 0;
  for (const { retain, insert, delete: deleted } of delta) {
    if (retain) at += retain;
    if (deleted) changed(at, deleted, '');
    if (insert) {
      changed(at, 0, insert);
      at += insert.length;
    }
  }
}
