import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type Client, connect, type Options, type Presence } from '../src/index.ts';
import { Hubs } from './hubs.ts';
import { ModelServer } from './model.ts';
import { World } from './world.ts';

// It is loaded when it is first needed, in time that is not the world's.
beforeAll(() => import('../src/fallback.ts'));

class Scene {
  readonly world = new World(3);
  readonly server = new ModelServer(this.world);
  readonly errors: unknown[] = [];
  readonly clients: Client[] = [];

  constructor() {
    this.server.userOf = (token) => ({ user: token, name: token.toUpperCase() });
  }

  client(token: string, options: Options = {}): Client {
    const { world, server } = this;
    const client = connect('https://tutti.test', {
      token,
      WebSocket: server.WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
      onError: (e) => this.errors.push(e),
      ...options,
    });
    this.clients.push(client);
    return client;
  }

  heard(type: string): object[] {
    return this.server.heard.filter((m) => m.type === type);
  }
}

/** What a presence tells, in words. */
function journal(presence: Presence): string[] {
  const lines: string[] = [];
  presence.onJoin(({ id }) => lines.push(`+${id}`));
  presence.onLeave(({ id }) => lines.push(`-${id}`));
  return lines;
}

const ids = (presence: Presence): string[] => presence.users.map(({ id }) => id);

