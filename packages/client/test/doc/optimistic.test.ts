import { describe, expect, test } from 'vitest';
import { TuttiError } from '../../src/error.ts';
import { Desk, Site, turn } from './site.ts';

interface Todo {
  text: string;
  done?: boolean;
  tag?: string;
}

async function setUp() {
  const site = new Site();
  const desk = new Desk(site, 'ann');
  const other = new Desk(site, 'bob');
  const todos = desk.documents.records<Todo>('records:todos', {});
  const others = other.documents.records<Todo>('records:todos', {});
  todos.set('a', { text: 'one', done: false });
  await desk.sync();
  await desk.sync();
  await other.sync();
  const changes: string[][] = [];
  todos.subscribe(({ keys }) => changes.push([...keys]));
  return { site, desk, other, todos, others, changes };
}

describe('the optimistic client', () => {
  test('DOC-17 three in flight on one record, and the middle one fails', async () => {
    const { site, desk, todos, changes } = await setUp();
    site.hook = (data) => (JSON.stringify(data).includes('two') ? new TuttiError('rejected') : data);
    const first = todos.patch('a', { done: true });
    const second = todos.patch('a', { text: 'two', tag: 'x' });
    const third = todos.patch('a', { tag: 'y' });
    expect([first, second, third].map((m) => m.local)).toEqual([
      { text: 'one', done: true },
      { text: 'two', done: true, tag: 'x' },
      { text: 'two', done: true, tag: 'y' },
    ]);
    desk.send();
    desk.answer();
    expect(second.status).toBe('rejected');
    expect(second.error).toMatchObject({ code: 'rejected' });
    await expect(second.server).rejects.toMatchObject({ code: 'rejected' });
    expect(todos.get('a')).toEqual({ text: 'one', done: true, tag: 'y' });
    expect([first.status, third.status]).toEqual(['sent', 'sent']);
    await turn();
    changes.length = 0;
    const shown = todos.get('a');
    desk.read();
    await turn();
    expect([first.status, third.status]).toEqual(['confirmed', 'confirmed']);
    expect(await third.server).toEqual({ offset: 3, term: 'term' });
    expect(changes).toEqual([]);
    expect(todos.get('a')).toBe(shown);
  });

  test('DOC-17 a rejection while a remote edit arrives', async () => {
    const { site, desk, other, todos, others, changes } = await setUp();
    others.patch('a', { text: 'remote' });
    await other.sync();
    site.hook = () => new TuttiError('forbidden');
    const mine = todos.patch('a', { text: 'mine', done: true });
    desk.send();
    desk.read();
    await turn();
    expect(todos.get('a')).toEqual({ text: 'mine', done: true });
    changes.length = 0;
    desk.answer();
    expect(todos.get('a')).toEqual({ text: 'remote', done: false });
    expect(mine.status).toBe('rejected');
    await turn();
    expect(changes).toEqual([['a']]);
  });

  test('DOC-17 two failing adds: what is shown goes back to what is confirmed', async () => {
    const site = new Site();
    const desk = new Desk(site, 'ann');
    const likes = desk.documents.counter('counter:likes', {});
    likes.add(5);
    await desk.sync();
    site.hook = () => new TuttiError('rejected');
    const values: number[] = [];
    likes.subscribe(() => values.push(likes.value));
    const adds = [likes.add(10), likes.add(100)];
    expect(adds.map((add) => add.local)).toEqual([15, 115]);
    desk.send();
    desk.answer();
    await turn();
    expect(adds.map((add) => add.status)).toEqual(['rejected', 'rejected']);
    expect(values).toEqual([15, 115, 5]);
    expect(likes.value).toBe(5);
  });

  test('DOC-17 a dependent of a rejected one has no effect while it is pending, and the server judges it', async () => {
    const { site, desk, todos } = await setUp();
    site.hook = (data) => ((data as { op: string }).op === 'set' ? new TuttiError('rejected') : data);
    const set = todos.set('b', { text: 'new' });
    const patch = todos.patch('b', { done: true });
    expect(todos.get('b')).toEqual({ text: 'new', done: true });
    desk.send();
    desk.answer();
    expect(todos.has('b')).toBe(false);
    expect([set.error?.code, patch.error?.code]).toEqual(['rejected', 'missing']);
    await desk.sync();
    expect(todos.entries().map(([key]) => key)).toEqual(['a']);
  });

  test('DOC-16 a hook that replaces: the entry is folded as the log has it', async () => {
    const { site, desk, todos, changes } = await setUp();
    site.hook = (data) => JSON.parse(JSON.stringify(data).replace('damn', '****'));
    const mine = todos.patch('a', { text: 'damn' });
    const later = todos.patch('a', { done: true });
    expect(todos.get('a')).toEqual({ text: 'damn', done: true });
    changes.length = 0;
    desk.send();
    desk.answer();
    expect(todos.get('a')?.text).toBe('damn');
    desk.read();
    expect(todos.get('a')).toEqual({ text: '****', done: true });
    await turn();
    expect([mine.status, later.status]).toEqual(['confirmed', 'confirmed']);
    expect(changes).toEqual([['a']]);
  });

  test('DOC-16 between acknowledgement and entry nothing flickers, whichever comes first', async () => {
    const { desk, todos, changes } = await setUp();
    for (const order of [
      ['answer', 'read'],
      ['read', 'answer'],
    ] as const) {
      const mine = todos.patch('a', { text: order[0] });
      changes.length = 0;
      desk.send();
      desk[order[0]]();
      await turn();
      expect(todos.get('a')?.text).toBe(order[0]);
      expect(mine.status).toBe(order[0] === 'read' ? 'confirmed' : 'sent');
      desk[order[1]]();
      await turn();
      expect(mine.status).toBe('confirmed');
      expect(changes).toEqual([]);
    }
  });

  test('DOC-16 DOC-10 a snapshot holds own operations up to its seqs', async () => {
    const { desk, todos, changes } = await setUp();
    const sent = todos.patch('a', { text: 'in the snapshot' });
    desk.send();
    const later = todos.patch('a', { done: true });
    changes.length = 0;
    desk.snapshot('records:todos');
    expect([sent.status, later.status]).toEqual(['confirmed', 'pending']);
    expect(todos.get('a')).toEqual({ text: 'in the snapshot', done: true });
    expect(todos.confirmed('a')).toEqual({ text: 'in the snapshot', done: false });
    await turn();
    expect(changes).toEqual([]);
  });

  test('DOC-18 what the connection lost is unconfirmed, and confirmed later', async () => {
    const { desk, todos } = await setUp();
    const mine = todos.patch('a', { done: true });
    const states: string[] = [mine.status];
    todos.onMutation((m) => states.push(m.status));
    for (const step of ['send', 'cut', 'read'] as const) {
      desk[step]();
      await turn();
    }
    expect(states).toEqual(['pending', 'sent', 'unconfirmed', 'confirmed']);
    expect(await mine.server).toEqual({ offset: 2, term: 'term' });
  });

  test('DOC-18 a timeout is unconfirmed and no more', async () => {
    const { site, desk, todos } = await setUp();
    const mine = todos.patch('a', { done: true }, { timeout: 1000 });
    desk.send();
    await site.world.pass(999);
    expect(mine.status).toBe('sent');
    await site.world.pass(1);
    expect(mine.status).toBe('unconfirmed');
    expect(mine.error).toBeUndefined();
    expect(todos.get('a')?.done).toBe(true);
    await desk.sync();
    expect(mine.status).toBe('confirmed');
  });

  test('what was never sent can be taken back, and nothing else', async () => {
    const { desk, todos } = await setUp();
    const first = todos.patch('a', { text: 'first' });
    desk.send();
    const second = todos.patch('a', { text: 'second' });
    expect(first.cancel()).toBe(false);
    expect(second.cancel()).toBe(true);
    expect(second.cancel()).toBe(false);
    expect(second.status).toBe('cancelled');
    await expect(second.server).rejects.toMatchObject({ code: 'aborted' });
    expect(todos.get('a')?.text).toBe('first');
    await desk.sync();
    expect(first.status).toBe('confirmed');
    expect(first.cancel()).toBe(false);
  });

  test('DOC-19 a document is opened while operations are pending', async () => {
    const site = new Site();
    site.judge('records:todos', {}, { op: 'set', key: 'a', value: { text: 'old' } });
    const desk = new Desk(site, 'ann');
    const todos = desk.documents.records<Todo>('records:todos', {});
    expect(todos.status).toBe('opening');
    const mine = todos.patch('a', { done: true });
    expect([mine.local, mine.status]).toEqual([undefined, 'pending']);
    desk.opened();
    await todos.ready;
    expect(todos.get('a')).toEqual({ text: 'old', done: true });
    await desk.sync();
    expect(site.log('records:todos').entries[1]).toMatchObject({ base: 0, client: 'ann', seq: 1 });
    expect(mine.status).toBe('confirmed');
  });

  test('DOC-18 DOC-19 a lost log: what it held is gone, what is pending stays', async () => {
    const { site, desk, todos } = await setUp();
    const acknowledged = todos.patch('a', { text: 'acknowledged' });
    desk.send();
    desk.answer();
    const pending = todos.set('b', { text: 'pending' });
    Object.assign(site.log('records:todos'), { entries: [], cells: new Map() });
    desk.snapshot('records:todos', false);
    await expect(acknowledged.server).rejects.toMatchObject({ code: 'position_lost' });
    expect(acknowledged.status).toBe('rejected');
    expect(todos.entries()).toEqual([['b', { text: 'pending' }]]);
    await desk.sync();
    expect(pending.status).toBe('confirmed');
  });

  test('DOC-15 entries of one frame are one change', async () => {
    const { desk, other, todos, others, changes } = await setUp();
    for (let n = 0; n < 5; n++) others.set(`k${n}`, { text: `${n}` });
    others.patch('a', { done: true });
    await other.sync();
    desk.read();
    await turn();
    expect(changes).toEqual([['k0', 'k1', 'k2', 'k3', 'k4', 'a']]);
    expect(todos.size).toBe(6);
  });

  test('a document stays open while something is pending, and is shared by its handles', async () => {
    const { desk, todos } = await setUp();
    const second = desk.documents.records<Todo>('records:todos', {});
    expect(second.get('a')).toBe(todos.get('a'));
    await second.ready;
    const mine = second.patch('a', { done: true });
    second.close();
    todos.close();
    expect([todos.status, second.status]).toEqual(['closed', 'closed']);
    expect(desk.topics).toEqual(['records:todos']);
    expect(todos.set('c', { text: 'too late' }).error?.code).toBe('closed');
    await desk.sync();
    expect(mine.status).toBe('confirmed');
    expect(desk.topics).toEqual([]);
  });

  test('DOC-8 a document that cannot be opened says so, and rejects what is pending', async () => {
    const { desk, todos } = await setUp();
    const sent = todos.patch('a', { done: true });
    desk.send();
    const pending = todos.patch('a', { text: 'x' });
    const faults: string[] = [];
    todos.onError((error) => faults.push(error.code));
    desk.fail('records:todos', new TuttiError('forbidden'));
    await turn();
    expect(faults).toEqual(['forbidden']);
    expect(todos.status).toBe('failed');
    expect([sent.status, pending.status]).toEqual(['unconfirmed', 'rejected']);
    expect([sent.error?.code, pending.error?.code]).toEqual(['forbidden', 'forbidden']);
    expect(todos.set('b', { text: '' }).error?.code).toBe('forbidden');
    const again = desk.documents.records<Todo>('records:todos', {});
    desk.opened();
    await again.ready;
    expect(again.get('a')?.done).toBe(true);
    expect(desk.errors).toEqual([]);
  });

  test('an entry that cannot be folded is told, and harms nothing', async () => {
    const { site, desk, todos } = await setUp();
    const log = site.log('records:todos');
    log.entries.push({ offset: 2, term: 'term', time: 0, base: 1, data: { op: 'rename' } });
    log.entries.push({ offset: 3, term: 'term', time: 0, base: 1, redacted: true, data: null });
    const faults: string[] = [];
    todos.onError((error) => faults.push(error.message));
    desk.read();
    await turn();
    expect(faults).toEqual([expect.stringContaining('offset 2')]);
    expect(todos.get('a')?.text).toBe('one');
    site.judge('records:todos', {}, { op: 'delete', key: 'a' });
    desk.read();
    expect(todos.size).toBe(0);
  });

  test('a listener may change the document, throw, and close its handle', async () => {
    const { site, desk, todos } = await setUp();
    const second = desk.documents.records<Todo>('records:todos', {});
    const seen: unknown[] = [];
    second.subscribe(() => {
      throw new Error('of a listener');
    });
    second.subscribe(({ keys }) => {
      seen.push(keys);
      second.close();
    });
    second.subscribe(() => seen.push('after the end'));
    todos.set('b', { text: 'b' });
    expect(seen).toEqual([['b']]);
    expect(second.status).toBe('closed');
    const third = desk.documents.records<Todo>('records:todos', {});
    third.subscribe(({ keys }) => {
      seen.push(keys);
      if (keys.includes('a')) third.patch('b', { done: true });
    });
    site.judge('records:todos', {}, { op: 'patch', key: 'a', set: { text: 'remote' } });
    desk.read();
    await turn();
    expect(seen.slice(1)).toEqual([['a'], ['b']]);
    expect(third.get('b')).toEqual({ text: 'b', done: true });
    expect(desk.errors).toEqual([expect.objectContaining({ message: 'of a listener' })]);
  });

  test('one topic is of one type', () => {
    const desk = new Desk(new Site(), 'ann');
    desk.documents.counter('counter:x', {});
    expect(() => desk.documents.set('counter:x', {})).toThrow(
      expect.objectContaining({ code: 'wrong_type' }),
    );
  });
});
