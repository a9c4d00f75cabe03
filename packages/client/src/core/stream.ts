import type { TuttiError } from '../error.ts';
import type { Else, From, Position, Subscribed } from '../protocol.ts';
import { backoff } from './backoff.ts';
import type { Join } from './input.ts';
import type { Link } from './link.ts';

/** One handler of a topic. */
interface Reader {
  handler: number;
  /** How far it has read. */
  at?: Position | undefined;
  /** It takes entries; else it waits to be told where it goes on. */
  live: boolean;
  /** It had started before: it is told only if it must start anew. */
  begun: boolean;
  from: From;
  else?: Else | undefined;
}

/** The question to the server that is not answered yet. */
interface Request {
  /** Undefined: it stands in hello. */
  id: number | undefined;
  /** What it asks; those who wait for the same are started by its answer. */
  question: string;
}

/**
 * What a client reads of one topic: one subscription that all handlers share
 * (rules CONN-6 and CONN-10, SUB-1 to SUB-6).
 *
 * A connection has one place in a topic, so a handler that begins elsewhere
 * moves that place for all. Each handler therefore keeps a position of its own
 * and takes the very next entry only (but for those that the server skips, rule
 * SUB-8): what comes a second time passes it by,
 * and when the place was moved ahead of it, it waits until the stream has been
 * moved back.
 */
export class Stream {
  readonly topic: string;
  readonly #link: Link;
  readonly #readers = new Map<number, Reader>();
  /** The connection's place; undefined: the subscription is not live. */
  #place: number | undefined;
  /** The farthest place of this connection: where a handler from `new` begins. */
  #newest: Position = { offset: 0 };
  #request: Request | undefined;
  /** The server refused: until when nothing is asked, and how often in a row it did. */
  #until = 0;
  #refusals = 0;

  constructor(link: Link, topic: string) {
    this.#link = link;
    this.topic = topic;
  }

