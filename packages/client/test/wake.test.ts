import { afterEach, expect, test, vi } from 'vitest';
import { connect } from '../src/index.ts';
import { onWake } from '../src/wake.ts';
import { ModelServer } from './model.ts';
import { World } from './world.ts';

class Page extends EventTarget {
  visibilityState = 'hidden';
}

class Connection extends EventTarget {
  type = 'wifi';
}

/** A page as browsers have it. */
function page(): { document: Page; window: EventTarget; connection: Connection } {
  const document = new Page();
  const window = new EventTarget();
  const connection = new Connection();
  vi.stubGlobal('document', document);
  vi.stubGlobal('navigator', { connection });
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  return { document, window, connection };
}

function clocks(world: World, asleep: () => number = () => 0) {
  const now = (): number => world.now;
  return { now, wall: () => world.now + asleep(), timers: world.timers };
}

afterEach(() => void vi.unstubAllGlobals());

test('CONN-5 CONN-14 a page that is back wakes the client, until it is closed', () => {
  const { document, window, connection } = page();
  const woken: boolean[] = [];
  const stop = onWake((network) => woken.push(network), clocks(new World(1)));
  const all = (): void => {
    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    for (const type of ['focus', 'pageshow', 'online', 'offline']) window.dispatchEvent(new Event(type));
    connection.dispatchEvent(new Event('change'));
    connection.type = connection.type === 'wifi' ? 'cellular' : 'wifi';
    connection.dispatchEvent(new Event('change'));
  };
  all();
  expect(woken).toEqual([false, false, false, true, true]);
  stop();
  all();
  expect(woken).toHaveLength(5);
});

test('CONN-5 a clock that jumped means that the device slept', async () => {
  const world = new World(1);
  let asleep = 0;
  const wake = vi.fn();
  const stop = onWake(
    wake,
    clocks(world, () => asleep),
  );
  await world.pass(100_000);
  asleep += 9_000;
  await world.pass(100_000);
  expect(wake).not.toHaveBeenCalled();
  asleep += 2 * 3_600_000;
  await world.pass(10_000);
  expect(wake.mock.calls).toEqual([[true]]);
  asleep -= 60_000;
  await world.pass(100_000);
  expect(wake).toHaveBeenCalledTimes(2);
  stop();
  asleep += 60_000;
  await world.pass(100_000);
  expect(wake).toHaveBeenCalledTimes(2);
});

test('CONN-2 coming online ends the wait for the next attempt, going offline asks whether the connection lives', async () => {
  const { window } = page();
  const world = new World(3);
  const server = new ModelServer(world);
  const { WebSocket, fetch } = server;
  const { now, timers, random } = { now: () => world.now, timers: world.timers, random: () => 0.99 };
  const client = connect('http://tutti.test', { WebSocket, fetch, now, timers, random });
  server.faults = { ...server.faults, dial: 1 };
  await world.pass(1000);
  server.cutAll();
  await world.pass(60_000);
  server.faults = { ...server.faults, dial: 0 };
  const waiting = client.status;
  expect(waiting.state).toBe('backoff');
  window.dispatchEvent(new Event('offline'));
  expect(client.status).toBe(waiting);
  window.dispatchEvent(new Event('online'));
  await world.pass(200);
  expect(client.status).toEqual({ state: 'live', road: 'ws' });
  window.dispatchEvent(new Event('offline'));
  expect(client.status.state).toBe('probing');
  await world.pass(60_000);
  expect([client.online, server.runs.size]).toEqual([true, 1]);
  client.close();
});

test('PRES-5 a page that is left lets go of its members, and has them again when it is back', async () => {
  const { document, window } = page();
  const world = new World(1);
  const server = new ModelServer(world);
  const options = { now: () => world.now, timers: world.timers, random: world.random, fetch: server.fetch };
  const client = connect('https://tutti.test', { ...options, WebSocket: server.WebSocket });
  await world.pass(1000);
  window.dispatchEvent(new Event('pagehide'));
  expect(client.online).toBe(true);
  client.presence('t').enter('here');
  await world.pass(1000);
  window.dispatchEvent(new Event('pagehide'));
  expect(client.status.state).toBe('idle');
  await world.pass(4000);
  expect([server.links.size, server.room('t').users.length]).toEqual([0, 1]);
  await world.pass(60_000);
  expect([server.links.size, server.room('t').users.length]).toEqual([0, 0]);
  document.visibilityState = 'visible';
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  await world.pass(1000);
  expect(client.online).toBe(true);
  expect([...server.room('t').members.values()]).toMatchObject([{ client: client.id, state: 'here' }]);
  client.close();
  window.dispatchEvent(new Event('pagehide'));
});

test.each(['sse', 'poll'] as const)('PRES-5 over %s it says so as its last word', async (road) => {
  await import('../src/fallback.ts');
  const { window } = page();
  const world = new World(1);
  const server = new ModelServer(world);
  const asked: (RequestInit | undefined)[] = [];
  const fetch: typeof globalThis.fetch = (url, init) => {
    asked.push(init);
    return server.fetch(url, init);
  };
  const options = { now: () => world.now, timers: world.timers, random: world.random, fetch };
  const client = connect('https://tutti.test', { ...options, roads: [road] });
  client.presence('t').enter();
  await world.pass(1000);
  asked.length = 0;
  window.dispatchEvent(new Event('pagehide'));
  expect(asked.filter((init) => init?.keepalive).map((init) => JSON.parse(String(init?.body)))).toEqual([
    [
      expect.objectContaining({ type: 'hello' }),
      { type: 'leave', id: expect.any(Number), topic: 't', away: true },
    ],
  ]);
  await world.pass(4000);
  expect(server.room('t').users.length).toBe(1);
  await world.pass(2000);
  expect(server.room('t').users.length).toBe(0);
  client.close();
});
