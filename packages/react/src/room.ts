import type { Presence, TuttiError } from '@tutti/client';
import type { Connection } from './connection.ts';
import { Lease, standIn } from './lease.ts';

/** The presence of one topic, for all components that use it. */
export class Room {
  /** Why this client is no member, or is not told who is there. */
  error: TuttiError | undefined;
  /** For handlers and effects. */
  readonly presence: Presence;
  readonly #connection: Connection;
  readonly #topic: string;
  readonly #listeners = new Set<() => void>();
  readonly #watching: Lease<() => void>;
  readonly #membership: Lease<() => void>;
  /** With which the client enters. */
  #state: unknown;

  constructor(connection: Connection, topic: string) {
    this.#connection = connection;
    this.#topic = topic;
    this.presence = standIn(() => connection.client.get().presence(topic));
    const end = (stop: () => void): void => stop();
    this.#watching = new Lease(() => this.#watch(), end);
    this.#membership = new Lease(() => this.#enter(), end);
  }

  /** The presence, if there is a client. */
  get open(): Presence | undefined {
    return this.#connection.client.value?.presence(this.#topic);
  }

  readonly follow = (listener: () => void): (() => void) => {
    const own = (): void => listener();
    this.#listeners.add(own);
    const release = this.#watching.retain();
    return () => {
      this.#listeners.delete(own);
      release();
    };
  };

  /** The client is a member until the function that it returns is called. Its state is this, or has it put in. */
  enter(state: unknown): () => void {
    const member = this.#membership.value !== undefined;
    this.#state = state;
    const release = this.#membership.retain();
    if (member && state !== undefined) this.put(state);
    return release;
  }

  /** Puts a state into that of the client, unless it says the same. */
  put(state: unknown): void {
    if (!holds(this.presence.me?.state, state)) this.update(state);
  }

  /** Puts a state into that of the client, if that is a member: it may have been refused. */
  update(state: unknown): void {
    const { presence } = this;
    if (presence.me) presence.update(state);
  }

  #watch(): () => void {
    return this.#connection.follow((client) => {
      const presence = client.presence(this.#topic);
      const stops = [presence.onError((error) => this.#fail(error)), presence.subscribe(() => this.#tell())];
      return () => {
        for (const stop of stops) stop();
        this.error = undefined;
      };
    });
  }

  #enter(): () => void {
    return this.#connection.follow((client) => {
      const presence = client.presence(this.#topic);
      presence.enter(this.#state).catch((error) => {
        if (error.code !== 'aborted' && error.code !== 'closed') this.#fail(error);
      });
      return () => void presence.leave();
    });
  }

  #fail(error: TuttiError): void {
    this.error = error;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Whether a state is as it would be with another put into it. */
function holds(state: unknown, patch: unknown): boolean {
  const words = JSON.stringify(state);
  return words === JSON.stringify(Object(patch) === patch ? { ...Object(state), ...Object(patch) } : patch);
}

const rooms = new WeakMap<Connection, Map<string, Room>>();

/** That of a topic, which all components share. On a server nothing is kept. */
export function roomOf(connection: Connection, topic: string): Room {
  const all = rooms.get(connection) ?? new Map<string, Room>();
  const room = all.get(topic) ?? new Room(connection, topic);
  if (typeof window !== 'undefined') rooms.set(connection, all.set(topic, room));
  return room;
}
