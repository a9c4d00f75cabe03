import type { ErrorBody } from './error.ts';

/** The WebSocket subprotocol. */
export const version = 'tutti.v1';

/** A place in a topic's log: everything up to `offset` has been read, and `term` wrote the entry there. */
export interface Position {
  offset: number;
  /** Absent at offset 0 alone. */
  term?: string;
}

/**
 * Where a subscription starts: behind the newest entry (the default), at the
 * earliest that the log holds, the last n entries back, or behind a position.
 */
export type From = 'new' | 'earliest' | { last: number } | Position;

/** Where to start when the log no longer holds the position asked for. */
export type Else = 'earliest' | 'new';

/** First and last of a range of seqs, inclusive. */
export type Range = [first: number, last: number];

/** One entry of a topic's log. */
export interface Entry<T = unknown> {
  /** 1, 2, 3, … in each topic, without holes. */
  offset: number;
  term: string;
  /** What it is the newest word about, where its publisher said so. */
  key?: string;
  /** Who published it, one tab or process; absent for entries published by a backend. */
  client?: string;
  /** The client's own number for it. */
  seq?: number;
  voids?: Range[];
  /** Of an operation of a document: its author had seen the log up to here. */
  base?: number;
  /** Of an operation of a text: what it does to the text as it is, where that is not what `data` says. */
  eff?: readonly (readonly [at: number, deleted: number, inserted: string])[];
  /** How many entries before it this reader was not given, where its topic delivers the latest alone. */
  skipped?: number;
  /** Absent: `message`. */
  name?: string;
  /** Milliseconds since 1970, by the server's clock. */
  time: number;
  /** The identity that published it; absent for anonymous publishers. */
  author?: { sub: string; name?: string };
  /** What was published was taken out of the log since; `data` is null. */
  redacted?: true;
  data: T;
}

/** A page of a topic's log, ascending. */
export interface Page<T = unknown> {
  topic: string;
  /** The lowest offset that can still be read. */
  first: number;
  head: Position;
  entries: Entry<T>[];
}

/** A place in what watchers of a topic are told. */
export interface PresenceVersion {
  epoch: string;
  version: number;
}

/** One client that is in a topic. */
export interface Member<S = unknown> {
  client: string;
  /** The `sub` of its identity; without it the client is a user by itself. */
  user?: string;
  /** The name of its identity, for display. */
  name?: string;
  state?: S;
  /** When it entered, in milliseconds since 1970 by the server's clock. */
  since: number;
}

/** Who is in a topic, at a version. */
export interface Watching extends PresenceVersion {
  type: 'watching';
  /** There are no members: what has changed since the version that was known comes. */
  recovered: boolean;
  /** Of members, also those that are not listed. */
  count: number;
  users: number;
  members?: Member[];
  /** The users who left last, newest first. */
  left?: { user: string; name?: string; time: number }[];
  mode?: 'count';
  /** How long one who is gone stays, in milliseconds. */
  grace: number;
}

/** What a member called out. */
export interface MemberSignal {
  client: string;
  user?: string;
  name: string;
  data?: unknown;
}

/** What has changed between two versions. */
export interface PresenceChange {
  type: 'presence';
  from: number;
  version: number;
  /** By the server's clock, in milliseconds since 1970. */
  time: number;
  count: number;
  users: number;
  leaves?: { client: string; user?: string; time: number }[];
  joins?: Member[];
  /** They were there, and are listed now. */
  shown?: Member[];
  updates?: { client: string; state?: unknown }[];
  signals?: MemberSignal[];
}

export interface Limits {
  messageBytes: number;
  frameBytes: number;
}

export interface SubscribeMessage {
  type: 'subscribe';
  id: number;
  topic: string;
  from?: From;
  else?: Else;
  /** Opens the topic as a document of this type. */
  doc?: string;
}

/** What is asked of a page: the entries above `after`, or the newest below `before`, or the newest. */
export interface PageRequest {
  after?: number;
  before?: number;
  /** At most this many; 100 if absent. */
  limit?: number;
}

/** Proves one client, and says which run of it this is. */
export interface ClientProof {
  secret: string;
  run: number;
}

export type WatchMessage = { type: 'watch'; id: number; topic: string; since?: PresenceVersion };

export type EnterMessage = { type: 'enter'; id: number; topic: string; client?: string; state?: unknown };

export type ClientMessage =
  | {
      type: 'hello';
      token?: string;
      clients?: ClientProof[];
      topics?: Omit<SubscribeMessage, 'type' | 'id'>[];
      watch?: Omit<WatchMessage, 'type' | 'id'>[];
      enter?: Omit<EnterMessage, 'type' | 'id'>[];
    }
  | { type: 'auth'; id: number; token: string }
  | { type: 'prove'; id: number; clients: ClientProof[] }
  | SubscribeMessage
  | { type: 'unsubscribe'; id: number; topic: string }
  | {
      type: 'publish';
      topic: string;
      client?: string;
      seq: number;
      voids?: Range[];
      base?: number;
      name?: string;
      key?: string;
      data: unknown;
    }
  | ({ type: 'history'; id: number; topic: string } & PageRequest)
  | WatchMessage
  | { type: 'unwatch'; id: number; topic: string }
  | EnterMessage
  | { type: 'update'; topic: string; client?: string; state?: unknown }
  | { type: 'leave'; id: number; topic?: string; client?: string; away?: true }
  | { type: 'signal'; topic: string; client?: string; name: string; data?: unknown }
  | { type: 'ping' }
  | { type: 'pong' };

export interface Welcome {
  type: 'welcome';
  session?: string;
  sub?: string;
  name?: string;
  clients?: string[];
  ping: number;
  grace: number;
  limits?: Partial<Limits>;
}

export interface Subscribed {
  type: 'subscribed';
  id?: number;
  topic: string;
  offset: number;
  term?: string;
  recovered: boolean;
  /** A snapshot comes before the topic's first entry. */
  snapshot?: boolean;
}

/** A cell of a document, by its key. */
export type Cell = [key: string, cell: unknown];

/** A document at an offset. The entries that follow are above it. */
export interface Snapshot extends Position {
  /** Of each client that the connection proved: its highest seq at or below the offset. */
  seqs?: [client: string, seq: number][];
  /** Of the type text it is an object. */
  cells: Cell[] | object;
}

/** What becomes of an entry; it names the entry's client. */
export type Answer = { topic: string; client?: string; seq: number } & (
  | { type: 'ack'; offset?: number; term?: string }
  | { type: 'refused' | 'rejected'; error: ErrorBody }
  | { type: 'gap'; expected: number }
);

export type ServerMessage =
  | Welcome
  | { type: 'authenticated'; id: number; sub?: string; name?: string }
  | { type: 'proved'; id: number; clients?: string[] }
  | Subscribed
  | { type: 'unsubscribed'; id?: number; topic: string; error?: ErrorBody }
  | ({ type: 'entry'; topic: string } & Entry)
  | ({ type: 'snapshot'; topic: string } & Snapshot)
  | Answer
  | ({ type: 'history'; id: number } & Page)
  | ({ id?: number; topic: string } & Watching)
  | { type: 'unwatched'; id?: number; topic: string; error?: ErrorBody }
  | { type: 'entered'; id?: number; topic: string; client: string }
  | { type: 'left'; id?: number; topic?: string; client: string; error?: ErrorBody }
  | ({ topic: string } & PresenceChange)
  | { type: 'error'; id?: number; topic?: string; error: ErrorBody }
  | { type: 'close'; error: ErrorBody }
  | { type: 'ping' }
  | { type: 'pong' };
