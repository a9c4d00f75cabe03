import { describe, expect, test } from 'vitest';
import {
  connect,
  type Options,
  type Splice,
  type TextChange,
  type TextHandle,
  TuttiError,
} from '../../src/index.ts';
import { text as texts } from '../../src/text.ts';
import { ModelServer } from '../model.ts';
import { World } from '../world.ts';
import { editor } from './editor.ts';

const topic = 'text:t';
const day = 86_400_000;

function setUp(seed = 7) {
  const world = new World(seed);
  const server = new ModelServer(world);
  const errors: unknown[] = [];
  const enter = (options: Options = { types: [texts] }) =>
    connect('https://tutti.test', {
      WebSocket: server.WebSocket,
      fetch: server.fetch,
      random: world.random,
      now: () => world.now,
      timers: world.timers,
      onError: (error) => errors.push(error),
      ...options,
    });
  const client = enter();
  /** The operations in the log. */
  const log = (): unknown[] => server.log(topic).entries.map(({ data }) => data);
  return { world, server, client, enter, log, errors, text: client.text(topic) };
}

describe('the type text', () => {
  test('is given to the client, and the error says how', () => {
    const { enter, text } = setUp();
    expect(() => enter({}).text(topic)).toThrow(
      expect.objectContaining({ code: 'not_found', message: expect.stringContaining('@tutti/client/text') }),
    );
    expect(() => enter().text('\n')).toThrow(expect.objectContaining({ code: 'bad_topic' }));
    const client = enter();
    client.counter(topic);
    expect(() => client.text(topic)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
    expect(text.status).toBe('opening');
  });

  test('DOC-15 an edit shows at once, and what is typed before it can be sent is one operation', async () => {
    const { world, text, log, errors } = setUp();
    const shown = editor(text);
    const first = text.insert(0, 'H');
    const second = text.insert(1, 'i!');
    const third = text.delete(2, 1);
    expect([text.value, shown(), text.length]).toEqual(['Hi', 'Hi', 2]);
    expect([second, third].every((mutation) => mutation === first)).toBe(true);
    expect(text.pending).toEqual([first]);
    await world.pass(1000);
    expect(await first.server).toEqual({ offset: 1, term: expect.any(String) });
    expect(log()).toEqual(
      [
        [
          [0, 0, 'Hi!'],
          [2, 1, ''],
        ],
      ].map((op) => op),
    );
    expect([text.status, text.pending, first.status]).toEqual(['open', [], 'confirmed']);
    await world.pass(1000);
    text.insert(2, '?');
    text.insert(3, '?');
    await world.pass(1000);
    expect(log().slice(1)).toEqual([[[2, 0, '?']], [[3, 0, '?']]]);
    expect(errors).toEqual([]);
  });

  test('an edit that does not fit changes nothing, and its mutation has the error', async () => {
    const { world, text, log } = setUp();
    text.insert(0, 'a');
    const changes: TextChange[] = [];
    text.onChange((change) => changes.push(change));
    for (const wrong of [
      text.insert(2, 'x'),
      text.delete(0, 2),
      text.edit([
        [0, 0, 'x'],
        [9, 0, 'y'],
      ]),
      text.insert(0, '\ud800'),
      text.edit('x' as never),
    ])
      expect([wrong.status, wrong.error?.code]).toEqual(['rejected', 'bad_operation']);
    expect(text.insert(0, '').status).toBe('confirmed');
    expect(text.edit([]).cancel()).toBe(false);
    expect(() => text.toUnits(2)).toThrow(TuttiError);
    expect(() => text.anchor(2)).toThrow(expect.objectContaining({ code: 'bad_operation' }));
    await world.pass(1000);
    expect([text.value, log(), changes]).toEqual(['a', [[[0, 0, 'a']]], []]);
  });

  test('DOC-17 DOC-32 of ten in flight one is rejected, and exactly that disappears', async () => {
    const { world, server, client, text } = setUp();
    await world.pass(1000);
    const shown = editor(text);
    server.rejects = (data) => (data as Splice[])[0]?.[2] === '4';
    const changes: TextChange[] = [];
    text.onChange((change) => changes.push(change));
    const made = Array.from({ length: 10 }, (_, i) => text.insert(text.length, `${i}`));
    expect(text.value).toBe('0123456789');
    await world.pass(5000);
    expect(made.map(({ status }) => status).filter((status) => status !== 'confirmed')).toEqual(['rejected']);
    expect([text.value, shown(), server.log(topic).text?.text]).toEqual(Array(3).fill('012356789'));
    expect(changes.slice(10)).toEqual([{ op: [[4, 1, '']], own: true, undone: true }]);
    client.close();
  });

  test('what was never sent can be taken back', async () => {
    const { world, server, text } = setUp();
    const first = text.insert(0, 'one');
    await world.pass(1000);
    server.cutAll();
    const second = text.insert(3, ' two');
    await first.server;
    expect([first.cancel(), second.cancel(), second.status, text.value]).toEqual([
      false,
      true,
      'cancelled',
      'one',
    ]);
    await world.pass(5000);
    expect(server.log(topic).text?.text).toBe('one');
  });

  test('CONN-8 what does not fit into the queue is told, and taken back', () => {
    const { text } = setUp();
    const large = '-'.repeat(5000);
    for (let i = 0; i < 1000; i++) text.insert(0, large);
    const changes: TextChange[] = [];
    text.onChange((change) => changes.push(change));
    const full = text.insert(2, 'full');
    expect([full.status, full.error?.code]).toEqual(['rejected', 'queue_full']);
    expect(changes).toEqual([
      { op: [[2, 0, 'full']], own: true },
      { op: [[2, 4, '']], own: true, undone: true },
    ]);
    expect([text.length, text.pending.length]).toEqual([5_000_000, 1000]);
  });

  test('DOC-21 DOC-33 pending edits behind a bar are said anew', async () => {
    const { world, server, text } = setUp();
    const shown = editor(text);
    text.insert(0, 'base');
    await world.pass(1000);
    const made = [text.insert(4, '!'), text.insert(0, '>')];
    server.faults = { ...server.faults, bar: 1 };
    server.append(topic, [[2, 1, 'S']]);
    server.faults = { ...server.faults, bar: 0 };
    await world.pass(120_000);
    expect(made.map(({ status }) => status)).toEqual(['confirmed', 'confirmed']);
    expect([text.value, shown(), server.log(topic).text?.text]).toEqual(Array(3).fill('>baSe!'));
    const said = server.heard.flatMap((m) => (m.type === 'publish' && m.seq === 2 ? [[m.base, m.data]] : []));
    expect(said).toEqual([
      [1, [[4, 0, '!']]],
      [2, [[4, 0, '!']]],
    ]);
  });

  test('undo and redo take steps of typing, and nobody else’s work', async () => {
    const { world, enter, text } = setUp();
    const other = enter().text(topic);
    for (const [i, letter] of [...'one'].entries()) text.insert(i, letter);
    await world.pass(1000);
    for (const [i, letter] of [...' two'].entries()) text.insert(3 + i, letter);
    await world.pass(400);
    text.delete(6, 1);
    text.insert(6, 'o', { join: true });
    await world.pass(400);
    other.insert(0, 'other ');
    await world.pass(1000);
    expect([text.value, other.value]).toEqual(['other one two', 'other one two']);
    const values: string[] = [];
    while (text.canUndo) {
      text.undo();
      values.push(text.value);
      await world.pass(1000);
    }
    expect(values).toEqual(['other one two', 'other one', 'other ']);
    expect([text.undo(), text.canRedo, other.canUndo]).toEqual([undefined, true, true]);
    while (text.canRedo) text.redo();
    await world.pass(1000);
    expect([text.value, other.value]).toEqual(['other one two', 'other one two']);
  });

  test('DOC-15 changes tell whose they are, one by one, when they are what is shown', async () => {
    const { world, server, text } = setUp();
    const shown = editor(text);
    await world.pass(1000);
    const changes: TextChange[] = [];
    const values: string[] = [];
    let turns = 0;
    text.subscribe(() => turns++);
    text.onChange((change) => {
      changes.push(change);
      values.push(text.value);
      if (change.client === 'bob') text.insert(0, '#');
    });
    text.insert(0, 'a');
    await world.pass(1000);
    server.append(topic, [[1, 0, 'b']], { client: 'bob', author: { sub: 'b' } });
    server.append(topic, [[0, 2, 'c']]);
    await world.pass(1000);
    expect(changes).toEqual([
      { op: [[0, 0, 'a']], own: true },
      { op: [[1, 0, 'b']], own: false, client: 'bob', author: { sub: 'b' } },
      { op: [[0, 0, '#']], own: true },
      { op: expect.anything(), own: false },
    ]);
    expect([values.at(-1), shown(), server.log(topic).text?.text]).toEqual(Array(3).fill('c#'));
    expect(turns).toBeGreaterThan(0);
  });

  test('anchors move with every change until they are released', async () => {
    const { world, server, text } = setUp();
    text.insert(0, 'a𝕓c');
    const [left, right, gone] = [text.anchor(1), text.anchor(1, 'right'), text.anchor(2)];
    expect([text.toUnits(2), text.toPosition(2)]).toEqual([3, 1]);
    text.insert(1, 'xy');
    gone.release();
    await world.pass(1000);
    server.append(topic, [[0, 0, '00']]);
    await world.pass(1000);
    expect([left, right, gone].map(({ position }) => position)).toEqual([3, 5, 4]);
    text.undo();
    text.close();
    expect([left.position, right.position]).toEqual([3, 3]);
  });

  test('pending edits on a text whose history is gone are made anew, and that is told', async () => {
    const { world, server, text } = setUp();
    const shown = editor(text);
    const told: TextChange[] = [];
    text.onRebased((change) => told.push(change));
    text.insert(0, 'one three');
    await world.pass(1000);
    expect(told).toEqual([]);
    server.passage = { ws: 'refused', sse: 'refused', poll: 'refused', commands: 'refused' };
    server.cutAll();
    const pending = text.insert(4, 'two ');
    server.faults = { ...server.faults, bar: 1 };
    for (let i = 0; i < 3; i++) server.append(topic, [[0, 0, '-']]);
    server.faults = { ...server.faults, bar: 0 };
    await world.pass(1000);
    server.passage = { ws: 'open', sse: 'open', poll: 'open', commands: 'open' };
    await world.pass(120_000);
    expect(pending.status).toBe('confirmed');
    expect(told).toEqual([{ op: [[0, 0, '---']], own: false, rebased: true }]);
    expect([text.value, shown(), server.log(topic).text?.text]).toEqual(Array(3).fill('---one two three'));
  });

  test.each([
    ['is seen before it writes', true, 0],
    ['is in a snapshot', true, 1],
    ['does not come in time, is lost', false, 0],
  ])('DOC-34 a client is forgotten, and what the server took of it %s', async (_, comes, snapshots) => {
    const { world, server, text, errors } = setUp();
    const shown = editor(text);
    text.insert(0, 'base');
    await world.pass(1000);
    world.now += 2 * day;
    await world.pass(60_000);
    server.holding = true;
    const taken = text.insert(4, ' taken');
    await world.pass(1000);
    expect(text.pending).toEqual([taken]);
    for (const { clients } of server.sessions)
      for (const client of clients.keys()) server.forgotten.add(client);
    server.snapshots = snapshots;
    server.cutAll();
    const pending = text.insert(10, ' pending');
    await world.pass(5000);
    server.append(topic, [[0, 0, '>']]);
    if (comes) server.release();
    await world.pass(60_000);
    const lost = comes ? undefined : 'position_lost';
    expect([taken.status, taken.error?.code]).toEqual([lost ? 'rejected' : 'confirmed', lost]);
    server.release();
    await world.pass(60_000);
    expect(pending.status).toBe('confirmed');
    expect(text.value.split(' ').sort()).toEqual(['>base', 'pending', 'taken']);
    expect([shown(), server.log(topic).text?.text]).toEqual(Array(2).fill(text.value));
    expect(errors).toEqual([]);
  });

  test('a document that ends takes back what was not confirmed', async () => {
    const { world, client, text } = setUp();
    const sent = text.insert(0, 'sent');
    const second: TextHandle = client.text(topic);
    expect(second.value).toBe('sent');
    second.close();
    expect(second.insert(0, 'x').error?.code).toBe('closed');
    client.close();
    expect([sent.status, sent.error?.code, text.value, text.status]).toEqual([
      'rejected',
      'closed',
      '',
      'closed',
    ]);
    expect([text.insert(0, 'x').error?.code, text.undo()]).toEqual(['closed', undefined]);
    await world.pass(1000);
  });
});

describe('positions that are shared', () => {
  test('TEXT-20 are located by who has the text, and by who opens it later', async () => {
    const { world, server, enter, text, errors } = setUp();
    text.insert(0, 'one three');
    await world.pass(1000);
    const told = text.share(4);
    expect(told).toEqual({ offset: 1, at: 4 });
    const other = enter().text(topic);
    await world.pass(1000);
    expect(other.locate(told)).toBe(4);
    // What others write meanwhile, seen by one alone, and what waits to be sent.
    server.append(topic, [[0, 0, 'zero ']]);
    server.append(topic, [[0, 0, '😀 ']], { base: 1 });
    other.insert(0, '… ');
    await world.pass(1000);
    const late = enter().text(topic);
    await world.pass(1000);
    expect([text.value, late.value]).toEqual([other.value, other.value]);
    const at = text.value.indexOf('three') - 1; // code points
    for (const reader of [text, other, late]) expect(reader.locate(told)).toBe(at);
    expect(text.share(at, told)).toBe(told);
    expect(errors).toEqual([]);
  });

  test('TEXT-20 are located after what is pending, which says where its author is', async () => {
    const { world, server, enter, text } = setUp();
    const other = enter().text(topic);
    await world.pass(1000);
    server.holding = true;
    text.insert(0, 'one');
    const told = text.share(3);
    expect([told, other.locate(told)]).toEqual([{ offset: 0, at: 0, side: 'right' }, 0]);
    await world.pass(1000);
    server.release();
    await world.pass(1000);
    expect([other.value, other.locate(told), text.share(3, told)]).toEqual(['one', 3, told]);
    const next = text.share(2, told);
    expect(other.locate(next)).toBe(2);
    expect(other.locate({ ...next, offset: 2 })).toBeUndefined();
    expect(() => text.share(4)).toThrow(expect.objectContaining({ code: 'bad_operation' }));
  });
});
