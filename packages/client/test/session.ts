import type { ErrorCode } from '../src/codes.ts';
import type { Road } from '../src/core/roads.ts';
import type { From, Range } from '../src/protocol.ts';
import { type Message, type ModelServer, term } from './model.ts';
import { grace } from './rooms.ts';

/** What a session needs of the link or request that carries it. */
export interface Carrier {
  say(message: Message): void;
  /** Ends it; what is on its way is lost. */
  cut(code: number): void;
}

type Opening = { topic: string; from?: From; doc?: string };

type Proof = { secret: string; run: number };

type Watch = { topic: string; since?: { epoch: string; version: number } };

type Enter = { topic: string; client?: string; state?: unknown };

type Hello = {
  token?: string;
  clients?: Proof[];
  topics?: Opening[];
  watch?: Watch[];
  enter?: Enter[];
};

/** One conversation of the model server, over whatever road. */
export class Session {
  /** The run of each client that it speaks for, by its secret, which is its id here. */
  clients = new Map<string, number>();
  readonly road: Road | 'commands';
  readonly #server: ModelServer;
  readonly #carrier: Carrier;
  readonly #cursors = new Map<string, number>();
  #welcomed = false;
  #identity: { user?: string; name?: string } = {};
  expired = false;

  constructor(server: ModelServer, road: Road | 'commands', carrier: Carrier) {
    this.road = road;
    this.#server = server;
    this.#carrier = carrier;
    server.sessions.add(this);
  }

  end(): void {
    this.#server.sessions.delete(this);
    for (const room of this.#server.rooms.values()) {
      room.unwatch(this);
      for (const client of this.clients.keys()) room.release(this, client);
    }
  }

  cut(code: number): void {
    this.#carrier.cut(code);
  }

