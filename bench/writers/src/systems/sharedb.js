import { createRequire } from 'node:module';
import WebSocket from 'ws';

const require = createRequire(import.meta.url);
const ShareDB = require('sharedb/lib/client');
const { type } = require('ot-text-unicode');

ShareDB.types.register(type);

const collection = 'texts';

const done = (call) => new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));

/** One user's connection to ShareDB. */
export class User {
  #address;
  #socket;
  #connection;

  static async connect(address) {
    const user = new User();
    user.#address = address;
    user.#socket = new WebSocket(`ws://${address}`);
    user.#connection = new ShareDB.Connection(user.#socket);
    await new Promise((resolve) => user.#connection.once('connected', resolve));
    return user;
  }

  /** Makes a document with a text. */
  async create(name, text) {
    await done((back) => this.#connection.get(collection, name).create(text, type.uri, back));
  }

  /**
   * Opens a document. `changed(at, deleted, inserted)` tells each splice of others.
   * `separately`: edits made while one is under way are not composed.
   */
  async open(name, changed, { separately = false } = {}) {
    const document = this.#connection.get(collection, name);
    document.preventCompose = separately;
    await done((back) => document.subscribe(back));
    document.on('op', (operation, own) => {
      if (!own) tell(operation, changed);
    });
    return {
      get length() {
        return document.data.length;
      },
      text: () => document.data,
      edit(at, deleted, inserted, settled) {
        const operation = at > 0 ? [at] : [];
        if (inserted !== '') operation.push(inserted);
        if (deleted > 0) operation.push({ d: deleted });
        document.submitOp(operation, (error) => {
          if (error) throw error;
          settled?.();
        });
      },
    };
  }

  /** Bytes that came over the connection. */
  get bytesRead() {
    return this.#socket._socket.bytesRead;
  }

  async cut() {
    const gone = new Promise((resolve) => this.#connection.once('disconnected', resolve));
    this.#socket.close();
    await gone;
  }

  resume() {
    this.#socket = new WebSocket(`ws://${this.#address}`);
    this.#connection.bindToSocket(this.#socket);
  }

  close() {
    this.#socket.terminate();
  }
}

/** Tells an operation splice by splice: each sees those before it. */
function tell(operation, changed) {
  let at = 0;
  for (const part of operation) {
    if (typeof part === 'number') at += part;
    else if (typeof part === 'string') {
      changed(at, 0, part);
      at += part.length;
    } else changed(at, typeof part.d === 'number' ? part.d : part.d.length, '');
  }
}
