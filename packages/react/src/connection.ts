import type { Client } from '@tutti/client';
import { Lease } from './lease.ts';
import { sameMembers } from './select.ts';
import { type Followed, Shared } from './shared.ts';

interface Opened {
  options: object;
  shared: Shared<Followed>;
}

/** A client, which may not be made yet, and the handles that components have of it. */
export class Connection {
  readonly client: Lease<Client>;
  readonly #handles = new Map<string, Set<Opened>>();

  constructor(client: Lease<Client>) {
    this.client = client;
  }

  /** Calls a function when something of the client has changed, which is made for it. */
  follow(follow: (client: Client) => () => void): () => void {
    const release = this.client.retain();
    const stop = follow(this.client.get());
    return () => {
      stop();
      release();
    };
  }

  /**
   * The handle that is shared by all who want the same. Nothing is opened yet.
   * On a server nothing ever is, and so nothing is kept.
   */
  shared<H extends Followed>(
    kind: string,
    topic: string,
    options: object,
    open: (client: Client) => H,
  ): Shared<H> {
    const name = `${kind} ${topic}`;
    const alike = this.#handles.get(name) ?? new Set();
    for (const { options: others, shared } of alike)
      if (sameMembers(options, others)) return shared as unknown as Shared<H>;
    const keep = (): void => {
      alike.add(own);
      this.#handles.set(name, alike);
    };
    const shared = new Shared(
      () => {
        keep();
        return open(this.client.get());
      },
      () => {
        alike.delete(own);
        if (!alike.size && this.#handles.get(name) === alike) this.#handles.delete(name);
      },
    );
    const own = { options, shared: shared as unknown as Shared<Followed> };
    if (typeof window !== 'undefined') keep();
    return shared;
  }
}

const given = new WeakMap<Client, Connection>();

/** That of a client which the application has made, and closes. */
export function connectionOf(client: Client): Connection {
  let connection = given.get(client);
  if (!connection) {
    connection = new Connection(
      new Lease(
        () => client,
        () => {},
      ),
    );
    given.set(client, connection);
  }
  return connection;
}
