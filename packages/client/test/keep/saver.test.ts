import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Saver } from '../../src/keep/saver.ts';
import type { Change } from '../../src/storage/storage.ts';
import { World } from '../world.ts';
import { setUp } from './device.ts';

/** A page as browsers have it. */
class Page extends EventTarget {
  visibilityState = 'visible';
}

let document: Page;
let window: EventTarget;

beforeEach(() => {
  document = new Page();
  window = new EventTarget();
  vi.stubGlobal('document', document);
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Ends the turn; no timer fires. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('OUT-1 in a page that is seen a write is a task of its own, and in one that is hidden or left it is not', async () => {
  const world = new World(1);
  const written: (readonly Change[])[] = [];
  const write = async (changes: readonly Change[]): Promise<void> => void written.push(changes);
  const nothing = (): void => {};
  const storage = { durable: true, read: async () => [], write, close: nothing, onLost: () => nothing };
  const host = { stored: nothing, failed: nothing, unstored: nothing, moved: nothing };
  const saver = new Saver(storage, world.timers, host);
  saver.put('a', 1);
  await turn();
  saver.put('b', 2);
  expect(written).toEqual([]);
  await world.pass(0);
  expect(written.splice(0)).toEqual([
    [
      ['a', 1],
      ['b', 2],
    ],
  ]);
  document.visibilityState = 'hidden';
  saver.put('c', 3);
  await turn();
  expect(written.splice(0)).toEqual([[['c', 3]]]);
  document.visibilityState = 'visible';
  saver.put('d', 4);
  await turn();
  expect(written).toEqual([]);
  saver.hurry();
  await turn();
  saver.put('e', 5);
  await turn();
  expect(written).toEqual([[['d', 4]], [['e', 5]]]);
  await saver.close();
});

test('OUT-1 what is published while the page is being left is on its way before that', async () => {
  const { world, device } = setUp();
  device.offline = true;
  const page = device.page();
  await world.pass(100);
  const { client } = page;
  window.addEventListener('pagehide', () => void client.topic('chat').publish('bye'));
  client.topic('chat').publish('hello');
  await turn();
  expect(await device.rows('entry')).toEqual([]);
  window.dispatchEvent(new Event('pagehide'));
  await turn();
  expect(await device.rows('entry')).toEqual([
    expect.stringContaining('"hello"'),
    expect.stringContaining('"bye"'),
  ]);
  client.close();
});
