import { describe, expect, test } from 'vitest';
import { TuttiError } from '../../src/index.ts';
import { text } from '../../src/text.ts';
import { calm } from '../model.ts';
import { Device, dataOf, editOffline, type Page, setUp } from './device.ts';

describe('the outbox', () => {
  test('OUT-1 nothing is sent that is not stored', async () => {
    const { world, server, device } = setUp();
    device.slowness = 300;
    const { client } = device.page();
    await world.pass(2000);
    client.topic('chat').publish('hello');
    await world.pass(250);
    expect(server.heard.filter(({ type }) => type === 'publish')).toEqual([]);
    expect(client.outbox.entries).toMatchObject([{ topic: 'chat', data: 'hello' }]);
    await world.pass(1000);
    expect(dataOf(server, 'chat')).toEqual(['hello']);
    expect(client.outbox.entries).toEqual([]);
    expect((await device.stored()).filter((key) => key.includes('/entry/'))).toEqual([]);
    client.close();
  });

  test('OUT-3 what was queued offline is sent by the next page, once and in order', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    for (let i = 0; i < 100; i++) first.client.topic('chat').publish(i);
    await world.pass(1000);
    first.kill();
    const second = device.page();
    await world.pass(100);
    expect(second.client.outbox.entries.map(({ data }) => data)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    second.client.topic('chat').publish('later');
    await world.pass(100);
    device.offline = false;
    await world.pass(30_000);
    expect(dataOf(server, 'chat')).toEqual([...Array.from({ length: 100 }, (_, i) => i), 'later']);
    expect(server.log('chat').rows.size).toBe(1);
    second.client.close();
  });

  test('OUT-2 a page that is killed in flight leaves nothing twice', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { world, server, device } = setUp(seed);
      let page = device.page();
      const published: number[] = [];
      for (let life = 0; life < 5; life++) {
        await world.pass(world.below(700));
        for (let i = world.below(30); i > 0; i--) {
          page.client.topic('chat').publish(published.length);
          published.push(published.length);
        }
        await world.pass(world.below(300));
        page.kill();
        page = device.page();
      }
      await world.pass(60_000);
      const arrived = dataOf(server, 'chat') as number[];
      expect([...arrived].sort((a, b) => a - b)).toEqual([...new Set(arrived)].sort((a, b) => a - b));
      expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
      expect(page.client.outbox.entries).toEqual([]);
      page.client.close();
    }
  });

  test('OUT-3 the run of a later life is above all that were said, stored or not', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    await world.pass(1000);
    device.slowness = 5000;
    first.cut();
    await world.pass(2000);
    first.kill();
    const said = [...server.runs.values()];
    expect(said).toEqual([2]);
    device.slowness = 0;
    const { client } = device.page();
    await world.pass(1000);
    expect(client.online).toBe(true);
    expect(server.runs.size).toBe(1);
    client.close();
  });

  test('COPY-1 two tabs keep one document: what is stored of it has no hole', async () => {
    const { world, server, device } = setUp();
    const [ahead, behind] = [device.page(), device.page()];
    for (const { client } of [ahead, behind]) client.counter('counter:n', { offline: true });
    await world.pass(1000);
    for (let n = 1; n <= 300; n++) server.append('counter:n', { op: 'add', n: 1 });
    await world.pass(5000);
    await device.spoil((key, row) => (key.endsWith('0000000000000299') ? undefined : row));
    ahead.kill();
    behind.kill();
    device.offline = true;
    const { client } = device.page();
    const counter = client.counter('counter:n', { offline: true });
    await world.pass(1000);
    const shown = counter.value;
    device.offline = false;
    await world.pass(60_000);
    expect([shown <= 298 || shown === 300, counter.value]).toEqual([true, 300]);
    client.close();
  });

  test('OUT-7 what the server rejects in a later life becomes a dead letter, and holds nothing up', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    for (const word of ['a', 'bad', 'c']) first.client.topic('chat').publish(word, { name: 'word' });
    await world.pass(100);
    first.kill();
    server.rejects = (data) => data === 'bad';
    device.offline = false;
    const second = device.page();
    await world.pass(5000);
    expect(dataOf(server, 'chat')).toEqual(['a', 'c']);
    expect(second.client.outbox.dead).toMatchObject([
      { topic: 'chat', name: 'word', data: 'bad', error: { code: 'rejected' } },
    ]);
    second.kill();
    const third = device.page();
    await world.pass(1000);
    const [letter] = third.client.outbox.dead;
    third.client.outbox.retry(letter?.id ?? '', 'good');
    await world.pass(1000);
    expect(dataOf(server, 'chat')).toEqual(['a', 'c', 'good']);
    expect(third.client.outbox.dead).toEqual([]);
    expect((await device.stored()).filter((key) => /\/(entry|dead)\//.test(key))).toEqual([]);
    third.client.close();
  });

  test('SYNC-6 what several dead pages have left waits on the page that sends it', async () => {
    const { world, device } = setUp();
    device.offline = true;
    const pages = [device.page(), device.page(), device.page()];
    for (const i of [0, 1, 2, 0]) {
      (pages[i] as Page).client.topic('chat').publish(i);
      await world.pass(100);
    }
    for (const page of pages) page.kill();
    const { client } = device.page();
    let changes = 0;
    client.outbox.onChange(() => changes++);
    await world.pass(1000);
    expect(client.outbox.entries.map(({ data }) => data)).toEqual([0, 1, 2, 0]);
    expect(client.sync).toMatchObject({ state: 'offline', pending: 4, durable: true });
    const told: number[] = [];
    client.onSync(({ pending }) => told.push(pending));
    device.offline = false;
    await world.pass(60_000);
    expect([client.sync, client.outbox.entries]).toMatchObject([{ state: 'synced', pending: 0 }, []]);
    expect(told).toContain(1);
    expect(changes).toBeGreaterThan(0);
    client.close();
  });

  test('SYNC-6 what nobody here can send is not counted', async () => {
    const { world, device } = setUp();
    device.offline = true;
    const first = device.page({ types: [text] });
    first.client.text('text:note').insert(0, 'hello');
    await world.pass(1000);
    const second = device.page();
    second.client.topic('chat').publish('a');
    await world.pass(1000);
    for (const page of [first, second]) page.kill();
    device.offline = false;
    const { client } = device.page();
    await world.pass(30_000);
    expect([client.outbox.entries, client.sync]).toMatchObject([[], { state: 'synced', blocked: 0 }]);
    expect(await device.rows('entry')).toHaveLength(1);
    client.close();
  });

  test('OUT-3 two pages are two clients, and what a dead one has left is sent beside', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const pages = [device.page(), device.page()];
    for (const [i, { client }] of pages.entries()) client.topic('chat').publish(i);
    await world.pass(100);
    for (const page of pages) page.kill();
    device.offline = false;
    const { client } = device.page();
    await world.pass(5000);
    expect((dataOf(server, 'chat') as number[]).sort()).toEqual([0, 1]);
    expect(server.log('chat').rows.size).toBe(2);
    // The storage that the application gave is the client's as long as it lives.
    client.topic('chat').publish(2);
    await world.pass(2000);
    expect(device.errors).toEqual([]);
    expect(dataOf(server, 'chat')).toContain(2);
    client.close();
  });

  test('OUT-3 what was stored before the page was about to connect is found by the next one', async () => {
    const { world, server, device } = setUp();
    const first = device.page({ user: 'ann', token: () => new Promise(() => {}) });
    first.client.topic('chat').publish('early');
    await world.pass(100);
    first.kill();
    const { client } = device.page({ user: 'ann', token: () => 'token' });
    client.topic('chat').publish('late');
    await world.pass(3000);
    expect(dataOf(server, 'chat')).toEqual(['early', 'late']);
    client.close();
  });

  test('OUT-8 what has waited for 30 days is a dead letter', async () => {
    const { world, device } = setUp();
    device.offline = true;
    const first = device.page();
    first.client.topic('chat').publish('old');
    await world.pass(100);
    first.kill();
    world.now += 31 * 86_400_000;
    const { client } = device.page();
    await world.pass(100);
    expect(client.outbox.dead).toMatchObject([{ data: 'old', error: { code: 'timeout' } }]);
    expect(client.outbox.entries).toEqual([]);
    client.close();
  });

  test('OUT-9 entries of another version are carried over, or become dead letters', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page({ version: 1 });
    first.client.topic('chat').publish({ text: 'a' });
    first.client.topic('chat').publish({ old: true });
    await world.pass(100);
    first.kill();
    device.offline = false;
    const migrate = ({ topic, data, version }: { topic: string; data: unknown; version?: number }) =>
      version === 1 && 'text' in (data as object) ? { topic, data: { body: 'a' } } : null;
    const { client } = device.page({ version: 2, migrate });
    await world.pass(3000);
    expect(dataOf(server, 'chat')).toEqual([{ body: 'a' }]);
    expect(client.outbox.dead).toMatchObject([{ data: { old: true }, error: { code: 'bad_operation' } }]);
    client.close();
  });

  test('OUT-10 what cannot be stored is told and sent from memory, and stored later', async () => {
    const { world, server, device } = setUp();
    const { client } = device.page();
    const told: boolean[] = [];
    client.onSync(({ durable }) => told.push(durable));
    await world.pass(1000);
    expect(client.outbox.durable).toBe(true);
    device.full = true;
    client.topic('chat').publish('a');
    await world.pass(1000);
    expect(dataOf(server, 'chat')).toEqual(['a']);
    expect([client.outbox.durable, device.errors.length > 0]).toEqual([false, true]);
    device.full = false;
    device.offline = true;
    await world.pass(15_000);
    expect(client.outbox.durable).toBe(true);
    expect(told.filter((durable, i) => durable !== told[i - 1])).toEqual([true, false, true]);
    client.close();
  });

  test('OUT-10 what was sent from memory keeps no later life from being heard', async () => {
    for (const offline of [false, true]) {
      const { world, server, device } = setUp();
      const first = device.page();
      first.client.topic('chat').publish('stored');
      await world.pass(1000);
      device.full = true;
      device.offline = offline;
      if (offline) first.cut();
      first.client.topic('chat').publish('from memory');
      await world.pass(3000);
      device.offline = false;
      first.client.topic('chat').publish('and more');
      await world.pass(30_000);
      expect(dataOf(server, 'chat')).toEqual(['stored', 'from memory', 'and more']);
      first.kill();
      device.full = false;
      const second = device.page();
      for (const word of ['b', 'c', 'd']) second.client.topic('chat').publish(word);
      await world.pass(5000);
      expect(dataOf(server, 'chat')).toEqual(['stored', 'from memory', 'and more', 'b', 'c', 'd']);
      second.client.close();
    }
  });

  test('OUT-10 what is stored and was never sent waits, and what cannot be stored behind it', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    first.client.topic('chat').publish('stored');
    await world.pass(1000);
    device.full = true;
    first.client.topic('chat').publish('from memory');
    device.offline = false;
    await world.pass(30_000);
    expect([dataOf(server, 'chat'), first.client.sync.pending]).toEqual([[], 2]);
    device.full = false;
    await world.pass(30_000);
    expect(dataOf(server, 'chat')).toEqual(['stored', 'from memory']);
    first.client.close();
  });

  test('OUT-10 what is stored and was never sent comes once, though the page ends before anything can be stored again', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    first.client.topic('chat').publish('stored');
    await world.pass(1000);
    device.full = true;
    device.offline = false;
    first.client.topic('other').publish('from memory');
    await world.pass(30_000);
    first.kill();
    device.full = false;
    const second = device.page();
    await world.pass(30_000);
    expect([dataOf(server, 'chat'), dataOf(server, 'other')]).toEqual([['stored'], ['from memory']]);
    second.client.close();
  });

  test('OUT-10 rows that are gone are stored again', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    first.client.topic('chat').publish('a');
    await world.pass(100);
    await device.wipe();
    await world.pass(100);
    first.kill();
    device.offline = false;
    const { client } = device.page();
    await world.pass(3000);
    expect(dataOf(server, 'chat')).toEqual(['a']);
    client.close();
  });

  test('OUT-10 a document whose rows are gone is stored again, also without a connection', async () => {
    const { world, server, device } = setUp();
    const first = device.page({ types: [text] });
    const note = first.client.text('text:note', { offline: true });
    const tasks = first.client.records<object>('records:tasks', { offline: true });
    note.insert(0, 'hello');
    tasks.set('a', {});
    await world.pass(3000);
    device.offline = true;
    first.cut();
    note.insert(5, ' there');
    await world.pass(100);
    await device.wipe();
    await world.pass(100);
    first.kill();
    const second = device.page({ types: [text] });
    const again = second.client.text('text:note', { offline: true });
    const tasksAgain = second.client.records<object>('records:tasks', { offline: true });
    await world.pass(100);
    expect([again.value, tasksAgain.has('a')]).toEqual(['hello there', true]);
    await device.wipe();
    device.offline = false;
    await world.pass(30_000);
    expect([again.value, second.client.outbox.entries, second.client.sync.pending]).toEqual([
      'hello there',
      [],
      0,
    ]);
    expect((await device.stored()).filter((key) => key.includes('/entry/'))).toEqual([]);
    expect(server.log('text:note').entries.length).toBe(2);
    second.client.close();
  });

  test('OUT-11 another user is shown and sends nothing of it', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const ann = device.page({ user: 'ann' });
    ann.client.topic('chat').publish('a');
    await world.pass(100);
    ann.kill();
    device.offline = false;
    const bob = device.page({ user: 'bob' });
    await world.pass(3000);
    expect([bob.client.outbox.entries, dataOf(server, 'chat')]).toEqual([[], []]);
    bob.kill();
    const again = device.page({ user: 'ann' });
    await world.pass(3000);
    expect(dataOf(server, 'chat')).toEqual(['a']);
    again.client.close();
  });

  test('OUT-12 forget erases all of the user', async () => {
    const { world, device } = setUp();
    device.offline = true;
    const { client } = device.page({ user: 'ann' });
    const other = device.page({ user: 'bob' });
    for (const one of [client, other.client]) {
      one.topic('chat').publish('a');
      one.counter('counter:likes', { offline: true }).add(1);
    }
    await world.pass(100);
    await client.forget();
    expect((await device.stored('ann/')).length).toBe(0);
    expect((await device.stored('bob/')).length).toBeGreaterThan(0);
    expect(client.status.state).toBe('closed');
    expect([client.sync, client.outbox.entries]).toMatchObject([{ state: 'synced', pending: 0 }, []]);
    other.client.close();
  });
});

