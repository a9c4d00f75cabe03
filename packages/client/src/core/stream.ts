import type { TuttiError } from '../error.ts';
import type { Position, Snapshot, Subscribed, SubscribeMessage } from '../protocol.ts';
import { backoff } from './backoff.ts';
import type { Join } from './input.ts';
import type { Link } from './link.ts';
import { question, type Reader, start } from './reader.ts';

/** The question to the server that is not answered yet. */
interface Request {
  /** Undefined: it stands in hello. */
  id: number | undefined;
  /** What it asks; those who wait for the same are started by its answer. */
  question: string;
  /** As a document of which type; undefined: none. */
  doc: string | undefined;
}

/** A snapshot that the server has announced. */
interface Coming {
  /** Who asked for it; undefined: nobody. */
  question: string | undefined;
  /** The subscription was moved: it is for everyone who reads the document. */
  moved: boolean;
  recovered: boolean;
}

/**
 * What a client reads of one topic: one subscription that all handlers share
 * (rules CONN-6 and CONN-10, SUB-1 to SUB-6, DOC-8 to DOC-11).
 *
 * A connection has one place in a topic, so a handler that begins elsewhere
 * moves that place for all. Each handler therefore keeps a position of its own
 * and takes the very next entry only (but for those that the server skips, rule
 * SUB-8): what comes a second time passes it by,
 * and when the place was moved ahead of it, it waits until the stream has been
 * moved back. So it is, too, when a snapshot moves the place ahead of a handler
 * that reads entries alone.
 */
