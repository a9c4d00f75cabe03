import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import { Text } from './tutti-text.js';

const day = 86_400_000;

/** One user's connection to tutti: one client, which is the author of what the user writes. */
export class User {
  #address;
  #socket;
  #secret = `${Math.floor(Date.now() / day)}.${randomBytes(16).toString('base64url')}`;
  #run = 0;
  #id;
  #texts = new Map();
  #welcomed;
  #calls = 0;
  #answers = new Map();

  static async connect(address) {
    const user = new User();
    user.#address = address;
    await user.#dial();
    return user;
  }

  async #dial() {
    this.#socket = new WebSocket(`ws://${this.#address}/v1/ws`, 'tutti.v1');
    this.#socket.on('message', (frame) => this.#frame(JSON.parse(frame)));
    await new Promise((resolve, reject) => {
      this.#socket.on('open', resolve);
      this.#socket.on('error', reject);
    });
    this.#run++;
    const welcome = new Promise((resolve) => {
      this.#welcomed = resolve;
    });
    this.say({ type: 'hello', clients: [{ secret: this.#secret, run: this.#run }] });
    this.#id = (await welcome).clients[0];
  }

  say(message) {
    this.#socket.send(JSON.stringify(message));
  }

  /** Asks something, and resolves to the answer. */
  ask(message) {
    this.#calls++;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.say({ ...message, id });
    });
  }

  #frame(frame) {
    if (Array.isArray(frame)) for (const message of frame) this.#take(message);
    else this.#take(frame);
  }

  #take(message) {
    switch (message.type) {
      case 'ping':
        this.say({ type: 'pong' });
        break;
      case 'pong':
        break;
      case 'welcome':
        this.#welcomed(message);
        break;
      case 'close':
        if (message.error.code !== 'draining') throw new Error(`the server closed: ${message.error.code}`);
        break;
      case 'subscribed':
      case 'error': {
        const { resolve, reject } = this.#answers.get(message.id);
        this.#answers.delete(message.id);
        if (message.error) reject(new Error(`${message.error.code}: ${message.error.message}`));
        else resolve(message);
        break;
      }
      default:
        this.#texts.get(message.topic).take(message);
    }
  }

  /** Gives all that the server says of a topic to `text.take`. */
  attach(text) {
    this.#texts.set(text.topic, text);
  }

  /** Makes a document with a text. It is open from then on. */
  async create(name, text) {
    const document = await this.open(name, () => {});
    await new Promise((resolve) => document.edit(0, 0, text, resolve));
  }

  /** Opens a document. `changed(at, deleted, inserted)` tells each splice of others. */
  async open(name, changed) {
    const topic = `text:${name}`;
    const opened = this.#texts.get(topic);
    if (opened) {
      opened.changed = changed;
      return opened;
    }
    const text = new Text(this, topic, this.#id, changed);
    this.attach(text);
    await text.open();
    return text;
  }

  /** Bytes that came over the connection. */
  get bytesRead() {
    return this.#socket._socket.bytesRead;
  }

  async cut() {
    for (const text of this.#texts.values()) text.cut();
    const gone = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.close();
    await gone;
  }

  async resume() {
    await this.#dial();
    for (const text of this.#texts.values()) await text.open();
  }

  close() {
    this.#socket.terminate();
  }
}
