import { afterEach, describe, expect, test, vi } from 'vitest';
import { bannerText, english } from '../src/banner/messages.ts';
import { connect } from '../src/index.ts';
import { Sync, type Syncing, type SyncStatus, type Work } from '../src/sync.ts';
import { syncOf } from '../src/sync-of.ts';
import { guardUnload } from '../src/unload.ts';
import { ModelServer } from './model.ts';
import { Site } from './network/site.ts';
import { World } from './world.ts';

afterEach(() => void vi.unstubAllGlobals());

const idle: Work = { online: true, pending: 0, blocked: 0, durable: true };

/** A source that is told what it counts. */
function source(world: World, first: Partial<Work> = {}) {
  const sync = new Sync(world.timers, () => {}, { ...idle, ...first });
  const syncing: Syncing = {
    get sync() {
      return sync.status;
    },
    onSync: (listener) => sync.listeners.add(listener),
  };
  const told: SyncStatus[] = [];
  syncing.onSync((status) => told.push(status));
  const set = (work: Partial<Work>): void => sync.update({ ...idle, ...work });
  return { syncing, told, set };
}

describe('the sync status', () => {
  test.each<[string, Partial<Work>, SyncStatus['state']]>([
    ['nothing waits', {}, 'synced'],
    ['something is on its way', { pending: 2 }, 'syncing'],
    ['no connection, and nothing waits', { online: false }, 'offline'],
    ['no connection, and all of it waits', { online: false, pending: 2, blocked: 1 }, 'offline'],
    ['something needs the user', { pending: 2, blocked: 1 }, 'blocked'],
    ['no attempt has ended yet', { online: undefined }, 'synced'],
    ['no attempt has ended yet, and something waits', { online: undefined, pending: 1 }, 'syncing'],
  ])('SYNC-1 %s', (_, work, state) => {
    const { syncing, set } = source(new World(1));
    set(work);
    expect(syncing.sync.state).toBe(state);
  });

  test('SYNC-2 lost is told 5 s after the connection went, and restored at once', async () => {
    const world = new World(1);
    const { syncing, told, set } = source(world);
    set({ online: false });
    await world.pass(4999);
    set({ online: false, pending: 1 });
    expect(syncing.sync.lost).toBe(false);
    await world.pass(1);
    expect(syncing.sync).toEqual({ state: 'offline', pending: 1, blocked: 0, lost: true, durable: true });
    set({ pending: 1 });
    expect(told.map(({ lost }) => lost)).toEqual([false, false, true, false]);
    set({ online: false });
    set({});
    await world.pass(60_000);
    expect(syncing.sync.lost).toBe(false);
  });

  test('SYNC-2 what was never there is not lost', async () => {
    const world = new World(1);
    const { syncing, set } = source(world, { online: undefined });
    set({ online: false });
    await world.pass(60_000);
    expect(syncing.sync).toMatchObject({ state: 'offline', lost: false });
  });

  test('SYNC-3 it is the same object as long as nothing changed, and told only then', () => {
    const { syncing, told, set } = source(new World(1));
    set({ pending: 1 });
    const before = syncing.sync;
    set({ pending: 1 });
    expect(syncing.sync).toBe(before);
    expect(told).toEqual([before]);
  });

  test('SYNC-4 several together are as the one that is worst off, and add up', () => {
    const world = new World(1);
    const [a, b] = [source(world), source(world, { durable: false })];
    const all = syncOf(a.syncing, b.syncing);
    const told: SyncStatus[] = [];
    const stop = all.onSync((status) => told.push(status));
    const first = all.sync;
    expect(first).toEqual({ state: 'synced', pending: 0, blocked: 0, lost: false, durable: false });
    expect(all.sync).toBe(first);
    a.set({ pending: 2 });
    b.set({ blocked: 1, pending: 1, durable: false });
    expect(all.sync).toMatchObject({ state: 'blocked', pending: 3, blocked: 1 });
    b.set({ online: false, durable: true });
    expect(told.map(({ state }) => state)).toEqual(['syncing', 'blocked', 'offline']);
    expect(told.at(-1)).toBe(all.sync);
    stop();
    b.set({});
    expect(told.length).toBe(3);
    expect(syncOf().sync.state).toBe('synced');
  });
});

describe('a page that is left', () => {
  test('SYNC-5 asks first while something waits that would be lost with it, and only then', () => {
    const window = new EventTarget();
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
    vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
    const { syncing, set } = source(new World(1));
    const stop = guardUnload(syncing);
    const asks = (): boolean => {
      const event = Object.defineProperty(new Event('beforeunload', { cancelable: true }), 'returnValue', {
        writable: true,
      });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    };
    const asked = [
      { pending: 1 },
      { pending: 1, durable: false },
      { blocked: 1, durable: false },
      { durable: false },
    ].map((work) => {
      set(work);
      return asks();
    });
    expect(asked).toEqual([false, true, true, false]);
    set({ pending: 1, durable: false });
    stop();
    expect(asks()).toBe(false);
  });

  test('SYNC-5 guards nothing where there is no page', () => {
    const { syncing } = source(new World(1), { pending: 1, durable: false });
    guardUnload(syncing)();
  });
});