describe('documents without a network', () => {
  test('COPY-2 a document opens as it was, with what is pending, before any connection', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    const tasks = first.client.records<{ title: string }>('records:tasks', { offline: true });
    tasks.set('a', { title: 'one' });
    await world.pass(2000);
    server.append('records:tasks', { op: 'set', key: 'b', value: { title: 'two' } }, {});
    await world.pass(2000);
    device.offline = true;
    first.cut();
    tasks.set('c', { title: 'three' });
    await world.pass(500);
    const shown = tasks.entries();
    expect(shown.length).toBe(3);
    first.kill();

    const second = device.page();
    const again = second.client.records<{ title: string }>('records:tasks', { offline: true });
    await world.pass(50);
    expect(again.status).toBe('open');
    expect(again.entries()).toEqual(shown);
    device.offline = false;
    await world.pass(30_000);
    expect([...server.log('records:tasks').cells.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(second.client.outbox.entries).toEqual([]);
    second.client.close();
  });

  test('COPY-1 what was acknowledged and is not in the stored document shows, and is not sent again', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    first.client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    server.holding = true;
    first.client.counter('counter:likes').add(5);
    await world.pass(1000);
    expect(server.log('counter:likes').entries.length).toBe(1);
    first.kill();
    device.offline = true;
    const second = device.page();
    const likes = second.client.counter('counter:likes', { offline: true });
    await world.pass(100);
    expect([likes.value, second.client.outbox.entries]).toEqual([5, []]);
    server.holding = false;
    device.offline = false;
    await world.pass(30_000);
    expect([likes.value, server.log('counter:likes').entries.length]).toEqual([5, 1]);
    expect((await device.stored()).filter((key) => key.includes('/entry/'))).toEqual([]);
    second.client.close();
  });

  test('COPY-1 a text is kept while something of it waits, and no longer', async () => {
    const scene = setUp();
    const { world, server, device } = scene;
    const first = await editOffline(scene, 'hello world', ',');
    first.kill();
    server.append('text:note', [[0, 6, '']], {});
    const second = device.page({ types: [text] });
    const again = second.client.text('text:note');
    await world.pass(100);
    expect(again.value).toBe('hello, world');
    device.offline = false;
    await world.pass(30_000);
    expect(again.value).toBe(',world');
    again.close();
    await world.pass(100);
    expect((await device.stored()).filter((key) => !/\/(?:client|topic)\//.test(key))).toEqual([]);
    second.client.close();
  });

  test('COPY-3 entries are folded into a new snapshot when they are many', async () => {
    const { world, server, device } = setUp();
    const { client } = device.page();
    const likes = client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    for (let i = 0; i < 600; i++) {
      server.append('counter:likes', { op: 'add', n: 1 }, {});
      if (i % 50 === 0) await world.pass(100);
    }
    await world.pass(1000);
    expect(likes.value).toBe(600);
    const tail = (await device.stored()).filter((key) => key.includes('/tail/'));
    expect(tail.length).toBeLessThanOrEqual(256 + 50);
    client.close();
  });

  test('COPY-4 of more than 100 documents the one that was opened least recently goes', async () => {
    const { world, device } = setUp();
    const { client } = device.page();
    for (let i = 0; i < 102; i++) {
      client.counter(`counter:${i}`, { offline: true }).close(); // opened and closed at once
      const likes = client.counter(`counter:${i}`, { offline: true });
      await world.pass(400);
      if (i !== 1) likes.close();
    }
    const kept = (await device.stored()).filter((key) => key.includes('/copy/'));
    expect(kept.length).toBe(100);
    expect(kept).not.toContain('/copy/counter:0\n');
    expect(kept).toContain('/copy/counter:1\n');
    expect(kept).not.toContain('/copy/counter:2\n');
    client.close();
  });

  test('COPY-5 what cannot be read is passed over, and what does not fit it is sent as it was made', async () => {
    const { world, server, device } = setUp();
    const first = device.page({ types: [text] });
    const note = first.client.text('text:note', { offline: true });
    first.client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    server.append('text:note', [[0, 0, 'hello']], {});
    await world.pass(1000);
    device.offline = true;
    first.cut();
    note.insert(5, '!');
    await world.pass(100);
    first.kill();
    await device.spoil((key, row) =>
      key.includes('/copy/') ? { ...(row as object), snapshot: { offset: 1, cells: 7 } } : row,
    );
    device.offline = false;
    const second = device.page({ types: [text] });
    const again = second.client.text('text:note', { offline: true });
    const likes = second.client.counter('counter:likes', { offline: true });
    await world.pass(5000);
    expect([again.status, again.value, likes.status, likes.value]).toEqual(['open', 'hello!', 'open', 0]);
    expect(device.errors).toMatchObject([{ code: 'bad_message' }, { code: 'bad_message' }]);
    expect([second.client.outbox.dead, second.client.outbox.entries]).toEqual([[], []]);
    expect(second.client.sync).toMatchObject({ state: 'synced', pending: 0 });
    second.client.close();
  });

  test('COPY-5 an operation that fits neither what is kept nor the server becomes a dead letter', async () => {
    const scene = setUp();
    const { world, server, device } = scene;
    const first = await editOffline(scene, 'hello', '!');
    first.kill();
    await device.spoil((key, row) => (key.includes('/copy/') ? undefined : row));
    server.faults = { ...calm, bar: 1 };
    server.append('text:note', [[0, 0, 'X']], {});
    server.faults = calm;
    device.offline = false;
    const second = device.page({ types: [text] });
    const again = second.client.text('text:note');
    await world.pass(60_000);
    expect([again.value, second.client.outbox.entries]).toEqual(['Xhello', []]);
    expect(second.client.outbox.dead).toMatchObject([
      { doc: 'text', data: [[5, 0, '!']], error: { code: 'bad_message' } },
    ]);
    second.client.outbox.retry(second.client.outbox.dead[0]?.id ?? '', [[6, 0, '?']]);
    await world.pass(1000);
    expect([again.value, second.client.outbox.dead]).toEqual(['Xhello?', []]);
    second.client.close();
  });

  test('COPY-1 notes written on two devices offline, killed, opened offline and then online: both hold everything', async () => {
    const { world, server, device } = setUp();
    const other = new Device(world, server);
    const devices = [device, other];
    const open = (on: Device) => {
      const page = on.page({ types: [text] });
      return { page, note: page.client.text('text:note', { offline: true }) };
    };
    let pages = devices.map(open);
    await world.pass(1000);
    pages[0]?.note.insert(0, 'shared ');
    await world.pass(3000);
    for (const one of devices) one.offline = true;
    for (const { page } of pages) page.cut();
    for (const [i, { note }] of pages.entries()) {
      note.insert(note.length, `written by ${i} `);
      await world.pass(1000);
      note.insert(0, `${i}: `);
    }
    await world.pass(1000);
    const shown = pages.map(({ note }) => note.value);
    expect(shown).toEqual(['0: shared written by 0 ', '1: shared written by 1 ']);
    for (const { page } of pages) page.kill();

    pages = devices.map(open);
    await world.pass(1000);
    expect(pages.map(({ note }) => note.value)).toEqual(shown);
    for (const one of devices) one.offline = false;
    await world.pass(60_000);
    const [a, b] = pages.map(({ note }) => note.value);
    expect(a).toBe(b);
    expect(server.log('text:note').text?.text).toBe(a);
    for (const part of ['0: ', '1: ', 'shared ', 'written by 0 ', 'written by 1 ']) expect(a).toContain(part);
    for (const { page } of pages) page.client.close();
    expect([...device.errors, ...other.errors].filter((e) => e instanceof TuttiError)).toEqual([]);
  });
});