  get handlers(): number[] {
    return [...this.#readers.keys()];
  }

  /** The server has a subscription for it on this connection, or was asked for one. */
  get known(): boolean {
    return this.#place !== undefined || this.#request !== undefined;
  }

  /** It stands in a hello that was not answered yet. */
  get greeted(): boolean {
    return this.#request !== undefined && this.#request.id === undefined;
  }

  join(j: Join): void {
    const { handler, from = 'new' } = j;
    const reader: Reader = { handler, from, else: j.else, live: false, begun: false };
    this.#readers.set(handler, reader);
    if (from === 'new' && this.#place !== undefined) this.#start(reader, this.#newest, true);
    else this.ask();
  }

  leave(handler: number): void {
    this.#readers.delete(handler);
  }

  /** The part of hello that is about this topic. */
  hello(): { topic: string; from?: From; else?: Else } {
    const [first] = this.#readers.values();
    this.#request = { id: undefined, question: question(first) };
    return { topic: this.topic, ...start(first) };
  }

  /** Asks the next question, if there is one and none is unanswered. */
  ask(): void {
    const { turn } = this.#link;
    if (this.#request || !this.#link.ready() || turn.now < this.#until) return;
    const readers = [...this.#readers.values()];
    let next: Reader | undefined = readers.find((r) => !r.live);
    if (!next) {
      for (const r of readers)
        if (this.#behind(r) && (!next?.at || (r.at as Position).offset < next.at.offset)) next = r;
      if (next) next = { ...next, from: next.at as Position };
    }
    if (!next) return;
    const id = turn.id();
    this.#request = { id, question: question(next) };
    turn.say({ type: 'subscribe', id, topic: this.topic, ...start(next) });
  }

  /** Takes the answer to a question, or the news that the subscription was moved. */
  subscribed(m: Subscribed): void {
    const { id, offset, term, recovered } = m;
    const answers = this.#request?.id === id ? this.#request : undefined;
    if (!answers && (id !== undefined || this.#place === undefined)) return;
    const position: Position = offset && term !== undefined ? { offset, term } : { offset };
    const lost = !answers && offset < (this.#place as number);
    if (lost || this.#place === undefined || offset > this.#newest.offset) this.#newest = position;
    this.#place = offset;
    if (answers) {
      this.#request = undefined;
      this.#refusals = 0;
      for (const r of this.#asked(answers)) this.#start(r, position, recovered);
    } else {
      for (const r of this.#readers.values())
        if (r.live && (lost || this.#behind(r))) this.#start(r, position, false);
    }
    this.ask();
  }

  /**
   * Moves on by an entry, and by those skipped before it; returns the handlers
   * that it is for, or undefined if it is not the next.
   */
  entry(position: Position, skipped = 0): number[] | undefined {
    if (this.#place === undefined) return [];
    const before = position.offset - skipped - 1;
    if (before !== this.#place) return undefined;
    this.#place = position.offset;
    if (position.offset > this.#newest.offset) this.#newest = position;
    const due: number[] = [];
    for (const r of this.#readers.values()) {
      if (!r.live || !r.at || r.at.offset < before || r.at.offset >= position.offset) continue;
      r.at = position;
      due.push(r.handler);
    }
    return due;
  }

  /** The server did not take the question of that id; returns whether it was one of these, and the handlers that end. */
  refused(id: number, error: TuttiError): number[] | undefined {
    const request = this.#request;
    if (request?.id !== id) return undefined;
    this.#request = undefined;
    if (error.retryable) this.#retry(error);
    return error.retryable ? [] : this.#asked(request).map((r) => r.handler);
  }

  /** The server ended the subscription, unasked; returns the handlers that end. */
  unsubscribed(error: TuttiError | undefined): number[] {
    if (this.#place === undefined && !this.greeted) return [];
    if (this.greeted) this.#request = undefined;
    if (error && !error.retryable) return this.handlers;
    this.#pause();
    this.#retry(error);
    return [];
  }

  lost(): void {
    this.#pause();
    this.#request = undefined;
    this.#until = this.#refusals = 0;
  }

  wish(): number {
    return this.#until > this.#link.turn.now && !this.#request ? this.#until : Infinity;
  }

  #behind(r: Reader): boolean {
    return r.at !== undefined && this.#place !== undefined && r.at.offset < this.#place;
  }

  /** The handlers that hang on the answer to a question. */
  #asked(q: Request): Reader[] {
    const readers = [...this.#readers.values()];
    const waiting = readers.filter((r) => !r.live && question(r) === q.question);
    return waiting.length
      ? waiting
      : readers.filter((r) => r.live && question({ ...r, from: r.at }) === q.question);
  }

  #start(r: Reader, p: Position, recovered: boolean): void {
    const told = !r.begun || !recovered;
    if (told) r.at = p;
    r.live = r.begun = true;
    if (told) this.#link.turn.emit({ kind: 'started', handler: r.handler, ...p, recovered });
  }

  /** No entries come any more: every handler waits to go on where it is. */
  #pause(): void {
    this.#place = undefined;
    for (const r of this.#readers.values()) {
      r.live = false;
      if (r.begun && r.at) r.from = r.at;
    }
  }

  #retry(error: TuttiError | undefined): void {
    if (error?.code === 'token_expired') return this.#link.tokenExpired();
    const wait = backoff(++this.#refusals, this.#link.random());
    this.#until = this.#link.turn.now + (error?.retryAfter ?? wait);
  }
}

interface Where {
  from?: From | undefined;
  else?: Else | undefined;
}

function start(w: Where | undefined): { from?: From; else?: Else } {
  return {
    ...(w?.from && w.from !== 'new' && { from: w.from }),
    ...(w?.else && w.else !== 'earliest' && { else: w.else }),
  };
}

function question(w: Where | undefined): string {
  const { from = 'new', else: otherwise = 'earliest' } = w ?? {};
  const words = typeof from === 'string' ? [from] : 'last' in from ? [from.last] : [from.offset, from.term];
  return JSON.stringify([otherwise, ...words]);
}