  /** Sends the entries of a topic that this session has not had. */
  feed(topic: string): void {
    const at = this.#cursors.get(topic);
    if (at === undefined || this.expired || this.#server.holding) return;
    const { entries } = this.#server.log(topic);
    this.#cursors.set(topic, entries.length);
    for (const entry of entries.slice(at)) this.say({ type: 'entry', topic, ...entry });
  }

  /** The token of this session has expired. */
  expire(): void {
    this.expired = true;
    this.say({ type: 'error', error: error('token_expired', true) });
  }

  take(m: Message): void {
    const { world, faults } = this.#server;
    this.#server.heard.push(m);
    if (m.type === 'hello') return this.#hello(m as never);
    const commands: string[] =
      this.road === 'commands' ? ['publish', 'history', 'ping', 'update', 'leave', 'signal'] : [];
    if (!this.#welcomed || (this.road !== 'ws' && !commands.includes(m.type)))
      throw new Error(`${m.type} out of place`);
    const { id } = m;
    switch (m.type) {
      case 'ping':
        return this.say({ type: 'pong' });
      case 'publish':
        return this.#publish(m as never);
      case 'pong':
        return;
    }
    if (m.type === 'unwatch') {
      this.#server.room(m.topic as string).unwatch(this);
      return this.say({ type: 'unwatched', id, topic: m.topic });
    }
    if (m.type === 'auth') {
      this.expired = false;
      this.say({ type: 'authenticated', id });
      for (const topic of this.#cursors.keys()) this.feed(topic);
      return;
    }
    if (m.type === 'prove') {
      const failure = this.expired ? 'token_expired' : this.#claim(m.clients as Proof[]);
      if (failure) return this.say({ type: 'error', id, error: error(failure, true) });
      return this.say({ type: 'proved', id, clients: [...this.clients.keys()] });
    }
    if (m.type === 'unsubscribe') {
      this.#cursors.delete(m.topic as string);
      return this.say({ type: 'unsubscribed', id, topic: m.topic });
    }
    const where = id === undefined ? { topic: m.topic } : { id };
    if (this.expired) return this.say({ type: 'error', ...where, error: error('token_expired', true) });
    if (world.chance(faults.refuse))
      return this.say({ type: 'error', ...where, error: error('overloaded', true) });
    if (m.type === 'update' || m.type === 'signal') return this.#call(m as never);
    if (m.type === 'leave') return this.#leave(m as never);
    if (m.type === 'watch') return this.#watch(m as never, id as number);
    if (m.type === 'enter') return this.#enter(m as never, id as number);
    if (m.type === 'subscribe') return this.#subscribe(m as never, id as number);
    if (m.type !== 'history') throw new Error(`no message of type ${m.type}`);
    const { entries } = this.#server.log(m.topic as string);
    const after = (m.after as number | undefined) ?? 0;
    const page = entries.slice(after, after + ((m.limit as number | undefined) ?? 100));
    const head = { offset: entries.length, term };
    this.say({ type: 'history', id, topic: m.topic, first: 1, head, entries: page });
  }

  /** Says it to the client. */
  say(message: Message): void {
    this.#carrier.say(message);
  }

  #hello({ token = '', clients = [], topics = [], watch = [], enter = [] }: Hello): void {
    const { sessions, world, faults } = this.#server;
    if (this.#welcomed) throw new Error('a second hello');
    const failure = this.#claim(clients);
    if (failure) return this.say({ type: 'close', error: error(failure, true) });
    this.#welcomed = true;
    this.#identity = this.#server.userOf(token);
    const limits = { messageBytes: 65536, frameBytes: 262144 };
    this.say({
      type: 'welcome',
      session: 's',
      clients: [...this.clients.keys()],
      ping: 25000,
      grace: 10000,
      limits,
    });
    for (const opening of topics) this.#subscribe(opening);
    for (const topic of watch) this.#watch(topic);
    for (const topic of enter) this.#enter(topic);
    if (this.road !== 'commands' && world.chance(faults.expire))
      world.after(world.below(2000), () => {
        if (sessions.has(this)) this.expire();
      });
  }

  /** Takes the clients in place of those that it has; returns why not. */
  #claim(clients: Proof[]): ErrorCode | undefined {
    const { runs, sessions, mortal } = this.#server;
    const news = clients.filter(({ secret, run }) => this.clients.get(secret) !== run);
    const losers = new Set<Session>();
    for (const { secret, run } of news) {
      const highest = runs.get(secret) ?? 0;
      const holders = [...sessions].filter((s) => s.clients.has(secret));
      const beside = holders.filter((s) => s.clients.get(secret) === run);
      const heir = mortal && run <= highest;
      if (heir ? holders.length : run < highest && this.road !== 'ws') return 'stale_run';
      if (!heir && (run < highest || [this, ...beside].some((s) => s.road === 'ws' && run === highest)))
        throw new Error(`run ${run} again`);
      for (const other of holders) if (other !== this && !beside.includes(other)) losers.add(other);
    }
    for (const { secret, run } of news) runs.set(secret, Math.max(run, runs.get(secret) ?? 0));
    for (const loser of losers) loser.cut(4207);
    const former = [...this.clients.keys()];
    this.clients = new Map(clients.map(({ secret, run }) => [secret, run]));
    for (const room of this.#server.rooms.values())
      for (const client of former) if (!this.clients.has(client)) room.release(this, client);
    return undefined;
  }

  #watch({ topic, since }: Watch, id?: number): void {
    if (this.#server.forbidden.has(topic)) return this.#refuse({ type: 'unwatched', topic }, id);
    this.say({ ...this.#server.room(topic).watch(this, since), ...(id && { id }) } as Message);
  }

  #enter({ topic, client = this.#only, state }: Enter, id?: number): void {
    const { forbidden, closed } = this.#server;
    if (forbidden.has(topic) || closed.has(topic)) return this.#refuse({ type: 'left', topic, client }, id);
    const words = { ...this.#identity, ...(state !== undefined && { state }) };
    this.#server.room(topic).enter(this, client, words);
    this.say({ type: 'entered', ...(id && { id }), topic, client });
  }

  #leave({ id, topic, client = this.#only, away }: Enter & { id: number; away?: true }): void {
    for (const room of this.#server.rooms.values())
      if (topic === undefined || room.topic === topic) room.leave(client, away && grace);
    this.say({ type: 'left', id, ...(topic !== undefined && { topic }), client });
  }

  #call({ type, topic, client = this.#only, state, ...words }: Enter & { type: string }): void {
    const room = this.#server.room(topic);
    const there = type === 'update' ? room.update(client, state) : room.signal(client, words);
    if (!there) this.say({ type: 'error', topic, error: error('not_found', false) });
  }

  #refuse(message: Message, id: number | undefined): void {
    const refusal = { error: error('forbidden', false) };
    this.say(id ? { type: 'error', id, ...refusal } : { ...message, ...refusal });
  }

  /** The client for whom a command speaks that names none. */
  get #only(): string {
    const [client = '', ...others] = this.clients.keys();
    if (others.length) throw new Error('no client is named');
    return client;
  }

  #subscribe({ topic, from = 'new', doc }: Opening, id?: number): void {
    if (doc !== undefined) return this.#open(topic, from, id);
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

  /** Opens a document, by a snapshot or, from a position, maybe by the entries above it. */
  #open(topic: string, from: From, id?: number): void {
    const { world, forbidden } = this.#server;
    if (forbidden.has(topic)) {
      const refusal = { error: error('forbidden', false) };
      return this.say(id ? { type: 'error', id, ...refusal } : { type: 'unsubscribed', topic, ...refusal });
    }
    const { entries, cells, rows, text } = this.#server.log(topic);
    const head = entries.length;
    const position = typeof from === 'object' && 'offset' in from ? from.offset : undefined;
    const recovered = (position ?? 0) <= head;
    const behind = position === undefined || !recovered || position < (text?.bar ?? 0);
    const snapshot = behind || world.chance(this.#server.snapshots);
    const offset = snapshot ? head : (position as number);
    const place = { topic, offset, ...(offset && { term }) };
    this.say({ type: 'subscribed', ...(id && { id }), ...place, recovered, ...(snapshot && { snapshot }) });
    this.#cursors.set(topic, offset);
    if (snapshot) {
      const seqs = [...this.clients.keys()].flatMap((client) => {
        const accepted = [...(rows.get(client)?.accepted.keys() ?? [])];
        return accepted.length ? [[client, Math.max(...accepted)]] : [];
      });
      const own = seqs.length && { seqs };
      this.say({ type: 'snapshot', ...place, ...own, cells: text?.snapshot() ?? [...cells] });
    }
    this.feed(topic);
  }

  #publish(m: {
    topic: string;
    client?: string;
    seq: number;
    voids?: Range[];
    name?: string;
    key?: string;
    base?: number;
    data: unknown;
  }): void {
    const { topic, seq, voids = [], name, key, base, data } = m;
    const { faults, world } = this.#server;
    const [only = '', ...others] = this.clients.keys();
    const client = m.client ?? only;
    const run = this.clients.get(client);
    if (run === undefined || (others.length && !m.client)) throw new Error(`${client} is not proved`);
    const about = { topic, client, seq };
    const log = this.#server.log(topic);
    let row = log.rows.get(client);
    if (!row) {
      row = { accepted: new Map(), voids: new Set(), run: 0 };
      log.rows.set(client, row);
    }
    if (run < row.run) throw new Error(`run ${run} behind run ${row.run}`);
    if (this.#server.forgotten.has(client))
      return this.say({ type: 'rejected', ...about, error: error('client_expired', false) });
    const before = row.accepted.get(seq);
    if (before) return this.say({ type: 'ack', ...about, offset: before, term });
    if (row.voids.has(seq)) return this.say({ type: 'rejected', ...about, error: error('rejected', false) });
    if (this.expired) return this.say({ type: 'refused', ...about, error: error('token_expired', true) });
    if (world.chance(faults.refuse))
      return this.say({ type: 'refused', ...about, error: error('rate_limited', true) });
    if (this.#server.rejects(data) || world.chance(faults.reject))
      return this.say({ type: 'rejected', ...about, error: error('rejected', false) });
    const gone = new Set(row.voids);
    for (const [first, last] of voids)
      for (let n = first; n <= last; n++) if (!row.accepted.has(n)) gone.add(n);
    let expected = 1;
    while (row.accepted.has(expected) || gone.has(expected)) expected++;
    if (expected !== seq) return this.say({ type: 'gap', ...about, expected });
    const by = { client, ...(base !== undefined && { base }) };
    if ((base ?? 0) > log.entries.length) throw new Error(`base ${base} is not in the log`);
    const { error: code } = this.#server.judge(topic, data, by);
    if (code === 'rebase_required') return this.say({ type: 'refused', ...about, error: error(code, true) });
    if (code) return this.say({ type: 'rejected', ...about, error: error(code, false) });
    row.voids = gone;
    row.run = run;
    row.accepted.set(seq, log.entries.length + 1);
    const offset = this.#server.append(topic, data, {
      ...by,
      seq,
      ...(name && { name }),
      ...(key && { key }),
    });
    this.say({ type: 'ack', ...about, offset, term });
  }
}

function error(code: ErrorCode, retryable: boolean): object {
  return { code, message: code, retryable };
}
