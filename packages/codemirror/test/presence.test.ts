import { beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect, type TextHandle } from '../../client/src/index.ts';
import { text as texts } from '../../client/src/text.ts';
import { calm, ModelServer } from '../../client/test/model.ts';
import { World } from '../../client/test/world.ts';
import type { OwnSelection } from '../src/index.ts';
import { presenceCursors } from '../src/presence.ts';

const topic = 'text:t';

/** One who writes, with an editor of which there is a selection alone. */
class Writer {
  readonly client: Client;
  readonly text: TextHandle;
  readonly name: string;
  readonly #cursors: ReturnType<typeof presenceCursors>;
  readonly #stop: () => void;
  selection: OwnSelection | undefined;
  /** How often the others' cursors were to be drawn anew. */
  drawn = 0;

  constructor(world: World, server: ModelServer, name: string) {
    this.name = name;
    this.client = connect('http://tutti.test', {
      token: async () => name,
      types: [texts],
      WebSocket: server.WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
    });
    this.text = this.client.text(topic);
    this.#cursors = presenceCursors(this.client.presence(topic), this.text, {
      color: (user) => `of ${user}`,
    });
    this.#stop = this.#cursors.cursors.subscribe(() => {
      this.drawn++;
      for (const { anchor, head } of this.#cursors.cursors.get())
        for (const at of [anchor, head]) expect([at >= 0, at <= this.text.length]).toEqual([true, true]);
    });
  }

  get presence() {
    return this.client.presence<{ selection?: unknown } | undefined>(topic);
  }

  /** Selects, as a user does, or goes elsewhere. */
  select(anchor?: number, head = anchor): void {
    const before = this.selection;
    this.selection =
      anchor === undefined || head === undefined
        ? undefined
        : { anchor: this.text.anchor(anchor), head: this.text.anchor(head) };
    this.#cursors.onSelection(this.selection);
    before?.anchor.release();
    before?.head.release();
  }

  type(at: number, s: string): void {
    this.text.insert(at, s);
    this.select(at + [...s].length);
  }

  /** Whose cursors are seen, from where to where. */
  get others(): [string, number, number][] {
    return this.#cursors.cursors.get().map(({ name, anchor, head }) => [name, anchor, head]);
  }

  get at(): [string, number, number] {
    const { anchor, head } = this.selection as OwnSelection;
    return [this.name, anchor.position, head.position];
  }

  close(): void {
    this.#stop();
    this.select();
    this.client.close();
  }
}

async function stage(names: string[], seed = 7) {
  const world = new World(seed);
  const server = new ModelServer(world);
  server.userOf = (token) => ({ user: token, name: token });
  const writers = names.map((name) => new Writer(world, server, name));
  for (const { presence } of writers) presence.enter();
  await world.pass(1000);
  return { world, server, writers: writers as [Writer, Writer, ...Writer[]] };
}

beforeAll(() => import('../../client/src/fallback.ts'));