describe.each(['ws', 'sse', 'poll'] as const)('over %s', (road) => {
  const roads = [road];

  test('PRES-8 PRES-13 members come and go, and each user is told once', async () => {
    const scene = new Scene();
    const { world } = scene;
    const watching = scene.client('eve', { roads }).topic('t').presence;
    const lines = journal(watching);
    const first = scene.client('ann', { roads });
    const second = scene.client('ann', { roads });
    await world.pass(2000);
    await Promise.all([first.presence('t').enter({ x: 1 }), world.pass(2000)]);
    expect(lines).toEqual(['+ann']);
    second.presence('t').enter({ x: 2 });
    await world.pass(2000);
    expect(watching.users).toMatchObject([{ id: 'ann', name: 'ANN', state: { x: 2 } }]);
    expect(watching.users[0]?.sessions.map(({ state }) => state)).toEqual([{ x: 1 }, { x: 2 }]);
    first.presence<{ x: number }>('t').update({ x: 3 });
    await world.pass(2000);
    expect(watching.users).toMatchObject([{ state: { x: 3 } }]);
    await Promise.all([first.presence('t').leave(), world.pass(2000)]);
    expect(lines).toEqual(['+ann']);
    second.close();
    await world.pass(2000);
    expect(lines).toEqual(['+ann', '-ann']);
    expect(watching.lastSeen('ann')).toBeGreaterThan(world.now - 4000);
    expect(watching.count).toBe(0);
    expect(scene.errors).toEqual([]);
  });

  test('PRES-5 PRES-6 a member stays for as long as its client does', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const watching = scene.client('eve', { roads }).presence('t');
    const lines = journal(watching);
    const ann = scene.client('ann', { roads });
    await world.pass(2000);
    ann.presence('t').enter();
    await world.pass(200_000);
    server.cutAll();
    await world.pass(60_000);
    ann.topic('other').subscribe(() => {});
    await world.pass(60_000);
    server.restart();
    await world.pass(60_000);
    expect(lines).toEqual(['+ann']);
    expect(ids(watching)).toEqual(['ann']);
    server.passage = { ws: 'hung', sse: 'hung', poll: 'hung', commands: 'hung' };
    for (const session of [...server.sessions]) session.end();
    server.passage = { ws: 'open', sse: 'open', poll: 'open', commands: 'open' };
    await world.pass(60_000);
    expect(ids(watching)).toEqual(['ann']);
    expect(scene.errors).toEqual([]);
  });

  test('PRES-14 signals reach all who watch, and the caller knows its own', async () => {
    const scene = new Scene();
    const { world } = scene;
    const [ann, eve] = [scene.client('ann', { roads }), scene.client('eve', { roads })];
    const told: unknown[] = [];
    ann.presence('t').onSignal((s) => told.push(['ann', s.name, s.data, s.own, s.user]));
    eve.presence('t').onSignal('wave', (s) => told.push(['eve', s.name, s.data, s.own, s.user]));
    expect(() => ann.presence('t').signal('wave')).toThrow(/has not entered/);
    ann.presence('t').enter();
    await world.pass(2000);
    ann.presence('t').signal('wave', { at: 1 });
    ann.presence('t').signal('nod');
    await world.pass(2000);
    expect(told.sort()).toEqual(
      [
        ['ann', 'wave', { at: 1 }, true, 'ann'],
        ['ann', 'nod', undefined, true, 'ann'],
        ['eve', 'wave', { at: 1 }, false, 'ann'],
      ].sort(),
    );
  });

  test('PRES-1 what is refused for good is told', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    server.forbidden.add('t');
    const presence = scene.client('ann', { roads }).presence('t');
    const told: unknown[] = [];
    presence.onError(({ code }) => told.push(code));
    presence.onJoin(() => {});
    const entered = presence.enter();
    await world.pass(2000);
    await expect(entered).rejects.toMatchObject({ code: 'forbidden' });
    expect(presence.me).toBeUndefined();
    const again = presence.enter();
    await world.pass(2000);
    await expect(again).rejects.toMatchObject({ code: 'forbidden' });
    expect(told).toEqual(['forbidden']);
    expect(scene.errors).toEqual([]);
  });

  test('PRES-5 who leaves what it may not enter has left', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const presence = scene.client('ann', { roads }).presence('t');
    presence.subscribe(() => {});
    await world.pass(2000);
    server.closed.add('t');
    presence.enter();
    const left = vi.fn();
    presence.leave().then(left);
    await world.pass(2000);
    expect(left).toHaveBeenCalledTimes(1);
    expect(scene.errors).toEqual([]);
  });

  test('PRES-1 PRES-5 who enters again and is refused is there no more', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const watching = scene.client('eve', { roads: ['ws'] }).presence('t');
    const lines = journal(watching);
    const presence = scene.client('ann', { roads }).presence('t');
    await world.pass(2000);
    presence.enter(1);
    await world.pass(2000);
    server.closed.add('t');
    const again = presence.enter(2);
    await world.pass(2000);
    await expect(again).rejects.toMatchObject({ code: 'forbidden' });
    expect(presence.me).toBeUndefined();
    expect(lines).toEqual(['+ann', '-ann']);
    expect(scene.errors).toEqual([]);
  });
});

