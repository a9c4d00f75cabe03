import type { Member, PresenceChange, Watching } from '../protocol.ts';

/** One session of a user: a tab, a device. */
export interface Session<S = unknown> {
  readonly client: string;
  readonly state: S | undefined;
  /** When it entered, in milliseconds since 1970 by the server's clock. */
  readonly since: number;
}

/** All members of a topic with one identity, folded together. */
export interface User<S = unknown> {
  /** The `sub` of the identity, or, without one, the client's id. */
  readonly id: string;
  /** That of the session which entered last. */
  readonly name: string | undefined;
  /** That of the session whose state was the last to change. */
  readonly state: S | undefined;
  /** When something of it was last told, in milliseconds since 1970 by the server's clock. */
  readonly lastSeen: number;
  /** In the order of entering; none of a user who has left. */
  readonly sessions: readonly Session<S>[];
}

/** What one message has changed. No user is in two of the lists. */
export interface Change<S = unknown> {
  readonly joins: readonly User<S>[];
  /** As they were. */
  readonly leaves: readonly User<S>[];
  /** Users who stay, and of whom a session came, went or has another state. */
  readonly updates: readonly User<S>[];
}

/** Of so many users who left it is remembered when. */
const mostLeft = 1000;

/** By whose name a member is there. */
const userOf = ({ client, user }: { client: string; user?: string }): string => user || client;

/**
 * Who is in a topic, from what a watcher is told (section "View" of
 * spec/presence.md). It holds no clock and no timer: times are milliseconds of
 * any clock that never goes back.
 */
export class View<S = unknown> {
  epoch: string | undefined;
  version: number | undefined;
  /** How many users are there, also those who are not listed. */
  count = 0;
  /** In the order of entering. The same array until it changes. */
  members: readonly Member<S>[] = [];
  /** In the order in which the first of their sessions entered. The same array until it changes, and the same users. */
  users: readonly User<S>[] = [];
  /** When `tick` is to be called; Infinity: not at all. */
  due = Infinity;
  /** Users who left, the newest last. */
  readonly left = new Map<string, { name: string | undefined; time: number }>();
  #members = new Map<string, Member<S>>();
  #users = new Map<string, User<S>>();
  /** Members of a former epoch that have not come back yet. */
  readonly #ghosts = new Set<string>();
  /** When a member's state changed, counted. */
  readonly #turns = new Map<string, number>();
  #turn = 0;
  /** How many users the server counts. */
  #counted = 0;
  /** Users of whom something has changed in this step, and when by the server's clock. */
  #touched = new Map<string, number>();