describe('carets and selections of others', () => {
  test('TEXT-21 are where they are, with name and colour, and move with what is written', async () => {
    const { world, writers } = await stage(['Ann', 'Bob']);
    const [ann, bob] = writers;
    ann.type(0, 'one two three');
    await world.pass(1000);
    expect(bob.others).toEqual([['Ann', 13, 13]]);
    ann.select(4, 7);
    await world.pass(1000);
    expect(bob.others).toEqual([['Ann', 4, 7]]);
    bob.type(0, 'zero ');
    expect(bob.others).toEqual([['Ann', 9, 12]]);
    await world.pass(1000);
    expect([bob.others, ann.others]).toEqual([[['Ann', 9, 12]], [['Bob', 5, 5]]]);
    bob.text.delete(6, 5);
    await world.pass(1000);
    expect([bob.others, ann.at]).toEqual([[['Ann', 6, 7]], ['Ann', 6, 7]]);
  });

  test('TEXT-21 who types says where once, and not with each letter', async () => {
    const { world, writers, server } = await stage(['Ann', 'Bob']);
    const [ann, bob] = writers;
    ann.type(0, 'x');
    await world.pass(1000);
    const before = server.room(topic).version;
    for (const [i, c] of [...'a long word that is typed'].entries()) {
      ann.type(1 + i, c);
      await world.pass(120);
    }
    await world.pass(1000);
    expect(bob.others).toEqual([ann.at]);
    expect(server.room(topic).version - before).toBeLessThanOrEqual(2);
  });

  test('TEXT-21 are told once they have entered, and again when they enter with another state', async () => {
    const { world, writers } = await stage(['Ann', 'Bob']);
    const [ann, bob] = writers;
    ann.presence.leave();
    ann.type(0, 'one');
    await world.pass(1000);
    expect(bob.others).toEqual([]);
    ann.presence.enter();
    await world.pass(1000);
    expect(bob.others).toEqual([['Ann', 3, 3]]);
    ann.presence.enter({});
    await world.pass(1000);
    expect(bob.others).toEqual([['Ann', 3, 3]]);
  });

  test('TEXT-21 are gone when the editor has no focus, and when a member has left', async () => {
    const { world, writers } = await stage(['Ann', 'Bob', 'Cat']);
    const [ann, bob, cat] = writers;
    ann.type(0, 'one');
    cat?.select(0);
    await world.pass(1000);
    expect(bob.others).toEqual([
      ['Ann', 3, 3],
      ['Cat', 0, 0],
    ]);
    ann.select();
    await world.pass(1000);
    expect(bob.others).toEqual([['Cat', 0, 0]]);
    expect(ann.presence.me?.state).toEqual({});
    cat?.presence.leave();
    await world.pass(1000);
    expect(bob.others).toEqual([]);
  });

  test('TEXT-21 are where they were until what they stand in has come', async () => {
    const { world, server, writers } = await stage(['Ann', 'Bob']);
    const [ann, bob] = writers;
    ann.type(0, 'one');
    await world.pass(1000);
    server.holding = true; // entries
    ann.type(3, ' two');
    await world.pass(1000);
    expect([bob.text.value, bob.others]).toEqual(['one', [['Ann', 3, 3]]]);
    server.release();
    await world.pass(1000);
    expect([bob.text.value, bob.others]).toEqual(['one two', [['Ann', 7, 7]]]);
  });

  test('of states that hold something else nothing is shown', async () => {
    const { world, writers } = await stage(['Ann', 'Bob']);
    const [ann, bob] = writers;
    for (const state of [
      'x',
      3,
      [],
      { selection: 1 },
      { selection: { anchor: null, head: {} } },
      { selection: null },
    ]) {
      ann.presence.enter(state as object);
      await world.pass(1000);
      expect(bob.presence.others).toMatchObject([{ state }]);
      expect(bob.others).toEqual([]);
    }
  });
});

/** Whatever happens on the way, in the end all see the caret of each where it is. */
async function play(seed: number): Promise<void> {
  const { world, server, writers } = await stage(['Ann', 'Bob', 'Cat', 'Dan'], seed);
  server.faults = { ...calm, refuse: 0.05, reject: 0.05, cut: 0.02, dial: 0.2 };
  const any = <A>(all: readonly A[]): A => all[world.below(all.length)] as A;
  for (let step = 0; step < 150; step++) {
    const writer = any(writers);
    const { text } = writer;
    const at = world.below(text.length + 1);
    // Often at somebody's caret.
    const place = world.chance(0.5) ? Math.min(any(writer.others)?.[2] ?? at, text.length) : at;
    const dice = world.random();
    if (dice < 0.05) any([...server.sessions])?.cut(1006);
    else if (dice < 0.1) server.append(topic, [[0, 0, 'server']]);
    else if (dice < 0.2) writer.select(at, world.below(text.length + 1));
    else if (dice < 0.3) text.undo();
    else if (dice < 0.4) text.delete(at, Math.min(world.below(5), text.length - at));
    else if (dice < 0.5) writer.select();
    else writer.type(place, any(['a', '😀', 'word']));
    await world.pass(world.below(world.chance(0.03) ? 10_000 : 150));
  }
  server.faults = calm;
  await world.pass(5 * 60_000);
  const shown = writers.filter(({ selection }) => selection);
  for (const writer of writers) {
    expect(writer.text.value).toBe(writers[0].text.value);
    const wanted = shown.filter((other) => other !== writer).map(({ at }) => at);
    expect(writer.others.sort()).toEqual(wanted.sort());
  }
  for (const writer of writers) writer.close();
  await world.pass(60_000);
}

describe('whatever happens', () => {
  const seeds = Array.from({ length: Number(process.env.TUTTI_SEEDS ?? 20) }, (_, i) => i + 1);
  test.each(seeds)('TEXT-20 TEXT-21 all see the caret of each where it is, seed %i', play, 60_000);
});