describe('the handle', () => {
  test('is told at once, has the same lists until a change, and watches while anybody listens', async () => {
    const scene = new Scene();
    const { world } = scene;
    const ann = scene.client('ann');
    const here = ann.topic('t').presence;
    expect(ann.presence('t')).toBe(here);
    const told: number[] = [];
    const stop = here.subscribe((users) => told.push(users.length));
    expect(told).toEqual([0]);
    const other = here.onChange(() => {});
    await world.pass(1000);
    scene.client('bob').presence('t').enter();
    await world.pass(1000);
    const { users, members, others } = here;
    expect([users.length, members.length, others.length]).toEqual([1, 1, 1]);
    await world.pass(60_000);
    expect([here.users === users, here.members === members, here.others === others]).toEqual([
      true,
      true,
      true,
    ]);
    const bob = users[0];
    scene.client('cat').presence('t').enter();
    await world.pass(1000);
    expect(here.users).toMatchObject([{ id: 'bob' }, { id: 'cat' }]);
    expect(here.users[0]).toBe(bob);
    expect(told).toEqual([0, 1, 2]);
    stop();
    stop();
    await world.pass(1000);
    expect(scene.heard('unwatch')).toEqual([]);
    other();
    other();
    await world.pass(1000);
    expect(scene.heard('unwatch').length).toBe(1);
    expect(ids(here)).toEqual([]);
    here.onJoin(() => {});
    await world.pass(1000);
    expect(ids(here)).toEqual(['bob', 'cat']);
    expect(here.count).toBe(2);
  });

  test('PRES-3 shows the own state at once, and sends no more than 20 a second', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const ann = scene.client('ann');
    const here = ann.presence<{ x: number; y?: number | undefined }>('t');
    const told = [0];
    here.subscribe(() => told.push(here.me?.state?.x ?? 0));
    expect(here.me).toBeUndefined();
    expect(() => here.update({ x: 1 })).toThrow(/has not entered/);
    here.enter({ x: 1, y: 1 });
    expect(here.me).toMatchObject({ client: '', state: { x: 1, y: 1 } });
    await world.pass(1000);
    expect(here.me).toMatchObject({ client: ann.id, user: 'ann', name: 'ANN' });
    expect(here.me).toBe(here.me);
    expect(here.others).toEqual([]);
    for (let x = 2; x < 102; x++) {
      here.update({ x });
      await world.pass(10);
    }
    expect(here.me?.state).toEqual({ x: 101, y: 1 });
    await world.pass(1000);
    expect(scene.heard('update').length).toBeLessThan(25);
    expect(here.users).toMatchObject([{ state: { x: 101, y: 1 } }]);
    here.update({ y: undefined });
    expect(here.me?.state).toEqual({ x: 101 });
    here.update(null as never);
    await world.pass(1000);
    expect(here.users[0]?.state).toBeNull();
    expect(told).toContain(57);
    await expect(here.enter({ x: 1n as never })).rejects.toMatchObject({ code: 'bad_message' });
    server.forbidden.add('t');
    server.cutAll();
    await world.pass(5000);
    expect(here.me).toBeUndefined();
    expect(scene.errors).toMatchObject([{ code: 'forbidden' }, { code: 'forbidden' }]);
  });

  test('PRES-3 what a listener changes is said behind what it was told of', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const here = scene.client('ann').presence<number>('t');
    here.subscribe(() => {
      const { state } = here.me ?? {};
      if (state === 0 || state === 2) here.update(state + 1);
      if (state === 3) here.leave();
    });
    const states = () => [...server.room('t').members.values()].map(({ state }) => state);
    await world.pass(1000);
    here.enter(0);
    await world.pass(1000);
    expect(here.me?.state).toBe(1);
    expect(states()).toEqual([1]);
    here.update(2);
    expect(here.me).toBeUndefined();
    await world.pass(1000);
    expect(states()).toEqual([]);
    expect(scene.errors).toEqual([]);
  });

  test('PRES-1 a watch that the server has ended comes back with the next listener', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const here = scene.client('ann').presence('t');
    const told: string[][] = [];
    const stop = here.subscribe((users) => told.push(users.map(({ id }) => id)));
    scene.client('bob').presence('t').enter();
    await world.pass(1000);
    server.forbidden.add('t');
    server.cutAll();
    await world.pass(5000);
    server.forbidden.clear();
    expect(here.users).toEqual([]);
    expect(scene.errors).toMatchObject([{ code: 'forbidden' }, { code: 'forbidden' }]);
    scene.client('bob').presence('t').enter();
    const other = here.onJoin(() => {});
    await world.pass(1000);
    expect(ids(here)).toEqual(['bob']);
    expect(told).toEqual([[], ['bob'], [], ['bob']]);
    stop();
    expect(scene.heard('unwatch')).toEqual([]);
    other();
    await world.pass(1000);
    expect(scene.heard('unwatch').length).toBe(1);
    expect(scene.errors.length).toBe(2);
  });

  test('PRES-22 after a restart of the server those who do not come back have left', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const [ann, bob] = [scene.client('ann'), scene.client('bob')];
    const lines = journal(scene.client('eve').presence('t'));
    await world.pass(1000);
    for (const client of [ann, bob]) client.presence('t').enter();
    await world.pass(1000);
    expect(lines.splice(0).sort()).toEqual(['+ann', '+bob']);
    server.passage.ws = 'hung';
    bob.close();
    server.restart();
    server.passage.ws = 'open';
    await world.pass(4000);
    expect(lines).toEqual([]);
    await world.pass(20_000);
    expect(lines).toEqual(['-bob']);
  });

  test('PRES-5 who closes has left at once, with what waits for it', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const ann = scene.client('ann');
    ann.presence('t').enter();
    await world.pass(1000);
    expect(server.room('t').users).toEqual(['ann']);
    const late = ann.presence('u').enter();
    ann.close();
    await expect(late).rejects.toMatchObject({ code: 'closed' });
    await world.pass(100);
    expect(server.room('t').users).toEqual([]);
  });
});