  /** Takes a message; undefined if it does not follow what is known: the topic is to be watched anew. */
  take(now: number, m: Watching | PresenceChange): Change<S> | undefined {
    if (m.type === 'watching') {
      if (!m.recovered) return this.#list(now, m as Watching & { members?: Member<S>[] });
      return m.epoch === this.epoch && m.version === this.version ? this.#fold() : undefined;
    }
    if (m.from !== this.version) return undefined;
    const { leaves = [], shown = [], joins = [], updates = [], time } = m;
    this.version = m.version;
    for (const { client, time } of leaves) this.#remove(client, time);
    const silent = shown.map(userOf).filter((id) => !this.#users.has(id) && !this.left.has(id));
    for (const member of shown) this.#add(member as Member<S>, time, true);
    for (const member of joins) this.#add(member as Member<S>, time);
    for (const { client, state } of updates) {
      const member = this.#members.get(client);
      if (!member) continue;
      const { state: _, ...rest } = member;
      this.#members.set(client, state === undefined ? rest : { ...rest, state: state as S });
      this.#turns.set(client, ++this.#turn);
      this.#touch(member, time);
    }
    this.#counted = m.users;
    return this.#fold(silent);
  }

  /** Tells who has not come back since the server began anew. */
  tick(now: number): Change<S> {
    if (now >= this.due) for (const client of this.#ghosts) this.#remove(client, 0);
    return this.#fold();
  }

  /** When a user was last seen, also one who has left; undefined if that is not known. */
  lastSeen(user: string): number | undefined {
    return this.#users.get(user)?.lastSeen ?? this.left.get(user)?.time;
  }

  #list(now: number, m: Watching & { members?: Member<S>[] }): Change<S> {
    const { epoch, version, members = [], left = [], users, grace } = m;
    const first = this.epoch === undefined;
    const listed = new Set(members.map(({ client }) => client));
    const missing = [...this.#members.keys()].filter((client) => !listed.has(client));
    if (!first && epoch !== this.epoch) {
      for (const client of missing) this.#ghosts.add(client);
      this.due = now + grace;
    }
    this.epoch = epoch;
    this.version = version;
    this.#counted = users;
    for (const client of missing) if (!this.#ghosts.has(client)) this.#remove(client, 0);
    // Those who are awaited stay before all others.
    for (const member of members) this.#add(member, member.since);
    for (const { user, name, time } of [...left].reverse()) this.#remember(user, name, time);
    return this.#fold(first ? members.map(userOf) : []);
  }

  /** A member that entered after all others; one that is known may stay where it is. */
  #add(member: Member<S>, time: number, stays = false): void {
    const { client } = member;
    const known = this.#members.get(client);
    const unchanged = same(known, member);
    if (!stays) this.#members.delete(client);
    this.#members.set(client, unchanged && known ? known : member);
    this.#ghosts.delete(client);
    if (unchanged) return;
    if (!known || !same(known.state, member.state)) this.#turns.set(client, ++this.#turn);
    this.#touch(member, time);
  }

  #remove(client: string, time: number): void {
    const member = this.#members.get(client);
    if (!member) return;
    this.#members.delete(client);
    this.#ghosts.delete(client);
    this.#turns.delete(client);
    this.#touch(member, time);
  }

  #touch(member: Member<S>, time: number): void {
    const id = userOf(member);
    this.#touched.set(id, Math.max(time, this.#touched.get(id) ?? 0));
  }

  #remember(user: string, name: string | undefined, time: number): void {
    time = Math.max(time, this.left.get(user)?.time ?? 0);
    this.left.delete(user);
    this.left.set(user, { name, time });
    for (const oldest of this.left.keys()) if (this.left.size > mostLeft) this.left.delete(oldest);
  }

  /** Folds the members into users, and tells what has changed; users who are there now and silent have not joined. */
  #fold(silent: readonly string[] = []): Change<S> {
    if (!this.#ghosts.size) this.due = Infinity;
    const touched = this.#touched;
    const before = this.#users;
    const members = [...this.#members.values()];
    if (members.length !== this.members.length || members.some((m, i) => m !== this.members[i])) {
      const sessions = new Map<string, Member<S>[]>();
      for (const member of members) {
        const id = userOf(member);
        const own = sessions.get(id);
        if (own) own.push(member);
        else sessions.set(id, [member]);
      }
      this.#users = new Map();
      for (const [id, own] of sessions) {
        const known = before.get(id);
        const time = touched.get(id);
        this.#users.set(
          id,
          known && time === undefined
            ? known
            : this.#user(id, own, Math.max(time ?? 0, known?.lastSeen ?? 0)),
        );
      }
      this.members = members;
      this.users = [...this.#users.values()];
    }
    this.#touched = new Map();
    const leaves: User<S>[] = [];
    for (const [id, time] of touched) {
      const user = before.get(id);
      if (!user || this.#users.has(id)) continue;
      const lastSeen = Math.max(time, user.lastSeen);
      leaves.push({ ...user, lastSeen, sessions: [] });
      this.#remember(id, user.name, lastSeen);
    }
    for (const id of this.#users.keys()) this.left.delete(id);
    this.count = Math.max(this.#counted, this.users.length);
    const quiet = new Set(silent);
    const changed = this.users.filter(({ id }) => touched.has(id));
    return {
      joins: changed.filter(({ id }) => !before.has(id) && !quiet.has(id)),
      leaves,
      updates: changed.filter(({ id }) => before.has(id)),
    };
  }

  #user(id: string, own: readonly Member<S>[], lastSeen: number): User<S> {
    const turn = ({ client }: Member<S>): number => this.#turns.get(client) ?? 0;
    const [last] = [...own].sort((a, b) => turn(b) - turn(a));
    const sessions = own.map(({ client, state, since }) => ({ client, state, since }));
    return { id, name: own.at(-1)?.name, state: last?.state, lastSeen, sessions };
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
