import { TuttiError } from '../error.ts';
import type { Answer, ClientMessage } from '../protocol.ts';
import { backoff } from './backoff.ts';
import { checkPublish } from './check.ts';
import type { Amend, Publish } from './input.ts';
import { type Item, Lane } from './lane.ts';
import type { Kept, Ledger } from './ledger.ts';
import type { Link } from './link.ts';

const maxFlying = 64;
/** How many entries of a topic are given their seqs, and stored, ahead of what is sent. */
const maxAhead = 256;
/** How long an entry waits to be released on one connection, in milliseconds. */
const releaseTime = 10_000;

export interface OutboxLimits {
  entries: number;
  bytes: number;
}

/** How a publish ends. */
type End = { offset?: number; term?: string } | { error: TuttiError; unconfirmed?: true };

/**
 * Everything published and not yet settled, by topic (rules PUB-1 to PUB-10,
 * CONN-4, CONN-7, CONN-8).
 */
export class Outbox {
  /** The server takes data up to this size; it tells in welcome. */
  messageBytes = Infinity;
  /** When the server said that it has forgotten this client: a new one is needed as soon as nothing is doubtful. */
  expired: number | undefined;
  /** Says whether client_expired can be mended by a new secret. */
  canRenew: () => boolean = () => true;

  readonly #link: Link;
  readonly #limits: OutboxLimits;
  /** There is one if entries are stored before they are sent. */
  readonly #ledger: Ledger | undefined;
  readonly #lanes = new Map<string, Lane>();
  /** Publishes whose promises are not settled. */
  readonly #byKey = new Map<number, [Lane, Item]>();
  #entries = 0;
  #bytes = 0;
  #places = 0;
  /** The earliest deadline; NaN: to be found anew. */
  #soonest = Infinity;

  constructor(link: Link, limits: OutboxLimits, ledger: Ledger | undefined) {
    this.#link = link;
    this.#limits = limits;
    this.#ledger = ledger;
  }

  publish(p: Publish): void {
    const { turn } = this.#link;
    const full = this.#entries >= this.#limits.entries || this.#bytes + p.bytes > this.#limits.bytes;
    const error = checkPublish(p) ?? (full ? new TuttiError('queue_full') : undefined);
    if (error) return turn.emit({ kind: 'settled', key: p.key, error });
    const item = this.#item(p, 0, this.#places++);
    if (p.timeout) item.deadline = turn.now + p.timeout;
    const lane = this.#queue(item);
    this.#ledger?.entry(item);
    this.#soonest = Math.min(this.#soonest, item.deadline);
    turn.emit({ kind: 'queued', key: p.key });
    if (item.waits) lane.amends(turn.step); // whoever publishes it cannot say it anew before this is over
    this.#pump(lane);
  }

