import type { ErrorCode } from '../src/codes.ts';
import type { Entry, From, Range } from '../src/protocol.ts';
import type { WebSocketClass } from '../src/socket.ts';
import type { World } from './world.ts';

/** How often things go wrong, from 0 to 1. */
export interface Faults {
  refuse: number;
  reject: number;
  cut: number;
  expire: number;
  dial: number;
}

export const calm: Faults = { refuse: 0, reject: 0, cut: 0, expire: 0, dial: 0 };

type Message = Record<string, unknown> & { type: string };

/** What the server remembers of one client in one topic. */
interface Row {
  accepted: Map<number, number>;
  voids: Set<number>;
}

interface Log {
  entries: Entry[];
  rows: Map<string, Row>;
}

const term = 'AAAAAAAAAAA';

/**
 * A server by the naive reading of the rules: sequencer, exactly-once and
 * subscriptions, over links that delay, cut and forget. It is the other side
 * in the tests of the driver.
 */
export class ModelServer {
  faults = calm;
  readonly links = new Set<Link>();
  readonly logs = new Map<string, Log>();
  readonly runs = new Map<string, number>();
  /** Every message that a client said, in order. */
  readonly heard: Message[] = [];
  readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  /** The class to pass to connect. */
  get WebSocket(): WebSocketClass {
    const server = this;
    return class extends Link {
      constructor(url: string, protocol: string) {
        super(server, url, protocol);
      }
    };
  }

  log(topic: string): Log {
    let log = this.logs.get(topic);
    if (!log) {
      log = { entries: [], rows: new Map() };
      this.logs.set(topic, log);
    }
    return log;
  }

  append(topic: string, data: unknown, more?: Partial<Entry>): number {
    const log = this.log(topic);
    const offset = log.entries.length + 1;
    log.entries.push({ offset, term, time: this.world.now, data, ...more });
    for (const link of this.links) link.feed(topic);
    return offset;
  }

  cutAll(): void {
    for (const link of [...this.links]) link.cut(1006);
  }
}

/** One WebSocket: the client holds it as such, the server speaks through it. */
export class Link {
  secret = '';
  readonly url: string;
  readonly #server: ModelServer;
  readonly #world: World;
  readonly #listeners = new Map<string, (event: unknown) => void>();
  readonly #cursors = new Map<string, number>();
  #welcomed = false;
  #expired = false;
  #gone = false;
  #frozen = false;
  #busyUntil = 0;

  constructor(server: ModelServer, url: string, protocol: string) {
    if (protocol !== 'tutti.v1') throw new Error(`subprotocol ${protocol}`);
    this.url = url;
    this.#server = server;
    this.#world = server.world;
    server.links.add(this);
    if (this.#world.chance(server.faults.dial)) this.#later(() => this.cut(1006));
    else this.#later(() => this.#tell('open', {}));
  }

  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Message | Message[];
    this.#later(() => {
      for (const m of [frame].flat()) {
        if (this.#gone) return;
        this.#server.heard.push(m);
        this.#take(m);
        if (this.#world.chance(this.#server.faults.cut)) this.cut(1006);
      }
    });
  }

  close(): void {
    this.#gone = true;
    this.#server.links.delete(this);
  }

  /** Ends the connection; what is on its way is lost. */
  cut(code: number): void {
    if (this.#gone) return;
    this.close();
    this.#listeners.get('close')?.({ code });
  }

  say(message: Message): void {
    this.sayText(JSON.stringify(message));
  }

  /** Says nothing and hears nothing any more, without ending. */
  freeze(): void {
    this.#frozen = true;
  }

  sayText(text: string): void {
    this.#later(() => this.#tell('message', { data: text }));
  }

  /** Sends the entries of a topic that this connection has not had. */
  feed(topic: string): void {
    const at = this.#cursors.get(topic);
    if (at === undefined || this.#expired) return;
    const { entries } = this.#server.log(topic);
    for (const entry of entries.slice(at)) this.say({ type: 'entry', topic, ...entry });
    this.#cursors.set(topic, entries.length);
  }

  /** The token of this connection has expired. */
  expire(): void {
    this.#expired = true;
    this.say({ type: 'error', error: error('token_expired', true) });
  }

  #tell(type: string, event: unknown): void {
    if (!this.#gone) this.#listeners.get(type)?.(event);
  }

  /** Runs in the order of the calls, after some time on the way. */
  #later(run: () => void): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.#world.now + this.#world.below(40));
    this.#world.after(this.#busyUntil - this.#world.now, () => {
      if (!this.#gone && !this.#frozen) run();
    });
  }

