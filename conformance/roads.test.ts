import { type Client, connect, type Options, type Road, type WebSocketClass } from '@tutti/client';
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

/** A network that lets through the roads that it is told to. */
class Gate {
  readonly open = new Set<Road>();
  readonly WebSocket: WebSocketClass;
  readonly #sockets = new Set<WebSocket>();

  constructor(...open: Road[]) {
    for (const road of open) this.open.add(road);
    const gate = this;
    this.WebSocket = class extends WebSocket {
      constructor(url: string, protocols: string) {
        super(gate.open.has('ws') ? url : 'ws://127.0.0.1:9/', protocols);
        gate.#sockets.add(this);
      }
    };
  }

  readonly fetch: typeof fetch = (url, init) => {
    const road = String(url).match(/sse|poll/)?.[0] as Road | undefined;
    if (!road || this.open.has(road)) return fetch(url, init);
    return Promise.reject(new TypeError('fetch failed'));
  };

  closeWebSocket(): void {
    this.open.delete('ws');
    for (const socket of this.#sockets) socket.terminate();
  }
}

test('CONN-11 CONN-12 up and down between the roads while others talk: every entry once, in order', async () => {
  const url = address(await startServer());
  const gate = new Gate('poll');
  const { WebSocket, fetch } = gate;
  const reader = enter(url, { WebSocket, fetch });
  const writer = enter(url, { roads: ['sse'] });
  const roads: (Road | undefined)[] = [];
  const seen: number[] = [];
  const sent: Promise<unknown>[] = [];
  let done = false;
  reader.onStatus((s) => {
    if (s.state === 'live' && s.road !== roads.at(-1)) roads.push(s.road);
  });
  const on = (road: Road): Promise<void> => vi.waitFor(() => expect(reader.status.road).toBe(road), patience);
  const hear = (more: number): Promise<void> => {
    const n = seen.length + more;
    return vi.waitFor(() => expect(seen.length).toBeGreaterThan(n), patience);
  };
  const talk = async (): Promise<void> => {
    while (!done) {
      const topic = (sent.length % 50 ? writer : reader).topic<number>('chat:roads');
      sent.push(topic.publish(sent.length + 1));
      if (sent.length % 25 === 0) await sent.at(-1);
    }
  };

  await new Promise<void>((resolve) => {
    reader.topic<number>('chat:roads').subscribe((n) => seen.push(n), { onStart: () => resolve() });
  });
  const talking = talk();
  await hear(100);
  gate.open.add('ws');
  await on('ws');
  await hear(100);
  gate.open.add('sse');
  gate.closeWebSocket();
  await on('sse');
  await hear(100);
  done = true;
  await talking;
  await Promise.all(sent);
  await vi.waitFor(() => expect(seen.length).toBe(sent.length), patience);
  const log = await everything(reader);
  expect(seen).toEqual(log);
  expect([...seen].sort((a, b) => a - b)).toEqual(sent.map((_, i) => i + 1));
  expect(roads).toEqual(['poll', 'ws', 'sse']);
}, 120_000);

/** What the log holds, read page by page. */
async function everything(client: Client): Promise<number[]> {
  const all: number[] = [];
  for (let after = 0; ; ) {
    const { entries } = await client.topic<number>('chat:roads').history({ after, limit: 1000 });
    all.push(...entries.map((entry) => entry.data));
    const last = entries.at(-1);
    if (!last) return all;
    after = last.offset;
  }
}
