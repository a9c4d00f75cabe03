import { TuttiError } from '../error.ts';
import type { EnterMessage } from '../protocol.ts';
import { checkName, checkTopic } from './check.ts';
import type { Link } from './link.ts';
import { Wish } from './wish.ts';

/** At least so long after an update the next is sent, */
const updateTime = 50;
/** and after one that was refused. */
const refusedTime = 1000;

class Membership extends Wish {
  state: unknown;
  /** It is to end. */
  leaving = false;
  /** It was entered on this connection, as far as is known. */
  known = false;
  /** The server has it, as far as is known: a refusal to enter again does not end it. */
  held = false;
  /** The state was not said. */
  stale = false;
  /** The next update is not sent before. */
  next = 0;
  /** Of those who wait for the answer. */
  keys: number[] = [];
}

/** The topics that the client has entered. */
export class Members {
  readonly #link: Link;
  readonly #all = new Map<string, Membership>();

  constructor(link: Link) {
    this.#link = link;
  }

  /** The client is to be a member of any topic. */
  get any(): boolean {
    return this.#all.size > 0;
  }

  enter(key: number, topic: string, state: unknown): void {
    const { turn } = this.#link;
    const error = checkTopic(topic);
    if (error) return turn.emit({ kind: 'entered', key, error });
    const m = this.#all.get(topic) ?? new Membership(this.#link, topic);
    this.#all.set(topic, m);
    if (m.leaving) {
      this.#settle(m);
      m.leaving = m.held = false;
    }
    m.state = state;
    m.keys.push(key);
    m.renew();
    this.flush();
  }

  update(topic: string, state: unknown): void {
    const m = this.#entered(topic);
    if (!m) return;
    m.state = state;
    m.stale = true;
    this.flush();
  }

  leave(topic: string, key: number | undefined): void {
    const m = this.#all.get(topic);
    if (m && !m.leaving) {
      this.#settle(m, new TuttiError('aborted'));
      m.leaving = true;
      m.renew();
    }
    if (m && key !== undefined) m.keys.push(key);
    else if (key !== undefined) this.#link.turn.emit({ kind: 'left', key });
    if (m && !m.known) this.#end(m);
    this.flush();
  }

  /** Calls something out, if that can be said now. */
  signal(topic: string, name: string, data: unknown): void {
    const { turn } = this.#link;
    const m = this.#entered(topic);
    const error = name ? checkName(name) : new TuttiError('bad_name', 'A signal needs a name.');
    if (m && error) turn.emit({ kind: 'fault', topic, error });
    else if (m?.known && this.#link.ready())
      turn.say({ type: 'signal', topic, name, ...(data !== undefined && { data }) });
  }

  hello(): Omit<EnterMessage, 'type' | 'id'>[] {
    return [...this.#all.values()].map((m) => {
      m.say(0);
      return words(m);
    });
  }

  /** Says whatever is to be said and was not yet. */
  flush(): void {
    const { turn } = this.#link;
    for (const m of this.#all.values()) {
      if (m.due) {
        const id = m.say(turn.id());
        if (m.leaving) turn.say({ type: 'leave', id, topic: m.topic });
        else turn.say({ type: 'enter', id, ...words(m) });
      } else if (m.stage === 'granted' && m.stale && this.#link.ready() && turn.now >= m.next) {
        m.next = turn.now + updateTime;
        turn.say({ type: 'update', ...words(m) });
      }
    }
  }

  entered(id: number | undefined, topic: string): void {
    const m = this.#all.get(topic);
    if (!m || m.leaving) return;
    m.held = true;
    if ((id ?? 0) !== m.id) return;
    m.grant();
    this.#settle(m);
    this.flush();
  }

  /** The client is no member, since it left or since the server says so. */
  left(id: number | undefined, topic: string | undefined, error: TuttiError | undefined): void {
    const m = topic === undefined ? undefined : this.#all.get(topic);
    if (!m) return;
    if (m.leaving && (id === undefined || id === m.id)) return this.#end(m);
    if (m.leaving || id !== undefined) return;
    m.held = false;
    this.#refused(m, error);
  }

  /** A command failed; returns whether it was one of these. */
  refused(id: number, error: TuttiError): boolean {
    for (const m of this.#all.values()) {
      if (m.id !== id) continue;
      this.#refused(m, error);
      return true;
    }
    return false;
  }

  /** An update or a signal failed. */
  failed(topic: string, error: TuttiError): void {
    const m = this.#all.get(topic);
    if (!m || m.leaving) return;
    if (error.code === 'not_found') {
      m.held = false;
      m.renew();
    } else if (error.retryable) m.stale = true;
    else this.#link.turn.emit({ kind: 'fault', topic, error });
    if (error.code === 'token_expired') this.#link.tokenExpired();
    else m.next = this.#link.turn.now + Math.max(error.retryAfter ?? 0, refusedTime);
    this.flush();
  }

  lost(): void {
    for (const m of this.#all.values()) {
      m.lost();
      m.known = m.held = false;
      m.next = 0;
      if (m.leaving) this.#end(m);
    }
  }

  close(): void {
    for (const m of this.#all.values()) this.#settle(m, new TuttiError('closed'));
  }

  wish(): number {
    let wish = Infinity;
    if (this.#link.ready())
      for (const m of this.#all.values()) {
        const update = m.stage === 'granted' && m.stale ? m.next : Infinity;
        wish = Math.min(wish, m.wish, update);
      }
    return wish;
  }

  /** That of a topic of which the client is to be a member; else it is told. */
  #entered(topic: string): Membership | undefined {
    const m = this.#all.get(topic);
    if (m && !m.leaving) return m;
    this.#link.turn.emit({ kind: 'fault', topic, error: new TuttiError('not_found') });
    return undefined;
  }

  #refused(m: Membership, why: TuttiError | undefined): void {
    const error = m.refuse(why);
    if (!error) return;
    const stays = m.held && !m.leaving;
    this.#end(m, error);
    if (!stays) return;
    m.leaving = true;
    m.renew();
    this.#all.set(m.topic, m);
    this.flush();
  }

  #end(m: Membership, error?: TuttiError): void {
    this.#all.delete(m.topic);
    if (error && !m.keys.length && !m.leaving)
      this.#link.turn.emit({ kind: 'expelled', topic: m.topic, error });
    this.#settle(m, error);
  }

  /** Answers those who wait. */
  #settle(m: Membership, error?: TuttiError): void {
    const { turn } = this.#link;
    for (const key of m.keys.splice(0))
      if (m.leaving) turn.emit({ kind: 'left', key });
      else turn.emit({ kind: 'entered', key, ...(error && { error }) });
  }
}

/** What is said of a member; it is not stale then. */
function words(m: Membership): Omit<EnterMessage, 'type' | 'id'> {
  m.known = true;
  m.stale = false;
  return { topic: m.topic, ...(m.state !== undefined && { state: m.state }) };
}
