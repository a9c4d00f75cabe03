import { type Client, connect } from '@tutti/client';
import { text } from '@tutti/client/text';
import { act, Component, type ReactNode, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach } from 'vitest';
import { ModelServer } from '../../client/test/model.ts';
import { World } from '../../client/test/world.ts';
import { TuttiProvider } from '../src/index.ts';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const pages: Page[] = [];
afterEach(() => Promise.all(pages.splice(0).map((page) => page.unmount())));

/** A page on which something is mounted. */
export class Page {
  readonly element = document.createElement('div');
  #root: Root | undefined;

  constructor() {
    document.body.append(this.element);
    pages.push(this);
  }

  async show(node: ReactNode): Promise<void> {
    this.#root ??= createRoot(this.element);
    await act(async () => this.#root?.render(node));
  }

  async unmount(): Promise<void> {
    await act(async () => this.#root?.unmount());
    this.#root = undefined;
    this.element.remove();
  }

  get text(): string {
    return this.element.textContent ?? '';
  }
}

/** A server, a network between, and a page of components with a client of their own. */
export class Stage {
  readonly world = new World(1);
  readonly server = new ModelServer(this.world);
  readonly page = new Page();
  readonly clients: Client[] = [];
  readonly errors: unknown[] = [];

  readonly connect = (token?: string): Client => {
    const { world, server } = this;
    const client = connect('https://tutti.test', {
      ...(token && { token }),
      WebSocket: server.WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
      types: [text],
      onError: (error) => this.errors.push(error),
    });
    this.clients.push(client);
    return client;
  };

  async show(node: ReactNode, { strict = false } = {}): Promise<void> {
    const provided = <TuttiProvider connect={() => this.connect()}>{node}</TuttiProvider>;
    await this.page.show(strict ? <StrictMode>{provided}</StrictMode> : provided);
  }

  /** Lets time pass, and what is on its way arrive. */
  async pass(ms = 1000): Promise<void> {
    await act(() => this.world.pass(ms));
  }

  /** What clients said of a kind, by topic. */
  heard(type: string): unknown[] {
    return this.server.heard.filter((m) => m.type === type).map((m) => m.topic);
  }
}

/** Does something that a component is told of. */
export async function doing<T>(what: () => T): Promise<Awaited<T>> {
  let result: Awaited<T> | undefined;
  await act(async () => {
    result = await what();
  });
  return result as Awaited<T>;
}

/** Shows what went wrong inside. */
export class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    return this.state.error?.message ?? this.props.children;
  }
}
