import type { Presence, TuttiError } from '@tutti/client';
import type { Connection } from './connection.ts';
import { Lease, standIn } from './lease.ts';

/** The presence of one topic, for all components that use it. */
export class Room {
  /** For handlers and effects. */
  readonly presence: Presence;
  readonly #connection: Connection;
  readonly #topic: string;
  readonly #listeners = new Set<() => void>();
  readonly #watching: Lease<() => void>;
  readonly #membership: Lease<() => void>;
  /** With which the client enters. */
  #state: unknown;
  /** Why it is no member. */
  #refusal: TuttiError | undefined;
  /** Why it is not told who is there, or what else was not taken. */
  #fault: TuttiError | undefined;

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

  get error(): TuttiError | undefined {
    return this.#refusal ?? this.#fault;
  }

  readonly follow = (listener: () => void): (() => void) => {
    const own = (): void => listener();
    this.#listeners.add(own);
    if (this.error) this.#again();
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
      const stops = [
        presence.onError((error) => {
          if (this.#membership.value && !presence.me) return this.#refused(error);
          this.#fault = error;
          this.#tell();
        }),
        presence.subscribe(() => {
          if (presence.me && presence.members.length > presence.others.length) this.#refusal = undefined;
          this.#tell();
        }),
      ];
      return () => {
        for (const stop of stops) stop();
        this.#refusal = this.#fault = undefined;
      };
    });
  }

  /** The server may have ended the watch: another listener lets it begin anew. */
  #again(): void {
    this.#fault = undefined;
    this.open?.onChange(() => {})();
    this.#tell();
  }

  #enter(): () => void {
    return this.#connection.follow((client) => {
      const presence = client.presence(this.#topic);
      presence.enter(this.#state).then(
        () => this.#refused(undefined),
        (error) => {
          if (error.code !== 'aborted' && error.code !== 'closed') this.#refused(error);
        },
      );
      return () => void presence.leave();
    });
  }

  #refused(error: TuttiError | undefined): void {
    this.#refusal = error;
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
