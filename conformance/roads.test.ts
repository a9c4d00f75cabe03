import { type Client, connect, type Options, type Road } from '@tutti/client';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { address, builtServer } from './server.ts';

const startServer = builtServer();
const patience = { timeout: 60_000 };
const clients = new Set<Client>();

afterEach(() => {
  for (const client of clients) client.close();
  clients.clear();
});

function enter(url: string, options: Options): Client {
  const client = connect(url, { random: () => 0, ...options });
  clients.add(client);
  return client;
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** A network that lets through what it is told to. */
class Gate {
  ws = false;
  sse = true;
  readonly WebSocket: typeof WebSocket;
  readonly fetch: typeof fetch;

  constructor() {
    const gate = this;
    this.WebSocket = class extends WebSocket {
      constructor(url: string, protocols: string) {
        super(gate.ws ? url : 'ws://127.0.0.1:9/', protocols);
      }
    } as typeof WebSocket;
    this.fetch = (url, init) => {
      const held = !this.sse && String(url).endsWith('/v1/sse');
      if (!held) return fetch(url, init);
      return new Promise((_, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    };
  }
}

test('CONN-11 CONN-12 down to polling and up again to WebSocket: 2,000 entries, each once, in order', async () => {
  const url = address(await startServer());
  const gate = new Gate();
  const reader = enter(url, { WebSocket: gate.WebSocket as never, fetch: gate.fetch });
  const writer = enter(url, { roads: ['sse'] });
  const roads: (Road | undefined)[] = [];
  reader.onStatus((s) => {
    if (s.state === 'live' && s.road !== roads.at(-1)) roads.push(s.road);
  });
  const seen: number[] = [];
  const topic = reader.topic<number>('chat:roads');
  await new Promise<void>(
    (onStart) => void topic.subscribe((n) => seen.push(n), { onStart: () => onStart() }),
  );

  const sent: Promise<unknown>[] = [];
  let n = 0;
  let done = false;
  const talk = async (): Promise<void> => {
    while (!done && n < 2000) {
      sent.push(writer.topic('chat:roads').publish(++n));
      if (n % 50 === 0) await Promise.all(sent);
    }
  };
  await talk();
  gate.ws = true;
  await vi.waitFor(() => expect(reader.status.road).toBe('ws'), patience);
  sent.push(topic.publish(++n));
  done = true;
  await Promise.all(sent);
  await vi.waitFor(() => expect(seen.length).toBe(n), patience);
  expect(seen).toEqual(upTo(n));
  expect(roads).toEqual(['sse', 'ws']);
}, 120_000);
