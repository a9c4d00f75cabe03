import type { Effect } from '../core/effect.ts';
import type { Subscriptions } from '../core/subscriptions.ts';
import { bodyOf, type TuttiError } from '../error.ts';
import type { Entry, ServerMessage, SubscribeMessage } from '../protocol.ts';
import type { Seat } from './seat.ts';

/** What one tab reads of a topic. */
interface Reader {
  seat: Seat;
  topic: string;
  /** The command that it waits to be answered; undefined: there is none. */
  id: number | undefined;
  /** It was told where it begins. */
  begun: boolean;
  /** The offset up to which it was told the log. */
  at: number;
}

type Told = Extract<Effect, { kind: 'started' | 'snapshot' | 'deliver' | 'failed' }>;

/**
 * What the tabs of a hub read. For the subscriptions of the one connection each
 * tab's is one more handler of the topic; for the tab it is a subscription as a
 * server has it.
 */
export class Readers {
  readonly #subscriptions: Subscriptions;
  readonly #all = new Map<number, Reader>();
  #last = 0;

  constructor(subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions;
  }

  subscribe(
    seat: Seat,
    { topic, from, else: otherwise, doc }: Omit<SubscribeMessage, 'type' | 'id'>,
    id?: number,
  ): void {
    const former = seat.topics.get(topic);
    const handler = ++this.#last;
    this.#all.set(handler, { seat, topic, id, begun: false, at: 0 });
    seat.topics.set(topic, handler);
    this.#subscriptions.subscribe({
      handler,
      topic,
      ...(from && { from }),
      ...(otherwise && { else: otherwise }),
      ...(doc && { doc }),
    });
    // Only now, so that the connection's subscription does not end between.
    if (former !== undefined) this.#leave(former);
  }

  unsubscribe(seat: Seat, topic: string, id: number): void {
    const handler = seat.topics.get(topic);
    seat.topics.delete(topic);
    if (handler !== undefined) this.#leave(handler);
    seat.say({ type: 'unsubscribed', id, topic });
  }

  /** Ends all that a tab reads. */
  leave(seat: Seat): void {
    for (const handler of seat.topics.values()) this.#leave(handler);
    seat.topics.clear();
  }

  carryOut(effect: Told): void {
    if (effect.kind === 'deliver') {
      for (const handler of effect.handlers) this.#deliver(handler, effect.topic, effect.entry);
      return;
    }
    const reader = this.#all.get(effect.handler);
    if (!reader) return;
    if (effect.kind === 'failed') this.#failed(effect.handler, reader, effect.error);
    else this.#start(reader, effect);
  }

  #start(reader: Reader, effect: Extract<Told, { kind: 'started' | 'snapshot' }>): void {
    const { seat, topic } = reader;
    const { kind, handler: _, recovered, offset, term, ...document } = effect;
    const position = { topic, offset, ...(term !== undefined && { term }) };
    const id = !reader.begun && reader.id !== undefined ? { id: reader.id } : undefined;
    reader.begun = true;
    reader.at = offset;
    const snapshot = kind === 'snapshot' ? { snapshot: true } : undefined;
    seat.say({ type: 'subscribed', ...id, ...position, recovered, ...snapshot });
    if (snapshot) seat.say({ type: 'snapshot', ...position, ...document } as ServerMessage);
  }

  #deliver(handler: number, topic: string, { skipped: _, ...entry }: Entry): void {
    const reader = this.#all.get(handler);
    if (!reader) return;
    const skipped = entry.offset - reader.at - 1;
    reader.at = entry.offset;
    reader.seat.say({ type: 'entry', topic, ...entry, ...(skipped && { skipped }) });
  }

  #failed(handler: number, { seat, topic, id, begun }: Reader, error: TuttiError): void {
    this.#all.delete(handler);
    if (seat.topics.get(topic) !== handler) return;
    seat.topics.delete(topic);
    // The connection has as many topics as it may; the tab by itself may have not.
    if (error.code === 'limit_exceeded') return seat.end('alone');
    if (!begun && id !== undefined) seat.say({ type: 'error', id, error: bodyOf(error) });
    else seat.say({ type: 'unsubscribed', topic, error: bodyOf(error) });
  }

  #leave(handler: number): void {
    this.#all.delete(handler);
    this.#subscriptions.unsubscribe(handler);
  }
}