describe('a client', () => {
  function start() {
    const world = new World(3);
    const server = new ModelServer(world);
    const { WebSocket, fetch } = server;
    const clock = { now: () => world.now, timers: world.timers, random: () => 0.99 };
    const client = connect('http://tutti.test', { WebSocket, fetch, ...clock });
    const told: SyncStatus[] = [];
    client.onSync((status) => told.push(status));
    return { world, server, client, told };
  }

  test('SYNC-6 counts what is published and changed and not settled', async () => {
    const { world, server, client, told } = start();
    expect(client.sync).toEqual({ state: 'synced', pending: 0, blocked: 0, lost: false, durable: false });
    client.topic('chat').publish(1);
    client.topic('chat').publish(2);
    expect(client.sync).toMatchObject({ state: 'syncing', pending: 2 });
    await world.pass(5000);
    expect(client.sync).toMatchObject({ state: 'synced', pending: 0 });

    server.faults = { ...server.faults, dial: 1 };
    server.cutAll();
    await world.pass(100);
    client.topic('chat').publish(3);
    expect(client.sync).toMatchObject({ state: 'offline', pending: 1, lost: false });
    await world.pass(10_000);
    expect(client.sync).toMatchObject({ state: 'offline', pending: 1, lost: true });
    server.faults = { ...server.faults, dial: 0 };
    await world.pass(60_000);
    expect(client.sync).toMatchObject({ state: 'synced', pending: 0, lost: false });
    // Attempts that fail in between tell nothing.
    expect(told.filter(({ state, lost }) => state === 'offline' && lost).length).toBe(1);
    client.close();
    expect(client.sync.state).toBe('offline');
  });

  test('SYNC-6 a change that is taken back is not counted', async () => {
    const { world, client } = start();
    const likes = client.counter('counter:likes');
    const change = likes.add(1);
    expect(client.sync.pending).toBe(1);
    expect(change.cancel()).toBe(true);
    expect(client.sync.pending).toBe(0);
    await world.pass(100);
    client.close();
  });

  test('SYNC-6 what waits for a client that has given up is blocked', async () => {
    const { world, server, client } = start();
    await world.pass(1000);
    for (const link of [...server.links]) link.cut(4205);
    expect([client.status.state, client.sync.state]).toEqual(['parked', 'offline']);
    client.topic('chat').publish(1);
    expect(client.sync).toMatchObject({ state: 'blocked', pending: 0, blocked: 1 });
    await world.pass(10_000);
    expect(client.sync.lost).toBe(true);
    client.connect();
    await world.pass(10_000);
    expect(client.sync).toMatchObject({ state: 'synced', pending: 0, blocked: 0, lost: false });
    client.close();
  });
});

describe('a network', () => {
  test('SYNC-7 counts functions and requests that wait', async () => {
    const site = new Site();
    const network = site.tab('tab', { probe: site.reach });
    site.up = false;
    network.execute(site.reach).catch(() => {});
    await site.pass();
    network.execute(site.reach);
    network.post('https://site.test/notes', 1);
    await site.pass(6000);
    expect(network.sync).toEqual({ state: 'offline', pending: 2, blocked: 0, lost: true, durable: false });
    site.up = true;
    await site.pass(20_000);
    expect(network.sync).toMatchObject({ state: 'synced', pending: 0, lost: false });
    site.end();
  });
});

describe('the texts of a banner', () => {
  const status: SyncStatus = { state: 'synced', pending: 0, blocked: 0, lost: false, durable: true };

  test.each<[string, Partial<SyncStatus>]>([
    ['', {}],
    ['You are offline.', { state: 'offline' }],
    ['You are offline. 1 change will be sent later.', { state: 'offline', pending: 1 }],
    [
      'You are offline. 2 changes will be sent later. 1 change could not be sent. Keep this page open.',
      { state: 'offline', pending: 2, blocked: 1, durable: false },
    ],
    ['The connection is lost. 2 changes will be sent later.', { state: 'offline', pending: 2, lost: true }],
    ['Sending 2 changes…', { state: 'syncing', pending: 2 }],
    ['1 change could not be sent.', { state: 'blocked', pending: 2, blocked: 1 }],
  ])('BANNER-1 %s', (text, is) => {
    expect(bannerText({ ...status, ...is }, english)).toBe(text);
  });
});