  /** Puts what a former life kept before all that is queued; without its client, seqs say nothing. */
  restore({ client, topics = {}, entries = [] }: Kept): void {
    if (client) this.#ledger?.restored();
    const queued = [...this.#byKey.values()].map(([, item]) => item);
    this.#lanes.clear();
    this.#entries = this.#bytes = 0;
    if (client)
      for (const topic of Object.keys(topics).sort()) this.#lanes.set(topic, new Lane(topics[topic]));
    for (const [n, entry] of entries.entries()) {
      const item = this.#item(entry, (client && entry.seq) ?? 0, n - entries.length);
      const lane = this.#queue(item);
      const error = checkPublish(entry);
      if (error) this.#end(lane, item, { error });
    }
    for (const item of queued) this.#queue(item);
  }

  abort(key: number): void {
    const [lane, item] = this.#byKey.get(key) ?? [];
    if (lane && item && !item.seq) this.#end(lane, item, { error: new TuttiError('aborted') });
  }

  isUnsent(key: number): boolean {
    return this.#byKey.get(key)?.[1].seq === 0;
  }

  amend({ key, base, seen, data, bytes }: Amend): void {
    const [lane, item] = this.#byKey.get(key) ?? [];
    if (!lane || !item?.positional) return;
    this.#bytes += bytes - item.bytes;
    Object.assign(item, { base, seen, data, bytes });
    this.#ledger?.entry(item);
    lane.amends(this.#link.turn.step);
  }

  /** An entry that waits is sent, as made on that offset; one that was sent is as it was. */
  release(key: number, base: number): void {
    const [lane, item] = this.#byKey.get(key) ?? [];
    if (!lane || !item?.waits) return;
    Object.assign(item, { base, waits: false });
    this.#ledger?.entry(item);
    if (this.#link.turn.now < lane.patience) lane.patience = 0; // else it was waited for in vain
    this.#pump(lane);
  }

  answer(m: Answer): void {
    const lane = this.#lanes.get(m.topic);
    const item = lane?.items.find((i) => i.seq === m.seq);
    if (!lane || !item?.flying) return;
    item.flying = false;
    lane.flying--;
    switch (m.type) {
      case 'ack':
        lane.refusals = lane.outdated = 0;
        lane.telling = false;
        if (lane.unvoid(m.seq)) this.#ledger?.topic(m.topic, lane, true);
        if (item.base !== undefined) lane.taken = Math.max(lane.taken, m.offset ?? 0);
        this.#end(lane, item, {
          ...(m.offset && { offset: m.offset }),
          ...(m.term && { term: m.term }),
        });
        break;
      case 'refused':
        if (m.error.code === 'rebase_required' && item.positional && item.done) {
          lane.held = true;
          this.#void(lane, item, TuttiError.from(m.error)); // nobody says it anew
          break;
        }
        if (m.error.code === 'rebase_required' && !lane.outdate(item)) return this.#link.disagree();
        this.#refuse(lane, TuttiError.from(m.error));
        break;
      case 'rejected':
        lane.held = true;
        this.#reject(lane, item, TuttiError.from(m.error));
        break;
      case 'gap': {
        lane.held = true;
        item.doubtful = false;
        const lowest = lane.items[0]?.seq ?? 0;
        if (m.expected > 0 && m.expected < lowest && lane.void(m.expected, lowest - 1))
          this.#ledger?.topic(m.topic, lane, true);
      }
    }
    this.#pump(lane);
  }

  /** Whether no entry can be in the log without this client knowing it. */
  get answered(): boolean {
    for (const { items } of this.#lanes.values()) if (items.some((i) => i.doubtful || i.flying)) return false;
    return true;
  }

  /**
   * Whether documents hold all operations that the server took. What was made
   * since follows those, and under a new client's name it does by its base alone.
   */
  get seen(): boolean {
    for (const [topic, { taken, awaited }] of this.#lanes)
      if (awaited || taken > this.#link.seen(topic)) return false;
    return true;
  }

  /**
   * Sends what may be sent though it cannot be stored. Calls for a new client if
   * what is not stored can be sent by no other, since a later life would go on as
   * this one; but what is stored is first sent by this one.
   */
  unkept(): void {
    const ledger = this.#ledger;
    if (!ledger) return;
    ledger.unkept();
    this.flush();
    const lanes = [...this.#lanes.values()];
    const goesOn = (i: Item): boolean =>
      i.seq > 0 && ledger.keeps(i) && (i.base === undefined || this.#link.open(i.topic));
    if (ledger.unknown || lanes.some(({ items }) => items.some(goesOn))) return;
    if (lanes.some(({ items: [first] }) => first && ledger.lacks(first)))
      this.expired ??= this.#link.turn.now;
  }

  /** What documents lack they will not hold. */
  giveUp(): void {
    for (const lane of this.#lanes.values()) {
      lane.taken = 0;
      lane.awaited = false;
    }
  }

  /** Begins anew as a client that the server has never seen. */
  renew(): void {
    this.expired = undefined;
    this.#ledger?.renewed();
    for (const [topic, lane] of this.#lanes) {
      if (lane.last) this.#ledger?.topic(topic, lane, true);
      for (const item of lane.items) if (item.seq) this.#ledger?.entry(item);
      lane.renew();
    }
  }

  /** Sends what may be sent, in all topics. */
  flush(): void {
    for (const lane of this.#lanes.values()) this.#pump(lane);
  }

  /** Sends what waited for the topic's document to be opened. */
  opened(topic: string): void {
    const lane = this.#lanes.get(topic);
    if (!lane) return;
    if (this.#link.open(topic)) lane.awaited = false;
    this.#pump(lane);
  }

  /** A base above a snapshot is one of a log that is lost, and says nothing; all are if it is not recovered. */
  rebase(topic: string, newest: number, recovered: boolean, held: number): void {
    const lane = this.#lanes.get(topic);
    if (!lane) return;
    if (!recovered) {
      lane.taken = 0;
      for (const item of [...lane.items])
        if (item.logged && item.seq > held) this.#void(lane, item, new TuttiError('position_lost'));
    }
    for (const item of lane.items) if (item.seq && item.seq <= held) item.logged = item.positional;
    for (const item of lane.items) {
      if (!item.base || item.base <= (recovered ? newest : 0)) continue;
      item.base = 0;
      this.#ledger?.entry(item);
    }
    lane.amends(this.#link.turn.step);
  }

  /** The entry of a seq is in the log. */
  logged(topic: string, seq: number): void {
    for (const item of this.#lanes.get(topic)?.items ?? []) {
      if (item.seq === seq) item.logged = item.positional;
      if (!item.seq || item.seq >= seq) return; // seqs ascend
    }
  }

  lost(): void {
    for (const lane of this.#lanes.values()) {
      for (const { key, base, done, flying, doubtful } of lane.items)
        if (base !== undefined && flying && !doubtful && !done)
          this.#link.turn.emit({ kind: 'doubtful', key });
      lane.ground();
    }
  }

  /** Gives up those whose time has run out. */
  tick(): void {
    const { now } = this.#link.turn;
    if (now < this.#deadline()) return;
    const error = new TuttiError('timeout');
    for (const [lane, item] of [...this.#byKey.values()]) {
      if (now < item.deadline) continue;
      if (item.seq) this.#settle(item, { error, unconfirmed: true });
      else this.#end(lane, item, { error });
      lane.amends(this.#link.turn.step);
    }
  }

  /** Settles all; what is kept goes on in a later life. */
  close(): void {
    const error = new TuttiError('closed');
    for (const lane of this.#lanes.values())
      for (const item of lane.items) {
        const kept = item.seq || this.#ledger;
        this.#settle(item, kept ? { error, unconfirmed: true } : { error });
      }
    this.#lanes.clear();
  }

  wish(): number {
    const { turn } = this.#link;
    let wish = this.#deadline();
    if (this.#link.ready())
      for (const lane of this.#lanes.values()) wish = Math.min(wish, lane.wish(turn.now));
    return wish;
  }

  #pump(lane: Lane): void {
    const { turn } = this.#link;
    if (!this.#link.ready() || !lane.ready(turn.now, turn.step)) return;
    if (this.#tellOutdated(lane)) return;
    let ahead = 0;
    for (let n = 0; this.#ledger ? ahead < maxAhead : lane.flying < maxFlying; n++) {
      const item = lane.items[n];
      if (!item) break;
      if (item.flying || (this.expired !== undefined && !item.doubtful)) continue;
      const { key, topic, base, bytes } = item;
      if (base !== undefined && !this.#link.open(topic)) break;
      if (item.waits) {
        lane.patience ||= turn.now + releaseTime;
        if (turn.now < lane.patience) break;
        item.waits = false;
        if (item.positional && !item.done) {
          lane.amends(turn.step); // it is said without what it waited for
          return turn.emit({ kind: 'outdated', key });
        }
      }
      if (!item.seq && bytes > this.messageBytes) {
        const text = `The data has ${bytes} bytes; ${this.messageBytes} are allowed.`;
        this.#end(lane, item, { error: new TuttiError('too_large', text) });
        lane.amends(turn.step);
        if (lane.amending === turn.step) return;
        n--;
        continue;
      }
      if (!item.seq) {
        item.seq = ++lane.last;
        this.#ledger?.entry(item);
        this.#ledger?.topic(topic, lane, false);
        if (!item.done) turn.emit({ kind: 'sent', key, seq: item.seq });
      }
      if (ahead || lane.flying >= maxFlying || this.#ledger?.holds(lane, item) === false) ahead++;
      else this.#send(lane, item);
    }
  }

  #send(lane: Lane, item: Item): void {
    item.flying = true;
    lane.flying++;
    const { topic, seq, base, name, entryKey, data } = item;
    const voids = lane.voids.length ? lane.carried(seq) : [];
    const message: ClientMessage = { type: 'publish', topic, seq, data };
    if (voids.length) message.voids = voids;
    if (base !== undefined) message.base = base;
    if (name) message.name = name;
    if (entryKey) message.key = entryKey;
    this.#link.turn.say(message);
  }

  /** What the outbox holds of an entry; one with a seq may be in the log. */
  #item(p: Publish, seq: number, place: number): Item {
    const positional = p.base !== undefined && p.positional === true;
    const state = { done: false, flying: false, doubtful: seq > 0 };
    // What a former life has published has a place below 0.
    const first = place < 0 ? 0 : Infinity;
    return { ...p, ...state, positional, seq, place, first, told: 0, deadline: Infinity };
  }

  #queue(item: Item): Lane {
    let lane = this.#lanes.get(item.topic);
    if (!lane) {
      lane = new Lane();
      this.#lanes.set(item.topic, lane);
    }
    lane.items.push(item);
    lane.last = Math.max(lane.last, item.seq);
    this.#entries++;
    this.#bytes += item.bytes;
    this.#byKey.set(item.key, [lane, item]);
    return lane;
  }

  /** Lets the first operation be said anew, if that is due. */
  #tellOutdated(lane: Lane): boolean {
    const [first] = lane.items;
    if (!lane.telling || !first?.positional || first.done) return false;
    const { turn } = this.#link;
    lane.telling = false;
    lane.amends(turn.step);
    turn.emit({ kind: 'outdated', key: first.key });
    return true;
  }

  #refuse(lane: Lane, error: TuttiError): void {
    if (error.code === 'rebase_required' && lane.outdated === 1) {
      lane.held = true; // said anew, it is another one
      return;
    }
    if (!lane.refused) lane.refusals++;
    lane.held = lane.refused = true;
    if (error.code === 'token_expired') return this.#link.tokenExpired();
    const wait = error.retryAfter ?? backoff(lane.refusals, this.#link.random());
    lane.until = Math.max(lane.until, this.#link.turn.now + wait);
  }

  #reject(lane: Lane, item: Item, error: TuttiError): void {
    if (error.code === 'client_expired' && (this.expired !== undefined || this.canRenew())) {
      this.expired ??= this.#link.turn.now;
      if (item.doubtful || item.done) {
        this.#end(lane, item, { error, unconfirmed: true });
        lane.amends(this.#link.turn.step);
      }
      return;
    }
    this.#void(lane, item, error);
    lane.amends(this.#link.turn.step);
  }

  /** Takes the entry out of the queue, since it will never be in the log. */
  #void(lane: Lane, item: Item, error: TuttiError): void {
    if (lane.void(item.seq, item.seq)) this.#ledger?.topic(item.topic, lane, true);
    this.#end(lane, item, { error });
  }

  /** Takes the entry out of the queue. */
  #end(lane: Lane, item: Item, end: End): void {
    lane.items.splice(lane.items.indexOf(item), 1);
    this.#entries--;
    this.#bytes -= item.bytes;
    this.#ledger?.gone(item, !('error' in end));
    this.#settle(item, end);
  }

  #settle(item: Item, end: End): void {
    if (item.done) return;
    item.done = true;
    this.#byKey.delete(item.key);
    if (item.deadline < Infinity && item.deadline === this.#soonest) this.#soonest = Number.NaN;
    this.#link.turn.emit({ kind: 'settled', key: item.key, ...end });
  }

  #deadline(): number {
    if (Number.isNaN(this.#soonest)) {
      this.#soonest = Infinity;
      for (const [, item] of this.#byKey.values()) this.#soonest = Math.min(this.#soonest, item.deadline);
    }
    return this.#soonest;
  }
}
