import { afterEach, expect, test, vi } from 'vitest';
import { connect } from '../src/index.ts';
import { onWake } from '../src/wake.ts';
import { ModelServer } from './model.ts';
import { World } from './world.ts';

class Page extends EventTarget {
  visibilityState = 'hidden';
}

/** A page as browsers have it. */
function page(): { document: Page; window: EventTarget } {
  const document = new Page();
  const window = new EventTarget();
  vi.stubGlobal('document', document);
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  return { document, window };
}

afterEach(() => void vi.unstubAllGlobals());

test('CONN-5 a page that is back wakes the client, until it is closed', () => {
  const { document, window } = page();
  const wake = vi.fn();
  const stop = onWake(wake);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(wake).toHaveBeenCalledTimes(0);
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('online'));
  window.dispatchEvent(new Event('pageshow'));
  expect(wake).toHaveBeenCalledTimes(3);
  stop();
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('online'));
  window.dispatchEvent(new Event('pageshow'));
  expect(wake).toHaveBeenCalledTimes(3);
});

test('CONN-2 coming online ends the wait for the next attempt', async () => {
  const { window } = page();
  const world = new World(3);
  const server = new ModelServer(world);
  const { WebSocket } = server;
  const { now, timers, random } = { now: () => world.now, timers: world.timers, random: () => 0.99 };
  const client = connect('http://tutti.test', { WebSocket, now, timers, random });
  server.faults = { ...server.faults, dial: 1 };
  await world.pass(1000);
  server.cutAll();
  await world.pass(60_000);
  server.faults = { ...server.faults, dial: 0 };
  expect(client.status.state).toBe('backoff');
  window.dispatchEvent(new Event('online'));
  await world.pass(200);
  expect(client.online).toBe(true);
  client.close();
});
