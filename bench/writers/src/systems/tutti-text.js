import { TextSession } from '../../node_modules/.bench/log.mjs';

/** How many operations of a client the server takes at a time (PUB-1). */
const most = 64;

/** How many edits made offline are sent as one operation at most, so that it is within the length of a message. */
const joined = 1000;

/** A text as one user shows it: the engine's session, and its conversation with the server. */
export class Text {
  topic;
  /** Is told each splice of others. */
  changed;
  #user;
  #client;
  #session;
  #live = false;
  #position;
  #snapshot;
  #seq = 0; // the highest that was used
  #seqs = new Map(); // of what is pending and was sent, by key
  #keys = new Map(); // the other way round
  #unanswered = 0;
  #settled = new Map(); // who is told that it is in the log, by key
  #edits = 0; // in the latest operation
  #key = 0; // of the latest operation
  #anew = false; // pending operations have been said anew

  constructor(user, topic, client, changed) {
    this.topic = topic;
    this.#user = user;
    this.#client = client;
    this.changed = changed;
    this.#session = new TextSession(client);
  }

  get length() {
    return this.#session.length;
  }

  text() {
    return this.#session.toString();
  }

  /** Subscribes, from where it was if it was open before. */
  async open() {
    const read = new Promise((resolve) => {
      this.#snapshot = resolve;
    });
    const from = this.#position && { from: this.#position };
    const { snapshot, offset, term } = await this.#user.ask({
      type: 'subscribe',
      topic: this.topic,
      doc: 'text',
      ...from,
    });
    if (snapshot) await read;
    else this.#position ??= { offset, term };
    this.#live = true;
    this.#send();
  }

  /** The connection is about to be cut. Nothing may be unanswered. */
  cut() {
    if (this.#unanswered > 0) throw new Error('cut while something is unanswered');
    this.#live = false;
  }

  edit(at, deleted, inserted, settled) {
    const offline = !this.#live && this.#edits < joined;
    const key = this.#session.local([[at, deleted, inserted]], offline ? { operation: this.#key } : {});
    this.#edits = key === this.#key ? this.#edits + 1 : 1;
    this.#key = key;
    if (settled) this.#settled.set(key, settled);
    this.#send();
  }

  /** Takes a message of the server about this topic. */
  take(message) {
    switch (message.type) {
      case 'entry':
        this.#entry(message);
        break;
      case 'snapshot':
        this.#open(message);
        break;
      case 'ack':
        this.#acknowledged(message);
        break;
      case 'refused':
        if (message.error.code !== 'rebase_required') throw new Error(`refused: ${message.error.code}`);
        this.#refused();
        break;
      case 'gap':
        this.#refused();
        break;
      default:
        throw new Error(`${message.type}: ${message.error?.code}`);
    }
  }

  #entry({ offset, term, client, seq, base, data }) {
    const own = client === this.#client ? (this.#keys.get(seq) ?? 0) : 0;
    const { op } = this.#session.receive({ offset, client, base, op: data }, own);
    this.#position = { offset, term };
    if (own > 0) this.#forget(own);
    this.#tell(op);
  }

  /** An own operation is in the log: its entry came, or it is acknowledged. */
  #settle(key) {
    this.#settled.get(key)?.();
    this.#settled.delete(key);
  }

  #forget(key) {
    this.#settle(key);
    this.#keys.delete(this.#seqs.get(key));
    this.#seqs.delete(key);
  }

  #tell(op) {
    for (const [at, deleted, inserted] of op) this.changed(at, deleted, inserted);
  }

  #open({ offset, term, seqs, cells }) {
    const highest = new Map(seqs).get(this.#client) ?? 0;
    const isIn = (key) => this.#seqs.has(key) && this.#seqs.get(key) <= highest;
    const { op } = this.#session.open(cells, isIn, true);
    this.#position = { offset, term };
    this.#tell(op);
    this.#snapshot?.();
  }

  #acknowledged({ seq }) {
    this.#unanswered--;
    const key = this.#keys.get(seq);
    if (key !== undefined) {
      this.#session.acknowledge(key);
      this.#settle(key);
    }
    this.#send();
  }

  /** Something is not taken as it was sent, nor what follows it. When all is answered it is said anew. */
  #refused() {
    this.#unanswered--;
    this.#anew = true;
    this.#send();
  }

  #rebase() {
    this.#anew = false;
    const { key: first } = this.#session.pending.find(({ acknowledged }) => !acknowledged);
    this.#seq = this.#seqs.get(first) - 1;
    for (const { key } of this.#session.pending) {
      if (key < first) continue;
      this.#keys.delete(this.#seqs.get(key));
      this.#seqs.delete(key);
    }
    this.#tell(this.#session.rebase(first).op);
  }

  #send() {
    if (this.#anew && this.#unanswered === 0) this.#rebase();
    if (!this.#live || this.#anew || this.#seqs.size === most) return;
    for (const { key, base, op } of this.#session.pending) {
      if (this.#unanswered === most) break;
      if (this.#seqs.has(key)) continue;
      this.#seq++;
      this.#seqs.set(key, this.#seq);
      this.#keys.set(this.#seq, key);
      this.#unanswered++;
      this.#user.say({ type: 'publish', topic: this.topic, seq: this.#seq, base, data: op });
    }
  }
}
