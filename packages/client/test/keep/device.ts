import type { HandleOptions } from '../../src/doc/handle.ts';
import { type Client, connect, type Options, TuttiError } from '../../src/index.ts';
import type { WebSocketClass, WebSocketLike } from '../../src/socket.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { text } from '../../src/text.ts';
import { HubLink, type Hubs } from '../hubs.ts';
import { Link } from '../link.ts';
import { ModelServer } from '../model.ts';
import { World } from '../world.ts';
// A client loads it, which takes longer than the clock of a test runs.
import '../../src/keep.ts';

export interface Scene {
  world: World;
  server: ModelServer;
  device: Device;
}

export function setUp(seed = 7): Scene {
  const world = new World(seed);
  const server = new ModelServer(world);
  return { world, server, device: new Device(world, server) };
}

/** What stands in the log of a topic. */
export function dataOf(server: ModelServer, topic: string): unknown[] {
  return server.log(topic).entries.map(({ data }) => data);
}

/** A page that has a text, and has put a letter into it offline, after `hello`. */
export async function editOffline(
  { world, server, device }: Scene,
  value: string,
  letter: string,
  options: HandleOptions = {},
): Promise<Page> {
  const page = device.page({ types: [text] });
  const note = page.client.text('text:note', options);
  await world.pass(1000);
  server.append('text:note', [[0, 0, value]], {});
  await world.pass(1000);
  device.offline = true;
  page.cut();
  note.insert(5, letter);
  await world.pass(100);
  return page;
}

/** A device: what pages on it store outlives them, and each can be killed at any moment. */
export class Device {
  /** No request leaves it. */
  offline = false;
  /** Writes fail. */
  full = false;
  /** How long a write takes, in milliseconds. */
  slowness = 0;
  /** How long a read takes. */
  readSlowness = 0;
  /** Reads of these rows fail. */
  unreadable: (prefix: string) => boolean = () => false;
  /** No channel can be joined. */
  channelless = false;
  readonly errors: unknown[] = [];
  /** The way of its pages to the server, if they share one. */
  hubs: Hubs | undefined;
  readonly #world: World;
  readonly #server: ModelServer;
  readonly #rows = memoryStorage();
  readonly #locks = new Set<string>();
  readonly #lost = new Set<() => void>();
  readonly #channels = new Map<string, Set<(message: unknown) => void>>();

  constructor(world: World, server: ModelServer) {
    this.#world = world;
    this.#server = server;
  }

  /** Opens a page, whose client is made by that function. */
  page(options: Options = {}, open = connect): Page {
    return new Page(this, this.#world, this.#server, options, open);
  }

  /** All that is stored, by key. */
  async stored(prefix = ''): Promise<string[]> {
    return (await this.#rows.read(prefix)).map(([key]) => key);
  }

  /** The rows of a kind, as JSON. */
  async rows(kind: 'entry' | 'dead'): Promise<string[]> {
    const rows = await this.#rows.read('');
    return rows.filter(([key]) => key.split('/')[1] === kind).map(([, row]) => JSON.stringify(row));
  }

  /** The user deletes the site's data. */
  async wipe(): Promise<void> {
    await this.#rows.write((await this.stored()).map((key) => [key, undefined]));
    for (const told of this.#lost) told();
  }

  /** Changes what is stored. */
  async spoil(change: (key: string, row: unknown) => unknown): Promise<void> {
    await this.#rows.write((await this.#rows.read('')).map(([key, row]) => [key, change(key, row)]));
  }

  /** Stores rows as they are. */
  async put(...rows: [key: string, row: unknown][]): Promise<void> {
    await this.#rows.write(rows);
  }

  /** The storage as a page sees it. */
  storage(page: Page): Storage {
    let closed = false;
    const live = async (): Promise<void> => {
      if (page.dead) await new Promise(() => {});
      if (closed) throw new Error('closed');
    };
    return {
      durable: true,
      read: async (prefix) => {
        if (this.readSlowness) await new Promise<void>((done) => this.#world.after(this.readSlowness, done));
        await live();
        if (page.closed) throw new TuttiError('closed');
        if (this.unreadable(prefix)) throw new Error('damaged');
        return this.#rows.read(prefix);
      },
      write: async (changes) => {
        if (this.slowness) await new Promise<void>((done) => this.#world.after(this.slowness, done));
        await live();
        if (page.closed) throw new TuttiError('closed');
        if (this.full) throw new Error('no room');
        await this.#rows.write(changes);
        await live();
      },
      close: () => {
        page.closed = closed = true;
      },
      onLost: (listener) => {
        this.#lost.add(listener);
        return () => this.#lost.delete(listener);
      },
      channel: (name, heard) => {
        if (this.channelless) throw new Error('no channel');
        const ends = this.#channels.get(name) ?? new Set();
        const hear = (message: unknown): void => void (page.dead || heard(message));
        this.#channels.set(name, ends.add(hear));
        return {
          say: (message) => {
            if (page.dead) return;
            const said = structuredClone(message);
            for (const end of ends)
              if (end !== hear) this.#world.after(1, () => ends.has(end) && end(structuredClone(said)));
          },
          close: () => void ends.delete(hear),
        };
      },
      lock: async (name) => {
        if (this.#locks.has(name)) return undefined;
        this.#locks.add(name);
        const release = (): void => {
          if (page.locks.delete(release)) this.#locks.delete(name);
        };
        page.locks.add(release);
        return release;
      },
    };
  }
}

/** A page with one client. */
export class Page {
  dead = false;
  /** Its storage was closed. */
  closed = false;
  /** No connection of it comes up. */
  offline = false;
  /** How to let go of each that it holds. */
  readonly locks = new Set<() => void>();
  readonly client: Client;
  readonly #links = new Set<WebSocketLike & { cut(code: number): void }>();

  constructor(device: Device, world: World, server: ModelServer, options: Options, connects: typeof connect) {
    const open = (url: string, protocol: string): WebSocketLike => {
      if (this.dead || this.offline || device.offline) return refused(world);
      const link = device.hubs ? new HubLink(device.hubs, url, protocol) : new Link(server, url, protocol);
      this.#links.add(link);
      return link;
    };
    const WebSocket = class {
      constructor(url: string, protocol: string) {
        // biome-ignore lint/correctness/noConstructorReturn: it stands for the socket
        return open(url, protocol);
      }
    } as unknown as WebSocketClass;
    this.client = connects('https://tutti.test', {
      WebSocket,
      roads: ['ws'],
      random: world.random,
      now: () => world.now,
      timers: {
        setTimeout: (f, ms) => world.after(ms, () => this.dead || f()),
        clearTimeout: world.timers.clearTimeout,
      },
      onError: (error) => device.errors.push(error),
      storage: device.storage(this),
      ...options,
    });
  }

  /** It was killed, or its client was closed. */
  get ended(): boolean {
    return this.dead || this.client.status.state === 'closed';
  }

  /** Ends it at once, as a browser that is killed does. */
  kill(): void {
    this.dead = true;
    for (const link of this.#links) link.close();
    for (const release of this.locks) release();
  }

  /** Ends its connections. */
  cut(): void {
    for (const link of this.#links) link.cut(1006);
  }
}

/** A socket that does not come up. */
function refused(world: World): WebSocketLike {
  return {
    send: () => {},
    close: () => {},
    addEventListener: (type: string, listener: (event: { code?: number }) => void) => {
      if (type === 'close') world.after(1, () => listener({ code: 1006 }));
    },
  };
}
