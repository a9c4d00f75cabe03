import { Fold, type Op, TextError } from '@tutti/text/log';
import type { ErrorCode } from '../src/codes.ts';
import type { Road } from '../src/core/roads.ts';
import type { Type, TypeName } from '../src/doc/type.ts';
import type { Entry } from '../src/protocol.ts';
import type { WebSocketClass } from '../src/socket.ts';
import { fold, types } from './doc/types.ts';
import { Link } from './link.ts';
import { request } from './post.ts';
import { Room } from './rooms.ts';
import type { Session } from './session.ts';
import type { World } from './world.ts';

/** How often things go wrong, from 0 to 1. */
export interface Faults {
  refuse: number;
  reject: number;
  cut: number;
  expire: number;
  dial: number;
  /** A text's log begins anew behind an entry, as it does seldom by itself. */
  bar: number;
}

export const calm: Faults = { refuse: 0, reject: 0, cut: 0, expire: 0, dial: 0, bar: 0 };

/**
 * What the network does to a road: lets it through, refuses it, answers
 * nothing, answers in the server's place, or keeps the answer to itself.
 */
export type Passage = 'open' | 'refused' | 'hung' | 'portal' | 'muted';

export type Message = Record<string, unknown> & { type: string };

/** What the server remembers of one client in one topic. */
export interface Row {
  accepted: Map<number, number>;
  voids: Set<number>;
  /** The run of the entry that was accepted last. */
  run: number;
}

interface Log {
  entries: Entry[];
  rows: Map<string, Row>;
  /** Of a topic whose name begins with the name of a type: its document. */
  type: Type<unknown> | undefined;
  cells: Map<string, unknown>;
  /** Of a topic whose name begins with `text`. */
  text: Fold | undefined;
}

export const term = 'AAAAAAAAAAA';

/**
 * A server by the naive reading of the rules: sequencer, exactly-once and
 * subscriptions, over links and requests that delay, cut and forget. It is the
 * other side in the tests of the driver.
 */
export class ModelServer {
  faults = calm;
  passage: Record<Road | 'commands', Passage> = {
    ws: 'open',
    sse: 'open',
    poll: 'open',
    commands: 'open',
  };
  readonly links = new Set<Link>();
  readonly sessions = new Set<Session>();
  readonly logs = new Map<string, Log>();
  readonly rooms = new Map<string, Room>();
  /** Who a token is of; the client is a user by itself if it is of nobody. */
  userOf: (token: string) => { user?: string; name?: string } = () => ({});
  readonly runs = new Map<string, number>();
  /** Every message that a client said, in order. */
  readonly heard: Message[] = [];
  /** Every request that came, by the last part of its path. */
  readonly requests: string[] = [];
  /** Whether the application rejects an entry. */
  rejects: (data: unknown) => boolean = () => false;
  /** Clients die before they have stored the run that they said, and say it again. */
  mortal = false;
  /** How often a document is opened anew by a snapshot that could be by its entries, from 0 to 1. */
  snapshots = 0.5;
  /** Entries wait: acknowledgements come without them. */
  holding = false;
  /** The server has forgotten all that these clients sent. */
  readonly forgotten = new Set<string>();
  /** Documents that may not be opened any more. */
  readonly forbidden = new Set<string>();
  /** Topics that nobody may enter. */
  readonly closed = new Set<string>();
  /** The answer to a POST of commands is lost on its way, so many times. */
  loseAnswers = 0;
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

  /** The function to pass to connect. */
  readonly fetch: typeof fetch = (input, init) => request(this, String(input), init ?? {});

  log(topic: string): Log {
    let log = this.logs.get(topic);
    if (!log) {
      const [namespace = ''] = topic.split(':');
      const type = Object.hasOwn(types, namespace) ? types[namespace as TypeName] : undefined;
      const text = namespace === 'text' ? new Fold() : undefined;
      log = { entries: [], rows: new Map(), type, cells: new Map(), text };
      this.logs.set(topic, log);
    }
    return log;
  }

  room(topic: string): Room {
    const room = this.rooms.get(topic) ?? new Room(this, topic);
    this.rooms.set(topic, room);
    return room;
  }

  /** The server ends and begins anew: it knows of nobody who is there. */
  restart(): void {
    this.cutAll();
    for (const room of this.rooms.values()) room.restart();
  }

  /** What a document becomes by an operation, or why it is rejected. */
  judge(topic: string, data: unknown, more: { client?: string; base?: number }): ReturnType<typeof fold> {
    const { type, cells, entries, text } = this.log(topic);
    const offset = entries.length + 1;
    if (text) {
      try {
        Fold.load(text.snapshot()).fold({ offset, client: '', base: offset - 1, ...more, op: data as Op });
      } catch (error) {
        if (error instanceof TextError) return { cells, error: error.code as ErrorCode };
        throw error;
      }
    }
    return type ? fold(type, cells, { offset, base: offset - 1, ...more }, data) : { cells };
  }

  append(topic: string, data: unknown, more?: Partial<Entry>): number {
    const log = this.log(topic);
    const offset = log.entries.length + 1;
    log.cells = this.judge(topic, data, more ?? {}).cells;
    const base = (log.type || log.text) && { base: offset - 1 };
    const eff = log.text?.fold({ offset, client: '', base: offset - 1, ...more, op: data as Op });
    if (log.text && this.world.chance(this.faults.bar)) log.text = new Fold(log.text.text, offset);
    log.entries.push({ offset, term, time: this.world.now, ...base, ...(eff && { eff }), data, ...more });
    for (const session of this.sessions) session.feed(topic);
    return offset;
  }

  /** Lets the entries go on that waited. */
  release(): void {
    this.holding = false;
    for (const session of this.sessions) for (const topic of this.logs.keys()) session.feed(topic);
  }

  cutAll(): void {
    for (const session of [...this.sessions]) session.cut(1006);
  }
}
