import { setMaxListeners } from 'node:events';
import { onTestFinished, vi } from 'vitest';
import {
  createNetwork,
  memoryStorage,
  type Network,
  type NetworkOptions,
  type Storage,
} from '../../src/network.ts';
import { World } from '../world.ts';
import { Locks } from './locks.ts';

/** A request as the server saw it. */
export interface Seen {
  at: number;
  key: string;
  method: string;
  path: string;
  headers: Headers;
  body: string;
}

/** What the server does with a request: answers, or stays silent for ever. */
export type Answering = (seen: Seen, n: number) => Response | 'silence' | Promise<Response>;

/** A server, the network before it, and the tabs of one browser, on a clock of their own. */
export class Site {
  readonly world: World;
  readonly locks = new Locks();
  readonly storage: Storage;
  readonly errors: unknown[] = [];
  /** What arrived, with the repeats. */
  readonly seen: Seen[] = [];
  /** There is a network. */
  up = true;
  answer: Answering = () => new Response('ok');
  readonly #dead = new Set<string>();
  readonly #networks: Network[] = [];

  constructor(seed = 1, storage: Storage = memoryStorage()) {
    this.world = new World(seed);
    this.storage = storage;
  }

  /** A network in a tab of that name. Nobody needs to look at what it promises of requests. */
  tab(name = 'tab', options: NetworkOptions = {}): Network {
    const network = createNetwork({
      fetch: this.fetch(name),
      storage: this.#storageOf(name),
      locks: this.locks.of(name),
      onError: (error) => void this.errors.push(error),
      now: () => this.world.now,
      random: () => 0.5,
      timers: this.world.timers,
      ...options,
    });
    const send = network.fetch.bind(network);
    network.fetch = (...args) => {
      const answer = send(...args);
      answer.catch(() => {});
      return answer;
    };
    this.#networks.push(network);
    return network;
  }

  /** The tab is gone without a word: what it asks for is never answered, and what it had locked is free. */
  kill(tab = 'tab'): void {
    this.#dead.add(tab);
    this.locks.kill(tab);
  }

  /** What a function that is given to execute may do. */
  readonly reach = async (): Promise<string> => {
    if (!this.up) throw new TypeError('Failed to fetch');
    return 'reached';
  };

  #storageOf(tab: string): Storage {
    const { storage } = this;
    const never = new Promise<never>(() => {});
    const alive = async <A>(act: () => Promise<A>): Promise<A> => (this.#dead.has(tab) ? never : act());
    return {
      ...bound(storage),
      read: (prefix) => alive(() => storage.read(prefix)),
      write: (changes) => alive(() => storage.write(changes)),
      close: () => {},
    };
  }

  fetch(tab: string): typeof fetch {
    return async (url, init) => {
      const { signal } = init ?? {};
      await Promise.resolve();
      if (this.#dead.has(tab)) return new Promise(() => {});
      if (!this.up) throw new TypeError('Failed to fetch');
      const headers = new Headers(init?.headers);
      const { body } = init ?? {};
      const seen: Seen = {
        at: this.world.now,
        key: headers.get('Idempotency-Key') ?? '',
        method: init?.method ?? 'GET',
        path: new URL(String(url)).pathname,
        headers,
        body: body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body ?? ''),
      };
      this.seen.push(seen);
      const response = this.answer(seen, this.seen.length);
      if (response !== 'silence' && !this.#dead.has(tab)) return response;
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    };
  }

  /** The bodies that arrived, in order. */
  get bodies(): string[] {
    return this.seen.map(({ body }) => body);
  }

  pass(ms = 0): Promise<void> {
    return this.world.pass(ms);
  }

  end(): void {
    for (const network of this.#networks) network.close();
  }
}

/** That of the test that runs. */
export let site: Site;

/** Makes a test's site, which ends with it, and with it what the test has stubbed. */
export function start(...args: ConstructorParameters<typeof Site>): Site {
  site = new Site(...args);
  onTestFinished(() => {
    site.end();
    vi.unstubAllGlobals();
  });
  return site;
}

/** A platform that believes something of the network, until `vi.unstubAllGlobals`. */
export function platform(online: boolean): { believe(online: boolean): void; sign(type: string): void } {
  const window = new EventTarget();
  setMaxListeners(0, window);
  const navigator = { onLine: online };
  vi.stubGlobal('navigator', navigator);
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  const sign = (type: string): void => void window.dispatchEvent(new Event(type));
  return {
    sign,
    believe: (believed) => {
      navigator.onLine = believed;
      sign(believed ? 'online' : 'offline');
    },
  };
}

/** A storage whose methods may be taken apart. */
export function bound(storage: Storage): Storage {
  return {
    durable: storage.durable,
    read: (prefix) => storage.read(prefix),
    write: (changes) => storage.write(changes),
    close: () => storage.close(),
    onLost: (listener) => storage.onLost(listener),
  };
}

/** How a promise ended, or that it has not. */
export function fate<A>(promise: Promise<A>): { value?: A; error?: unknown } {
  const end: { value?: A; error?: unknown } = {};
  promise.then(
    (value) => void Object.assign(end, { value }),
    (error: unknown) => void Object.assign(end, { error }),
  );
  return end;
}