  #take(m: Message): void {
    if (m.type === 'hello') return this.#hello(m as never);
    if (!this.#welcomed) throw new Error(`${m.type} before welcome`);
    const { id } = m;
    switch (m.type) {
      case 'auth':
        this.#expired = false;
        this.say({ type: 'authenticated', id });
        for (const topic of this.#cursors.keys()) this.feed(topic);
        return;
      case 'ping':
        return this.say({ type: 'pong' });
      case 'unsubscribe':
        this.#cursors.delete(m.topic as string);
        return this.say({ type: 'unsubscribed', id, topic: m.topic });
      case 'publish':
        return this.#publish(m as never);
    }
    if (this.#expired) return this.say({ type: 'error', id, error: error('token_expired', true) });
    if (this.#world.chance(this.#server.faults.refuse))
      return this.say({ type: 'error', id, error: error('overloaded', true) });
    if (m.type === 'subscribe') return this.#subscribe(m.topic as string, m.from as From, id as number);
    if (m.type === 'history') {
      const { entries } = this.#server.log(m.topic as string);
      const after = (m.after as number | undefined) ?? 0;
      const page = entries.slice(after, after + ((m.limit as number | undefined) ?? 100));
      const head = { offset: entries.length, term };
      return this.say({ type: 'history', id, topic: m.topic, first: 1, head, entries: page });
    }
    if (m.type !== 'pong') throw new Error(`no message of type ${m.type}`);
  }

  #hello(m: { clients: { secret: string; run: number }[]; topics?: { topic: string; from?: From }[] }): void {
    const [client] = m.clients;
    if (this.#welcomed || !client) throw new Error('bad hello');
    const { secret, run } = client;
    if (run <= (this.#server.runs.get(secret) ?? 0)) throw new Error(`run ${run} again`);
    this.#server.runs.set(secret, run);
    for (const other of [...this.#server.links]) if (other.secret === secret) other.cut(4207);
    this.secret = secret;
    this.#welcomed = true;
    const limits = { messageBytes: 65536, frameBytes: 262144 };
    this.say({ type: 'welcome', session: 's', clients: [secret], ping: 25000, grace: 10000, limits });
    for (const t of m.topics ?? []) this.#subscribe(t.topic, t.from);
    if (this.#world.chance(this.#server.faults.expire))
      this.#world.after(this.#world.below(2000), () => this.expire());
  }

  #subscribe(topic: string, from: From = 'new', id?: number): void {
    const head = this.#server.log(topic).entries.length;
    let offset = head;
    if (from === 'earliest') offset = 0;
    else if (typeof from === 'object') offset = 'last' in from ? Math.max(0, head - from.last) : from.offset;
    const recovered = offset <= head;
    if (!recovered) offset = 0;
    this.say({
      type: 'subscribed',
      ...(id && { id }),
      topic,
      offset,
      ...(offset && { term }),
      recovered,
    });
    this.#cursors.set(topic, offset);
    this.feed(topic);
  }

  #publish(m: { topic: string; seq: number; voids?: Range[]; name?: string; data: unknown }): void {
    const { topic, seq, voids = [], name, data } = m;
    const { faults } = this.#server;
    const about = { topic, client: this.secret, seq };
    const log = this.#server.log(topic);
    let row = log.rows.get(this.secret);
    if (!row) {
      row = { accepted: new Map(), voids: new Set() };
      log.rows.set(this.secret, row);
    }
    const before = row.accepted.get(seq);
    if (before) return this.say({ type: 'ack', ...about, offset: before, term });
    if (row.voids.has(seq)) return this.say({ type: 'rejected', ...about, error: error('rejected', false) });
    if (this.#expired) return this.say({ type: 'refused', ...about, error: error('token_expired', true) });
    if (this.#world.chance(faults.refuse))
      return this.say({ type: 'refused', ...about, error: error('rate_limited', true) });
    if (this.#world.chance(faults.reject))
      return this.say({ type: 'rejected', ...about, error: error('rejected', false) });
    const gone = new Set(row.voids);
    for (const [first, last] of voids)
      for (let n = first; n <= last; n++) if (!row.accepted.has(n)) gone.add(n);
    let expected = 1;
    while (row.accepted.has(expected) || gone.has(expected)) expected++;
    if (expected !== seq) return this.say({ type: 'gap', ...about, expected });
    row.voids = gone;
    row.accepted.set(seq, log.entries.length + 1);
    const offset = this.#server.append(topic, data, { client: this.secret, seq, ...(name && { name }) });
    this.say({ type: 'ack', ...about, offset, term });
  }
}

function error(code: ErrorCode, retryable: boolean): object {
  return { code, message: code, retryable };
}
