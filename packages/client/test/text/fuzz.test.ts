import { beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect, type Mutation, type TextHandle } from '../../src/index.ts';
import { text as texts } from '../../src/text.ts';
import { calm, ModelServer } from '../model.ts';
import { World } from '../world.ts';
import { editor } from './editor.ts';

const topic = 'text:t';

/** Something that a user does: to insert alone, or anything. */
function act(world: World, text: TextHandle, inserts: boolean, word: string): Mutation | undefined {
  const at = world.below(text.length + 1);
  const n = Math.min(world.below(6), text.length - at);
  const dice = inserts ? 1 : world.random();
  if (dice < 0.1) return text.undo();
  if (dice < 0.15) return text.redo();
  if (dice < 0.35) return text.delete(at, n);
  if (dice < 0.5) return text.replace(at, n, word);
  if (dice < 0.55)
    return text.edit([
      [at, n, ''],
      [0, 0, word],
    ]);
  return text.insert(at, word);
}

/** Whatever happens on the way, in the end all show what the log makes; what nobody deletes is there once. */
async function play(seed: number): Promise<void> {
  const world = new World(seed);
  const server = new ModelServer(world);
  const inserts = seed % 3 === 0;
  server.faults = { refuse: 0.05, reject: 0.05, cut: 0.03, expire: 0.3, dial: 0.2, bar: 0.1 };
  const thrown: unknown[] = [];
  const mutations: Mutation[] = [];
  const users = [0, 1, 2].map(() => {
    const client: Client = connect('http://tutti.test/base', {
      token: async () => 'jwt',
      types: [texts],
      WebSocket: server.WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
      onError: (e) => thrown.push(e),
    });
    const text = client.text(topic);
    return { client, text, shown: editor(text) };
  });
  const any = <A>(all: readonly A[]): A => all[world.below(all.length)] as A;
  const words = new Map<string, Mutation>();

  for (let step = 0; step < 150; step++) {
    const { client, text } = any(users);
    const dice = world.random();
    if (dice < 0.06) any([...server.sessions])?.cut(1006);
    else if (dice < 0.1) server.append(topic, [[0, 0, 'server']]);
    else if (dice < 0.12) client.connect();
    else if (dice < 0.15) client.text(topic).close();
    else if (dice < 0.9) {
      const word = String.fromCodePoint(0x1f300 + step); // nothing can come between
      const mutation = act(world, text, inserts, inserts ? word : word.repeat(1 + world.below(5)));
      if (mutation) mutations.push(mutation);
      if (mutation && inserts) words.set(word, mutation);
    } else any(mutations)?.cancel();
    await world.pass(world.below(world.chance(0.03) ? 60_000 : 200));
  }
  server.faults = calm;
  await world.pass(10 * 60_000);

  for (const { status } of mutations) expect(['confirmed', 'rejected', 'cancelled']).toContain(status);
  const end = server.log(topic).text?.text as string;
  for (const { text, shown } of users) {
    expect(text.value).toBe(end);
    expect(shown()).toBe(end);
    expect(text.pending).toEqual([]);
  }
  for (const [word, { status }] of words)
    expect([word, end.split(word).length - 1]).toEqual([word, status === 'confirmed' ? 1 : 0]);
  expect(thrown).toEqual([]);
  for (const { client } of users) client.close();
  await world.pass(60_000);
  expect([server.links.size, server.sessions.size]).toEqual([0, 0]);
}

beforeAll(() => import('../../src/fallback.ts'));

describe('texts, whatever happens', () => {
  const seeds = process.env.TUTTI_SEEDS ? Number(process.env.TUTTI_SEEDS) : 40;
  test.each(Array.from({ length: seeds }, (_, i) => i + 1))(
    'DOC-15 DOC-16 DOC-17 DOC-21 DOC-32 seed %i',
    play,
    60_000,
  );
});
