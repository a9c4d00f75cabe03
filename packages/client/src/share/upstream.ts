import { Alarm } from '../alarm.ts';
import { Subscriptions } from '../core/subscriptions.ts';
import { Turn } from '../core/turn.ts';
import { Watches } from '../core/watches.ts';
import { bodyOf, TuttiError } from '../error.ts';
import type { ClientMessage, ServerMessage, Welcome } from '../protocol.ts';
import type { Transport } from '../transport.ts';
import { Asked } from './asked.ts';
import { Door } from './door.ts';
import type { Line } from './line.ts';
import { Readers } from './readers.ts';
import { Rooms } from './rooms.ts';
import type { End, Seat } from './seat.ts';

/** Until welcome, in milliseconds. */
const attemptTime = 10_000;
/** Until something is heard after a ping. */
const probeTime = 2_000;
/** What is wrong is wrong with one tab, and another may be let in. */
const personal = new Set(['token_expired', 'stale_run']);

/**
 * The one connection of a hub, and all that hangs on it. It ends as a whole: the
 * tabs are told, come again as they would to a server, and say what they read
 * and from where.
 */
export class Upstream {
  readonly #turn = new Turn();
  readonly #line: Line;
  readonly #ended: (left: Seat[]) => void;
  readonly #alarm: Alarm;
  readonly #transport: Transport;
  readonly #subscriptions: Subscriptions;
  readonly #readers: Readers;
  readonly #watches: Watches;
  readonly #rooms: Rooms;
  readonly #asked = new Asked(this.#turn);
  readonly #door: Door;
  #welcome: Welcome | undefined;
  #over = false;
  /** When the server has been silent for too long. */
  #deadline: number;
  /** Tabs that wait for a pong. */
  readonly #pinged = new Set<Seat>();