describe('tabs that share a connection', () => {
  function share(scene: Scene): { hubs: Hubs; tab: () => Client } {
    const hubs = new Hubs(scene.server);
    return { hubs, tab: () => scene.client('ann', { WebSocket: hubs.WebSocket }) };
  }

  test('PRES-2 PRES-5 TABS-7 each tab is a member, and a later one is told all', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const { hubs, tab } = share(scene);
    const watching = scene.client('eve').presence('t');
    const lines = journal(watching);
    const [first, second] = [tab(), tab()];
    const told = journal(first.presence('t'));
    await world.pass(2000);
    await Promise.all([first.presence('t').enter(1), world.pass(2000)]);
    await Promise.all([second.presence('t').enter(2), world.pass(2000)]);
    expect(watching.users).toMatchObject([{ id: 'ann', sessions: [{ state: 1 }, { state: 2 }] }]);
    second.presence('t').update(3);
    const signals: unknown[] = [];
    first.presence('t').onSignal('wave', ({ client, own }) => signals.push([client, own]));
    second.presence('t').signal('wave');
    await world.pass(2000);
    expect(watching.users).toMatchObject([{ state: 3 }]);
    expect(signals).toEqual([[second.id, false]]);
    const third = tab();
    third.presence('t').subscribe(() => {});
    await world.pass(2000);
    expect(third.presence('t').members).toEqual(watching.members);
    expect(scene.heard('watch').length).toBeLessThan(3);
    await Promise.all([first.presence('t').leave(), world.pass(2000)]);
    expect(watching.members.map(({ client }) => client)).toEqual([second.id]);
    expect(first.presence('t').members).toEqual(third.presence('t').members);
    expect(lines).toEqual(['+ann']);
    expect(told).toEqual(['+ann']);
    expect(hubs.links.size).toBe(3);
    expect(server.links.size).toBe(2);
    hubs.kill();
    await world.pass(30_000);
    expect(lines).toEqual(['+ann']);
    expect(third.presence('t').members).toEqual(watching.members);
    second.close();
    await world.pass(1000);
    expect(lines).toEqual(['+ann', '-ann']);
    expect(told).toEqual(['+ann', '-ann']);
    expect(scene.errors).toEqual([]);
  });

  test('PRES-1 TABS-7 what is refused reaches the tab that wanted it', async () => {
    const scene = new Scene();
    const { world, server } = scene;
    const { tab } = share(scene);
    const [first, second] = [tab(), tab()];
    second.presence('u').enter();
    server.forbidden.add('t');
    const entered = first.presence('t').enter();
    first.presence('t').subscribe(() => {});
    await world.pass(2000);
    await expect(entered).rejects.toMatchObject({ code: 'forbidden' });
    expect(scene.errors).toMatchObject([{ code: 'forbidden' }]);
    const late = first.presence('t').enter();
    await world.pass(2000);
    await expect(late).rejects.toMatchObject({ code: 'forbidden' });
    first.close();
    second.close();
    await world.pass(200);
    expect(server.room('u').users).toEqual([]);
  });
});
