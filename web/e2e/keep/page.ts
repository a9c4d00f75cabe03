import { type Client, connect, type Options } from '@tutti/client';
import { text } from '@tutti/client/text';
import { bindTextarea } from '@tutti/textarea';

/** A network in which nothing answers. */
const nothing = class {
  constructor() {
    const listeners: (() => void)[] = [];
    setTimeout(() => {
      for (const listener of listeners) listener();
    });
    Object.assign(this, {
      send: () => {},
      close: () => {},
      addEventListener: (type: string, listener: () => void) => type === 'close' && listeners.push(listener),
    });
  }
} as unknown as NonNullable<Options['WebSocket']>;

/** Calls a function again and again until it returns true; returns how many milliseconds that took. */
async function until(done: () => boolean): Promise<number> {
  const began = performance.now();
  while (!done()) await new Promise((resolve) => setTimeout(resolve));
  return performance.now() - began;
}

function start(offline: boolean, options: Options = {}): Client {
  return connect('.', {
    types: [text],
    roads: ['ws'],
    user: 'ann',
    ...(offline && { WebSocket: nothing }),
    ...options,
  });
}

const pages = {
  /** Publishes n entries without a network; how long that keeps the page busy. */
  async queue(n: number): Promise<number> {
    const client = start(true);
    await until(() => client.outbox.durable);
    const began = performance.now();
    for (let i = 0; i < n; i++) client.topic('chat:queue').publish(i);
    return performance.now() - began;
  },

  /** Goes on with n entries of a former page: how long until they are there, and until all are settled. */
  async drain(n: number): Promise<{ read: number; sent: number }> {
    const client = start(false);
    const read = await until(() => client.outbox.entries.length === n);
    const sent = await until(() => client.sync.pending === 0 && client.outbox.entries.length === 0);
    return { read, sent };
  },

  /** Shows a text of so many bytes in a textarea, and keeps it unless that is not wanted. */
  async write(topic: string, bytes: number, kept: boolean): Promise<void> {
    const client = start(false, kept ? {} : { storage: false });
    const shared = client.text(topic, { offline: kept });
    await shared.ready;
    if (shared.length === 0) await shared.insert(0, 'la '.repeat(bytes / 3)).server;
    const area = document.body.appendChild(document.createElement('textarea'));
    bindTextarea(area, shared);
    area.focus();
    area.setSelectionRange(bytes / 2, bytes / 2);
    await until(() => client.sync.pending === 0);
  },

  /** Opens a text that is kept, without a network: how long until it is shown. */
  async open(topic: string): Promise<{ took: number; length: number }> {
    const began = performance.now();
    const client = start(true);
    const shared = client.text(topic, { offline: true });
    await shared.ready;
    const { length } = shared.value;
    const took = performance.now() - began;
    client.close();
    return { took, length };
  },
};
export type Pages = typeof pages;
Object.assign(window, { pages });
