import { type Client, connect, type Road, type TuttiError, type WebSocketClass } from '@tutti/client';
import { type Conditions, type Simulation, simulate } from '@tutti/client/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { address, builtServer } from './server.ts';

const startServer = builtServer();
const patience = { timeout: 60_000 };
const clients = new Set<Client>();

afterEach(() => {
  for (const client of clients) client.close();
  clients.clear();
});

/** A client on one road over a simulated network, and what it was given of a topic. */
async function enter(road: Road, conditions: Conditions): Promise<{ client: Client; network: Simulation; seen: number[] }> {
  const network = simulate(conditions, { WebSocket: WebSocket as unknown as WebSocketClass, random: seeded() });
  const client = connect(address(await startServer()), { roads: [road], random: () => 0, ...network.options });
  clients.add(client);
  const seen: number[] = [];
  client.topic<number>('chat:simulated').subscribe((n) => seen.push(n), { from: 'earliest' });
  await vi.waitFor(() => expect(client.status.state).toBe('live'), patience);
  return { client, network, seen };
}

/** The same chance in every run. */
function seeded(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const publish = (client: Client, ns: number[]): Promise<unknown>[] =>
  ns.map((n) => client.topic<number>('chat:simulated').publish(n));

describe.each<Road>(['ws', 'sse', 'poll'])('simulate over %s', (road) => {
  test('offline and online again: nothing is lost', async () => {
    const { client, network, seen } = await enter(road, {});
    await Promise.all(publish(client, [1, 2]));
    network.set({ offline: true });
    await vi.waitFor(() => expect(client.online).toBe(false), patience);
    const sent = publish(client, [3, 4, 5]);
    network.set({ offline: false });
    client.connect();
    await Promise.all(sent);
    await vi.waitFor(() => expect(seen).toEqual(numbers(5)), patience);
  }, 90_000);

  test('latency that changes keeps the order', async () => {
    const { client, seen } = await enter(road, { latency: [0, 30] });
    await Promise.all(publish(client, numbers(50)));
    await vi.waitFor(() => expect(seen).toEqual(numbers(50)), patience);
  }, 90_000);

  test('what is lost, acknowledgements too, comes once and in order', async () => {
    const { client, network, seen } = await enter(road, {});
    network.set({ loss: 0.02, ackLoss: 0.1 });
    const all = numbers(100);
    for (let i = 0; i < all.length; i += 10) await Promise.all(publish(client, all.slice(i, i + 10)));
    network.set({ loss: 0, ackLoss: 0 });
    await vi.waitFor(() => expect(seen).toEqual(all), patience);
  }, 180_000);

  test('a rejection takes that entry alone, and says why', async () => {
    const { client, network, seen } = await enter(road, {});
    network.set({ reject: ({ topic, data }) => topic === 'chat:simulated' && data === 3 && 'no threes' });
    const settled = await Promise.allSettled(publish(client, numbers(6)));
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, true, true]);
    const { reason } = settled[2] as { reason: TuttiError };
    expect(reason).toMatchObject({ code: 'rejected', message: 'no threes' });
    await vi.waitFor(() => expect(seen).toEqual([1, 2, 4, 5, 6]), patience);
  }, 90_000);
});