  /** At its end it tells which tabs are still to be let in, over another one. */
  constructor(line: Line, ended: (left: Seat[]) => void) {
    this.#line = line;
    this.#ended = ended;
    this.#alarm = new Alarm(
      line.timers,
      () => line.now(),
      () => this.#step(() => this.#tick(), true),
    );
    const link = {
      turn: this.#turn,
      ready: () => this.#welcome !== undefined && !this.#door.expired,
      random: () => line.random(),
      open: () => true,
      seen: () => Infinity,
      rebase: () => {},
      disagree: () => {},
      tokenExpired: () => this.#expire(new TuttiError('token_expired')),
    };
    this.#subscriptions = new Subscriptions(link);
    this.#readers = new Readers(this.#subscriptions);
    this.#watches = new Watches(link);
    this.#rooms = new Rooms(this.#turn, this.#asked, this.#watches);
    this.#door = new Door({
      asked: this.#asked,
      entered: (seat, id) => this.#enter(seat, id),
      left: (seat) => {
        this.#readers.leave(seat);
        this.#rooms.leave(seat);
      },
    });
    this.#turn.now = line.now();
    this.#deadline = this.#turn.now + attemptTime;
    this.#alarm.set(this.#deadline);
    this.#transport = line.open({
      opened: () => this.#step(() => this.#turn.say(this.#door.hello())),
      heard: (message) => this.#step(() => this.#hear(message)),
      aside: (message) => this.#step(() => this.#hear(message)),
      lost: (code) => this.#step(() => this.#end({ code })),
    });
  }

  /** Lets a tab in as soon as its turn comes. */
  admit(seat: Seat): void {
    this.#step(() => this.#door.wait(seat));
  }

  /** Takes what a tab says. */
  take(seat: Seat, messages: readonly ClientMessage[]): void {
    this.#step(() => {
      for (const m of messages) if (!seat.gone && seat.id !== undefined) this.#take(seat, seat.id, m);
    });
  }

  /** A tab has gone. */
  leave(seat: Seat): void {
    seat.gone = true;
    this.#step(() => this.#remove(seat));
  }

  /** Ends it for all. */
  close(): void {
    this.#step(() => this.#end({ code: 0 }));
  }

  #step(run: () => void, ticked = false): void {
    if (this.#over) return;
    this.#turn.now = this.#line.now();
    this.#turn.step++;
    run();
    const wish = Math.min(this.#deadline, this.#subscriptions.wish(), this.#watches.wish());
    for (const effect of this.#turn.end([], wish, ticked)) {
      if (this.#over) return;
      if (effect.kind === 'send') this.#transport.send(effect.messages);
      else if (effect.kind === 'wait') this.#alarm.set(effect.until);
      else if (effect.kind === 'presence' || effect.kind === 'unwatched') this.#rooms.carryOut(effect);
      else this.#readers.carryOut(effect as Parameters<Readers['carryOut']>[0]);
    }
    for (const seat of this.#door.seats.values()) if (seat.gone) return this.leave(seat);
    if (this.#door.idle) this.#end({ code: 0 });
  }

  #tick(): void {
    if (this.#turn.now >= this.#deadline) this.#end({ code: 0 });
    else this.#flush();
  }

  #flush(): void {
    this.#subscriptions.flush();
    this.#watches.flush();
  }

  #remove(seat: Seat): void {
    this.#pinged.delete(seat);
    this.#door.leave(seat);
  }

  #enter(seat: Seat, id: string): void {
    seat.say({ ...(this.#welcome as Welcome), clients: [id] });
    const { topics = [], watch = [], enter = [] } = seat.hello;
    for (const topic of topics) this.#readers.subscribe(seat, topic);
    for (const topic of watch) this.#rooms.watch(seat, topic);
    for (const topic of enter) this.#rooms.enter(seat, topic);
  }

  #take(seat: Seat, client: string, m: ClientMessage): void {
    switch (m.type) {
      case 'publish':
      case 'update':
      case 'signal':
        return this.#turn.say({ ...m, client });
      case 'watch':
        return this.#rooms.watch(seat, m, m.id);
      case 'unwatch':
        return this.#rooms.unwatch(seat, m.topic, m.id);
      case 'enter':
        return this.#rooms.enter(seat, m, m.id);
      case 'leave':
        return this.#rooms.leaveTopic(seat, m);
      case 'subscribe':
        return this.#readers.subscribe(seat, m, m.id);
      case 'unsubscribe':
        return this.#readers.unsubscribe(seat, m.topic, m.id);
      case 'auth': {
        const { id, token } = m;
        return this.#asked.ask({ type: 'auth', token }, (answer) => {
          if (answer.type === 'authenticated') this.#renew(token);
          seat.say({ ...answer, id } as ServerMessage);
        });
      }
      case 'history': {
        const { id, ...request } = m;
        return this.#asked.ask(request, (answer) => seat.say({ ...answer, id } as ServerMessage));
      }
      case 'ping':
        this.#pinged.add(seat);
        this.#deadline = Math.min(this.#deadline, this.#turn.now + probeTime);
        return this.#turn.say(m);
      case 'pong':
      case 'hello':
      case 'prove':
        return;
      default:
        return m satisfies never;
    }
  }

  #hear(m: ServerMessage): void {
    if (m.type === 'close') return this.#close(m);
    if (m.type === 'welcome') return this.#live(m);
    const welcome = this.#welcome;
    if (!welcome) return;
    this.#deadline = this.#turn.now + welcome.ping + welcome.grace;
    this.#answer(m);
    for (const seat of this.#pinged) seat.say({ type: 'pong' });
    this.#pinged.clear();
    // It is said to be there as often as the server says so.
    for (const seat of this.#door.seats.values())
      if (m.type === 'ping' || this.#turn.now - seat.said > welcome.grace / 2) seat.say({ type: 'ping' });
  }

  #answer(m: Exclude<ServerMessage, { type: 'close' | 'welcome' }>): void {
    switch (m.type) {
      case 'ack':
      case 'refused':
      case 'rejected':
      case 'gap':
        return this.#door.seats.get(m.client ?? '')?.say(m);
      case 'entry': {
        const { type: _, topic, ...entry } = m;
        if (!this.#subscriptions.entry(topic, entry)) this.#end({ code: 0 });
        return;
      }
      case 'snapshot': {
        const { type: _, topic, ...snapshot } = m;
        if (!this.#subscriptions.snapshot(topic, snapshot)) this.#end({ code: 0 });
        return;
      }
      case 'subscribed':
        return this.#subscriptions.subscribed(m);
      case 'unsubscribed':
        if (m.id === undefined)
          this.#subscriptions.unsubscribed(m.topic, m.error && TuttiError.from(m.error));
        return;
      case 'watching':
      case 'presence':
      case 'unwatched':
        return this.#watches.hear(m);
      case 'left':
        if (m.id === undefined) this.#door.seats.get(m.client)?.say(m);
        else this.#asked.answer(m.id, m);
        return;
      case 'entered':
        if (m.id !== undefined) this.#asked.answer(m.id, m);
        return;
      case 'authenticated':
      case 'proved':
      case 'history':
        this.#asked.answer(m.id, m);
        return;
      case 'error':
        return this.#failed(m);
      case 'ping':
        return this.#turn.say({ type: 'pong' });
      case 'pong':
        return;
      default:
        return m satisfies never;
    }
  }

  #failed(m: ServerMessage & { type: 'error' }): void {
    const error = TuttiError.from(m.error);
    if (m.id !== undefined) {
      if (this.#asked.answer(m.id, m)) return;
      if (!this.#subscriptions.refused(m.id, error)) this.#watches.refused(m.id, error);
      return;
    }
    this.#expire(error);
    // Of an update or a signal; whose is not said. Tabs that are no members pass it over.
    if (m.topic !== undefined) for (const seat of this.#door.seats.values()) seat.say(m);
  }

  #live(m: Welcome): void {
    if (this.#welcome) return;
    // Then it may know each tab as somebody else.
    if ((m.sub ?? '') !== this.#line.user) return this.#end('alone');
    this.#welcome = m;
    this.#deadline = this.#turn.now + m.ping + m.grace;
    if (m.limits?.frameBytes) this.#turn.frameBytes = m.limits.frameBytes;
    this.#door.welcome(m);
  }

  /** Every tab is to bring a fresh token. */
  #expire(error: TuttiError): void {
    if (error.code !== 'token_expired' || this.#door.expired) return;
    this.#door.expired = true;
    for (const seat of this.#door.seats.values()) seat.say({ type: 'error', error: bodyOf(error) });
  }

  #renew(token: string): void {
    this.#door.renewed(token);
    this.#flush();
  }

  #close(m: ServerMessage & { type: 'close' }): void {
    const { code, retryable } = TuttiError.from(m.error);
    const one = !this.#welcome && (!retryable || personal.has(code));
    // One of the tabs has gone to another connection: that is no other tab's end.
    if (this.#welcome && code === 'replaced') this.#end({ code: 0 });
    else this.#end(m, !one);
  }

  /** Ends it, and all tabs; if it is not for all, not those that it has not come to. */
  #end(how: End, all = true): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm.set(null);
    this.#turn.hush();
    this.#transport.shut();
    this.#ended(this.#door.shut(how, all));
  }
}
