import type { Member } from '../src/protocol.ts';
import type { Message, ModelServer } from './model.ts';
import type { Session } from './session.ts';

const tick = 50;
export const grace = 5000;
const lease = 30_000;

type Held = Member & { by: Session; gone?: unknown };

interface Watcher {
  session: Session;
  version: number;
  signals: object[];
}

/** Who is in a topic, by the naive reading of the rules: all versions that ever were. */
export class Room {
  readonly members = new Map<string, Held>();
  readonly topic: string;
  readonly #server: ModelServer;
  readonly #watchers = new Map<Session, Watcher>();
  #versions: Map<string, Member>[] = [new Map()];
  /** Of those who left, by user. */
  readonly #left = new Map<string, { user: string; name?: string; time: number }>();
  #epoch = 1;
  #due = false;

  constructor(server: ModelServer, topic: string) {
    this.#server = server;
    this.topic = topic;
  }

  get version(): number {
    return this.#versions.length;
  }

  get users(): string[] {
    return [...new Set([...this.members.values()].map((m) => m.user ?? m.client))];
  }

  /** The server has begun anew and knows of nobody. */
  restart(): void {
    for (const { gone } of this.members.values()) this.#keep(gone);
    this.members.clear();
    this.#watchers.clear();
    this.#left.clear();
    this.#versions = [new Map()];
    this.#epoch++;
  }

  watch(session: Session, since: { epoch: string; version: number } | undefined): Message {
    const { version } = this;
    const epoch = `E${this.#epoch}`;
    const recovered = since?.epoch === epoch && since.version <= version && since.version > version - 8;
    const at = recovered ? since.version : version;
    this.#watchers.set(session, { session, version: at, signals: [] });
    if (at < version) this.#later();
    const counts = { count: this.members.size, users: this.users.length, grace };
    const words = { type: 'watching', topic: this.topic, epoch, version: at, recovered, ...counts };
    if (recovered) return words;
    const left = [...this.#left.values()].reverse().filter(({ user }) => !this.users.includes(user));
    const members = [...this.members.values()].map(plain);
    return { ...words, ...(members.length && { members }), ...(left.length && { left }) };
  }

  unwatch(session: Session): void {
    this.#watchers.delete(session);
  }

  enter(session: Session, client: string, words: { user?: string; name?: string; state?: unknown }): void {
    const { world } = this.#server;
    const known = this.members.get(client);
    this.#keep(known?.gone);
    const held: Held = { client, since: known?.since ?? world.now, ...words, by: session };
    this.members.set(client, held);
    if (session.road === 'commands') this.#expire(held, lease);
    this.#note();
  }

  update(client: string, state: unknown): boolean {
    const held = this.members.get(client);
    if (!held) return false;
    held.state = state;
    this.#note();
    return true;
  }

  /** The client leaves: now, or after some time unless it enters again. */
  leave(client: string, after = 0): void {
    const held = this.members.get(client);
    if (held && after) this.#expire(held, after);
    else if (held) this.#remove(held);
  }

  /** The session speaks for the client no more. */
  release(session: Session, client: string): void {
    const held = this.members.get(client);
    if (held?.by === session && session.road !== 'commands') this.#expire(held, grace);
  }

  signal(client: string, words: object): boolean {
    const held = this.members.get(client);
    if (!held) return false;
    for (const { signals } of this.#watchers.values())
      signals.push({ client, ...(held.user && { user: held.user }), ...words });
    this.#later();
    return true;
  }

  #expire(held: Held, after: number): void {
    this.#keep(held.gone);
    held.gone = this.#server.world.timers.setTimeout(() => this.#remove(held), after);
  }

  #keep(gone: unknown): void {
    if (gone !== undefined) this.#server.world.timers.clearTimeout(gone);
  }

  #remove(held: Held): void {
    if (this.members.get(held.client) !== held) return;
    this.#keep(held.gone);
    this.members.delete(held.client);
    const user = held.user ?? held.client;
    this.#left.delete(user);
    this.#left.set(user, { user, ...(held.name && { name: held.name }), time: this.#server.world.now });
    this.#note();
  }

  #note(): void {
    this.#versions.push(new Map([...this.members].map(([client, held]) => [client, plain(held)])));
    this.#later();
  }

  #later(): void {
    if (this.#due) return;
    this.#due = true;
    this.#server.world.after(tick, () => {
      this.#due = false;
      for (const watcher of this.#watchers.values()) this.#tell(watcher);
    });
  }

  #tell(watcher: Watcher): void {
    const { version } = this;
    const { session, version: from, signals } = watcher;
    if (!this.#server.sessions.has(session) || session.expired) return;
    if (from === version && !signals.length) return;
    const before = this.#versions[from - 1] as Map<string, Member>;
    const after = this.#versions[version - 1] as Map<string, Member>;
    const time = this.#server.world.now;
    const stays = (m: Member, others: Map<string, Member>): boolean =>
      others.get(m.client)?.since === m.since;
    const leaves = [...before.values()]
      .filter((m) => !stays(m, after))
      .map(({ client, user }) => ({ client, ...(user && { user }), time }));
    const joins = [...after.values()].filter((m) => !stays(m, before));
    const updates = [...after.values()]
      .filter((m) => stays(m, before) && before.get(m.client)?.state !== m.state)
      .map(({ client, state }) => ({ client, ...(state !== undefined && { state }) }));
    watcher.version = version;
    watcher.signals = [];
    session.say({
      type: 'presence',
      topic: this.topic,
      from,
      version,
      time,
      count: this.members.size,
      users: this.users.length,
      ...(leaves.length && { leaves }),
      ...(joins.length && { joins }),
      ...(updates.length && { updates }),
      ...(signals.length && { signals }),
    });
  }
}

function plain({ by: _, gone: __, ...member }: Held): Member {
  return member;
}
