import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, connect, type Options, type Presence } from '@tutti/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { presence } from './samples/presence.ts';
import { address, builtServer } from './server.ts';

const topic = 'chat:lobby';
const startServer = builtServer();
const patience = { timeout: 20_000 };

/** Every client, the sample's too, so that none outlives its test. */
const connected = new Set<Client>();

beforeEach(() => {
  const original = Client.prototype.presence;
  vi.spyOn(Client.prototype, 'presence').mockImplementation(function (this: Client, name: string) {
    connected.add(this);
    return original.call(this, name) as never;
  });
});

afterEach(() => {
  for (const client of connected) client.close();
  connected.clear();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What a presence tells of users, by what their states are. */
function journal(here: Presence<string>): string[] {
  const lines: string[] = [];
  here.onJoin(({ state }) => lines.push(`+${state}`));
  here.onLeave(({ state }) => lines.push(`-${state}`));
  return lines;
}

const states = (here: Presence<string>): (string | undefined)[] => here.users.map(({ state }) => state);

describe.each(['ws', 'sse', 'poll'] as const)('over %s', (road) => {
  const options: Options = { roads: [road], WebSocket, storage: false };

  test('PRES-7 PRES-13 members come, change and go, and a reconnect is no leave', async () => {
    const server = await startServer();
    const url = address(server);
    const errors: unknown[] = [];
    const join = (): Client => connect(url, { ...options, onError: (e) => errors.push(e) });
    const watching = join().presence<string>(topic);
    const lines = journal(watching);
    const signals: unknown[] = [];
    watching.onSignal('wave', ({ data }) => signals.push(data));
    await watching.enter('eve');
    await expect.poll(() => states(watching), patience).toEqual(['eve']);
    await watching.leave();
    await expect.poll(() => states(watching), patience).toEqual([]);
    lines.length = 0;
    const ann = join();
    const here = ann.presence<string>(topic);
    await Promise.all([here.enter('ann'), join().presence<string>(topic).enter('bob')]);
    await expect.poll(() => [...lines].sort(), patience).toEqual(['+ann', '+bob']);
    here.update('Ann');
    await expect.poll(() => [...states(watching)].sort(), patience).toEqual(['Ann', 'bob']);
    here.signal('wave', { to: 'all' });
    await expect.poll(() => signals, patience).toEqual([{ to: 'all' }]);
    await server.kill();
    await server.start();
    here.update('ANN');
    await expect.poll(() => [...states(watching)].sort(), patience).toEqual(['ANN', 'bob']);
    await new Promise((resolve) => setTimeout(resolve, 7000));
    expect(lines.length).toBe(2);
    await here.leave();
    await expect.poll(() => lines.at(-1), patience).toBe('-ANN');
    await here.enter('again');
    await expect.poll(() => lines.at(-1), patience).toBe('+again');
    ann.close();
    await expect.poll(() => lines.at(-1), { timeout: 3000 }).toBe('-again');
    expect(errors).toEqual([]);
  }, 60_000);

  test('PRES-2 PRES-13 two tabs of a user are one', async () => {
    const url = address(await startServer());
    const join = (token: string): Client => connect(url, { ...options, token });
    const watching = join('eve').presence<string>(topic);
    const lines = journal(watching);
    await watching.enter('eve');
    await expect.poll(() => states(watching), patience).toEqual(['eve']);
    lines.length = 0;
    const tabs = [join('ann'), join('ann')];
    for (const tab of tabs) await tab.presence(topic).enter('ann');
    await expect.poll(() => watching.members.length, patience).toBe(3);
    expect(watching.users.map(({ id, sessions }) => [id, sessions.length])).toEqual([
      ['eve', 1],
      ['ann', 2],
    ]);
    await expect.poll(() => watching.me?.user, patience).toBe('eve');
    expect(watching.others.map(({ user }) => user)).toEqual(['ann', 'ann']);
    tabs[0]?.close();
    await expect.poll(() => watching.members.length, patience).toBe(2);
    expect(lines).toEqual(['+ann']);
    tabs[1]?.close();
    await expect.poll(() => lines, patience).toEqual(['+ann', '-ann']);
    expect(watching.lastSeen('ann')).toBeGreaterThan(Date.now() - 60_000);
  }, 30_000);

  test('PRES-5 PRES-13 the sample tells who came and who left, over the road that is left', async () => {
    vi.stubGlobal('WebSocket', road === 'ws' ? WebSocket : undefined);
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', (to: string, init: RequestInit) =>
      road === 'poll' && to.endsWith('/v1/sse')
        ? Promise.reject(new TypeError('fetch failed'))
        : fetch(to, init),
    );
    const url = address(await startServer());
    const lines: string[] = [];
    const join = () =>
      presence<{ name: string }>(
        topic,
        {
          joined: ({ state }) => lines.push(`+${state?.name}`),
          left: ({ state }) => lines.push(`-${state?.name}`),
        },
        url,
      );
    const [ann, bob] = [join(), join()];
    await ann.start({ name: 'ann' });
    await expect.poll(() => ann.users().length, patience).toBe(1);
    lines.length = 0;
    await bob.start({ name: 'bob' });
    await expect.poll(() => [ann.users().length, bob.users().length], patience).toEqual([2, 2]);
    bob.update({ name: 'Bob' });
    await expect.poll(() => ann.users().map(({ state }) => state?.name), patience).toEqual(['ann', 'Bob']);
    bob.stop();
    await expect.poll(() => ann.users().length, patience).toBe(1);
    expect(lines.filter((line) => line.endsWith('ob'))).toContain('-Bob');
    expect(lines.filter((line) => line.startsWith('-'))).toEqual(['-Bob']);
  }, 60_000);
});

test('the sample is the one of the guide, and short', async () => {
  const [sample, guide] = await Promise.all(
    ['samples/presence.ts', '../docs/guides/presence.md'].map((file) =>
      readFile(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  expect(guide).toContain(`\`\`\`ts\n${sample}\`\`\``);
  expect(sample?.split('\n').length).toBeLessThan(30);
});
