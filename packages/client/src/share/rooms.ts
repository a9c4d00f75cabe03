import type { Effect } from '../core/effect.ts';
import type { Turn } from '../core/turn.ts';
import type { Watches } from '../core/watches.ts';
import { bodyOf } from '../error.ts';
import { View } from '../presence/view.ts';
import type { ClientMessage, EnterMessage, ServerMessage, Watching, WatchMessage } from '../protocol.ts';
import type { Asked } from './asked.ts';
import type { Seat } from './seat.ts';

/** A server tells of so many users that they have left. */
const mostLeft = 100;

type Told = Extract<Effect, { kind: 'presence' | 'unwatched' }>;

/** A topic that tabs watch. */
class Room {
  readonly view = new View();
  /** The newest list, with the counts of what came since; undefined before the first. */
  list: Watching | undefined;
  /** Tabs that were told who is there. */
  readonly told = new Set<Seat>();
  /** Those that wait for it, and the command that it answers; undefined: their hello. */
  readonly waiting = new Map<Seat, number | undefined>();
}

/**
 * What the tabs of a hub watch, and where they are members. The connection
 * watches a topic as long as a tab does, and what it is told goes to all of
 * them; one that comes later is told who is there by the hub. Members are those
 * of the tabs' own clients.
 */
export class Rooms {
  readonly #turn: Turn;
  readonly #asked: Asked;
  readonly #watches: Watches;
  readonly #all = new Map<string, Room>();

  constructor(turn: Turn, asked: Asked, watches: Watches) {
    this.#turn = turn;
    this.#asked = asked;
    this.#watches = watches;
  }

  watch(seat: Seat, { topic, since }: Omit<WatchMessage, 'type' | 'id'>, id?: number): void {
    const room = this.#all.get(topic) ?? new Room();
    this.#all.set(topic, room);
    room.told.delete(seat);
    room.waiting.set(seat, id);
    const { epoch, version } = room.view;
    if (!room.list) this.#watches.watch(topic);
    else if (since?.epoch === epoch && since?.version === version) this.#tell(topic, room, seat, true);
    else this.#tell(topic, room, seat);
  }

  unwatch(seat: Seat, topic: string, id: number): void {
    this.#leave(seat, topic);
    seat.say({ type: 'unwatched', id, topic });
  }

  enter(seat: Seat, { topic, state }: Omit<EnterMessage, 'type' | 'id'>, id?: number): void {
    const words = { topic, client: seat.id as string, ...(state !== undefined && { state }) };
    this.#asked.ask({ type: 'enter', ...words }, (answer) => {
      const { error } = answer as { error?: (ServerMessage & { type: 'error' })['error'] };
      // The connection holds as many members as it may; the tab by itself may not.
      if (error?.code === 'limit_exceeded') seat.end('alone');
      else if (id !== undefined) seat.say({ ...answer, id } as ServerMessage);
      else if (error) seat.say({ type: 'left', topic, client: words.client, error });
      else seat.say({ type: 'entered', topic, client: words.client });
    });
  }

  leaveTopic(seat: Seat, { id, ...words }: ClientMessage & { type: 'leave' }): void {
    const command = { ...words, client: seat.id as string };
    this.#asked.ask(command, (answer) => seat.say({ ...answer, id } as ServerMessage));
  }

  /** Ends all that a tab watches. */
  leave(seat: Seat): void {
    for (const topic of this.#all.keys()) this.#leave(seat, topic);
  }

  carryOut(effect: Told): void {
    const { topic } = effect;
    const room = this.#all.get(topic);
    if (!room) return;
    if (effect.kind === 'unwatched') {
      this.#all.delete(topic);
      const error = bodyOf(effect.error);
      for (const seat of [...room.told, ...room.waiting.keys()]) {
        const id = room.waiting.get(seat);
        // The connection watches as many topics as it may; the tab by itself may have not.
        if (error.code === 'limit_exceeded') seat.end('alone');
        else if (id !== undefined) seat.say({ type: 'error', id, error });
        else seat.say({ type: 'unwatched', topic, error });
      }
      return;
    }
    const { message } = effect;
    room.view.take(this.#turn.now, message);
    const { count, users } = message;
    if (message.type === 'watching') room.list = message;
    else if (room.list) room.list = { ...room.list, count, users };
    if (message.type === 'presence' || !message.recovered)
      for (const seat of room.told) seat.say({ ...message, topic } as ServerMessage);
    for (const seat of room.waiting.keys()) this.#tell(topic, room, seat);
  }

  /** Tells a tab who is there, or that it knows. */
  #tell(topic: string, room: Room, seat: Seat, recovered = false): void {
    const { view, list } = room;
    const { epoch, version, members } = view;
    const id = room.waiting.get(seat);
    room.waiting.delete(seat);
    room.told.add(seat);
    if (!list || epoch === undefined || version === undefined) return;
    const { members: _, left: __, ...words } = list;
    const left = [...view.left].reverse().slice(0, mostLeft);
    seat.say({
      ...words,
      topic,
      ...(id !== undefined && { id }),
      epoch,
      version,
      recovered,
      ...(!recovered && {
        members: [...members],
        left: left.map(([user, { name, time }]) => ({ user, ...(name !== undefined && { name }), time })),
      }),
    });
  }

  #leave(seat: Seat, topic: string): void {
    const room = this.#all.get(topic);
    if (!room) return;
    room.told.delete(seat);
    room.waiting.delete(seat);
    if (room.told.size || room.waiting.size) return;
    this.#all.delete(topic);
    this.#watches.unwatch(topic);
  }
}
