import { beforeAll, describe, expect, test } from 'vitest';
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
});