export class Stream {
  readonly topic: string;
  readonly #link: Link;
  readonly #readers = new Map<number, Reader>();
  /** The connection's place; undefined: no entries come. */
  #place: number | undefined;
  /** The server reads the topic as a document. */
  #doc = false;
  #coming: Coming | undefined;
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
    return this.#granted || this.#request !== undefined;
  }

  /** It stands in a hello that was not answered yet. */
  get greeted(): boolean {
    return this.#request !== undefined && this.#request.id === undefined;
  }

  /** It was opened as a document on this connection. */
  get open(): boolean {
    return [...this.#readers.values()].some((r) => r.doc && r.live);
  }

  /** Up to where all who read the document were told its log; Infinity if nobody was. */
  get seen(): number {
    let seen = Infinity;
    for (const { doc, begun, at } of this.#readers.values())
      if (doc && begun && at) seen = Math.min(seen, at.offset);
    return seen;
  }

  join(j: Join): void {
    const { handler, from = 'new', doc } = j;
    const otherwise = doc ? undefined : j.else;
    const reader: Reader = { handler, from, else: otherwise, doc, live: false, begun: false };
    this.#readers.set(handler, reader);
    if (from === 'new' && !doc && this.#place !== undefined) this.#start(reader, this.#newest, true);
    else this.ask();
  }

  leave(handler: number): void {
    this.#readers.delete(handler);
  }

  /** The part of hello that is about this topic. */
  hello(): Omit<SubscribeMessage, 'type' | 'id'> {
    const [first] = this.#readers.values();
    this.#request = { id: undefined, question: question(first), doc: first?.doc };
    return { topic: this.topic, ...start(first) };
  }

  /** Asks the next question, if there is one and none is unanswered. */
  ask(): void {
    const { turn } = this.#link;
    if (this.#request || this.#coming || !this.#link.ready() || turn.now < this.#until) return;
    const readers = [...this.#readers.values()];
    let next: Reader | undefined = readers.find((r) => !r.live);
    if (!next) {
      for (const r of readers)
        if (this.#behind(r) && (!next?.at || (r.at as Position).offset < next.at.offset)) next = r;
      if (next) next = { ...next, from: next.at as Position };
    }
    if (!next) return;
    const id = turn.id();
    this.#request = { id, question: question(next), doc: next.doc };
    turn.say({ type: 'subscribe', id, topic: this.topic, ...start(next) });
  }

  /**
   * Takes the answer to a question, or the news that the subscription was
   * moved; returns the handlers that end, since the server knows no documents.
   */
  subscribed(m: Subscribed): number[] {
    const { id, offset, term, recovered } = m;
    const answers = this.#request?.id === id ? this.#request : undefined;
    if (!answers && (id !== undefined || !this.#granted)) return [];
    if (answers) {
      this.#request = undefined;
      this.#refusals = 0;
      this.#doc = answers.doc !== undefined;
    }
    if (this.#doc && m.snapshot) {
      this.#await({ question: (answers ?? this.#coming)?.question, moved: !answers, recovered });
      return [];
    }
    const position: Position = offset && term !== undefined ? { offset, term } : { offset };
    const lost = !answers && offset < (this.#place ?? 0);
    if (lost || offset > this.#newest.offset) this.#newest = position;
    this.#place = offset;
    if (!answers) {
      for (const r of this.#readers.values())
        if (this.#coming || (r.doc && (lost || this.#behind(r)))) this.#wait(r);
        else if (r.live && (lost || this.#behind(r))) this.#start(r, position, false);
      this.#coming = undefined;
      return [];
    }
    const asked = this.#asked(answers.question);
    if (this.#doc && (!recovered || asked.some((r) => (r.at ?? (r.from as Position)).offset !== offset)))
      return asked.map((r) => r.handler);
    for (const r of asked) this.#start(r, position, recovered);
    return [];
  }

  /** Takes the document as it is at a place; returns false if that is before the subscription's. */
  snapshot(s: Snapshot): boolean {
    const coming = this.#coming;
    if (!coming && (this.#place === undefined || !this.#doc)) return true;
    const { offset, term, ...rest } = s;
    if (!coming && offset < (this.#place as number)) return false;
    const position: Position = offset && term !== undefined ? { offset, term } : { offset };
    const asked = coming?.question === undefined ? [] : this.#asked(coming.question);
    this.#coming = undefined;
    this.#place = offset;
    if (coming?.moved || offset > this.#newest.offset) this.#newest = position;
    for (const r of this.#readers.values()) {
      const told = asked.includes(r) || (coming?.moved && r.begun);
      if (!r.doc || !(told || (r.live && this.#behind(r)))) continue;
      const recovered = !told || (coming?.recovered ?? true);
      this.#link.rebase(this.topic, offset, recovered, rest.seqs);
      r.at = position;
      r.live = r.begun = true;
      this.#link.turn.emit({ kind: 'snapshot', handler: r.handler, ...position, ...rest, recovered });
    }
    this.ask();
    return true;
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
    return error.retryable ? [] : this.#asked(request.question).map((r) => r.handler);
  }

  /** The server ended the subscription, unasked; returns the handlers that end. */
  unsubscribed(error: TuttiError | undefined): number[] {
    if (!this.#granted && !this.greeted) return [];
    const greeting = this.greeted ? this.#request : undefined;
    if (greeting) this.#request = undefined;
    if (greeting && error?.code === 'wrong_type') return this.#asked(greeting.question).map((r) => r.handler);
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

  /** The server has granted the subscription. */
  get #granted(): boolean {
    return this.#place !== undefined || this.#coming !== undefined;
  }

  #behind(r: Reader): boolean {
    return r.at !== undefined && this.#place !== undefined && r.at.offset < this.#place;
  }

  /** The handlers that hang on the answer to a question. */
  #asked(text: string): Reader[] {
    const readers = [...this.#readers.values()];
    const waiting = readers.filter((r) => !r.live && question(r) === text);
    return waiting.length
      ? waiting
      : readers.filter((r) => r.live && question({ ...r, from: r.at }) === text);
  }

  #start(r: Reader, p: Position, recovered: boolean): void {
    const told = !r.begun || !recovered;
    if (told) r.at = p;
    r.live = r.begun = true;
    if (told) this.#link.turn.emit({ kind: 'started', handler: r.handler, ...p, recovered });
  }

  /** A snapshot is to come before anything else. */
  #await(coming: Coming): void {
    this.#coming = coming;
    this.#place = undefined;
    if (coming.moved) for (const r of this.#readers.values()) this.#wait(r);
  }

  /** It is to be told where it goes on. */
  #wait(r: Reader): void {
    r.live = false;
    if (r.begun && r.at) r.from = r.at;
  }

  /** No entries come any more: every handler waits to go on where it is. */
  #pause(): void {
    this.#place = this.#coming = undefined;
    this.#newest = { offset: 0 };
    for (const r of this.#readers.values()) this.#wait(r);
  }

  #retry(error: TuttiError | undefined): void {
    if (error?.code === 'token_expired') return this.#link.tokenExpired();
    const wait = backoff(++this.#refusals, this.#link.random());
    this.#until = this.#link.turn.now + (error?.retryAfter ?? wait);
  }
}
