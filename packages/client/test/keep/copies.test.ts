import { describe, expect, test } from 'vitest';
import { text } from '../../src/text.ts';
import { editOffline, setUp } from './device.ts';

describe('copies', () => {
  test('COPY-1 a text that is closed with its client while something waits opens as it was', async () => {
    const scene = setUp();
    const { world, device } = scene;
    const first = await editOffline(scene, 'hello world', ',');
    first.client.close();
    await world.pass(100);
    first.kill();
    const second = device.page({ types: [text] });
    const again = second.client.text('text:note');
    await world.pass(100);
    expect(again.value).toBe('hello, world');
    second.client.close();
  });

  test('COPY-2 a text that is edited while what is stored of it is being read shows it', async () => {
    const { world, server, device } = setUp();
    const first = device.page({ types: [text] });
    first.client.text('text:note', { offline: true });
    await world.pass(1000);
    server.append('text:note', [[0, 0, 'hello']]);
    await world.pass(1000);
    device.offline = true;
    first.cut();
    device.slowness = 50; // what the page has written is waited for
    const second = device.page({ types: [text] });
    const note = second.client.text('text:note', { offline: true });
    await world.pass(2);
    note.insert(0, '.');
    await world.pass(1000);
    expect([note.status, note.value.replaceAll('.', '')]).toEqual(['open', 'hello']);
    expect(await device.stored('/tail/')).toHaveLength(1);
    for (const { client } of [first, second]) client.close();
  });

  test('COPY-1 what is stored stays until a newer document takes its place', async () => {
    const { world, server, device } = setUp();
    const first = device.page({ types: [text] });
    first.client.text('text:note', { offline: true });
    await world.pass(1000);
    for (const letter of 'abc') server.append('text:note', [[0, 0, letter]]);
    await world.pass(1000);
    device.offline = true;
    first.cut();
    const second = device.page({ types: [text] });
    const note = second.client.text('text:note'); // not from what is stored
    await world.pass(100);
    note.insert(0, 'd');
    await world.pass(100);
    expect(await device.stored('/tail/')).toHaveLength(3);
    device.offline = false;
    for (const { client } of [first, second]) client.connect();
    await world.pass(5000);
    first.kill();
    second.kill();
    device.offline = true;
    const third = device.page({ types: [text] });
    const again = third.client.text('text:note', { offline: true });
    await world.pass(100);
    expect([...again.value].sort().join('')).toBe('abcd');
    third.client.close();
  });

  test('COPY-1 what was opened offline stays when a later page only sends what waits', async () => {
    const { world, device } = setUp();
    const first = device.page();
    const likes = first.client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    device.offline = true;
    first.cut();
    likes.add(3);
    await world.pass(100);
    first.kill();
    device.offline = false;
    const second = device.page(); // does not open it
    await world.pass(5000);
    expect(second.client.outbox.entries).toEqual([]);
    second.kill();
    device.offline = true;
    const third = device.page();
    const again = third.client.counter('counter:likes', { offline: true });
    await world.pass(100);
    expect([again.status, again.value]).toEqual(['open', 3]);
    third.client.close();
  });

  test('COPY-1 what was opened offline stays when it is edited by a page that does not say so', async () => {
    const { world, device } = setUp();
    const first = device.page({ types: [text] });
    first.client.text('text:note', { offline: true }).insert(0, 'hello');
    await world.pass(2000);
    first.kill();
    const second = device.page({ types: [text] });
    const note = second.client.text('text:note');
    await world.pass(2000);
    note.insert(5, '!');
    await world.pass(2000);
    note.close();
    await world.pass(2000);
    second.kill();
    device.offline = true;
    const third = device.page({ types: [text] });
    const again = third.client.text('text:note', { offline: true });
    await world.pass(100);
    expect([again.status, again.value]).toEqual(['open', 'hello!']);
    third.client.close();
  });

  test('COPY-2 entries behind a snapshot that was replaced are not folded again', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    first.client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    for (let i = 0; i < 3; i++) server.append('counter:likes', { op: 'add', n: 1 }, {});
    await world.pass(1000);
    first.kill();
    const second = device.page();
    second.client.counter('counter:likes');
    await world.pass(1000);
    second.client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    second.kill();
    device.offline = true;
    const third = device.page();
    const again = third.client.counter('counter:likes', { offline: true });
    await world.pass(100);
    expect([again.status, again.value]).toEqual(['open', 3]);
    third.client.close();
  });

  test('COPY-1 a document that is to be kept while it opens is kept', async () => {
    const { world, device } = setUp();
    device.readSlowness = 300;
    const first = device.page();
    await world.pass(3000);
    first.client.counter('counter:likes');
    const likes = first.client.counter('counter:likes', { offline: true });
    await world.pass(2000);
    expect(likes.status).toBe('open');
    expect((await device.stored()).filter((key) => key.includes('/copy/'))).not.toEqual([]);
    first.client.close();
  });

  test('OUT-4 an operation whose log is lost does not wait for ever', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    const { client } = first;
    const likes = client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    server.append('counter:likes', { op: 'add', n: 1 }, {});
    await world.pass(1000);
    server.holding = true;
    const { server: answer } = likes.add(5);
    let failed: unknown;
    answer.catch((error) => {
      failed = error;
    });
    await world.pass(1000);
    first.cut();
    server.logs.delete('counter:likes');
    server.holding = false;
    await world.pass(60_000);
    expect(failed).toMatchObject({ code: 'position_lost' });
    expect([client.sync.pending, (await device.stored()).filter((key) => key.includes('/entry/'))]).toEqual([
      0,
      [],
    ]);
    client.close();
  });

  test('OUT-4 an acknowledged operation of a document that cannot be opened any more does not wait for ever', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    const likes = first.client.counter('counter:likes', { offline: true });
    await world.pass(1000);
    server.holding = true;
    likes.add(5);
    await world.pass(1000);
    first.kill();
    server.holding = false;
    server.forbidden.add('counter:likes');
    const second = device.page();
    await world.pass(20_000);
    expect([
      second.client.sync.pending,
      (await device.stored()).filter((key) => key.includes('/entry/')),
    ]).toEqual([0, []]);
    second.client.close();
  });

  test('COPY-2 the name of a topic that begins another is of one document', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    for (const topic of ['counter:1', 'counter:11']) {
      first.client.counter(topic, { offline: true });
      server.append(topic, { op: 'add', n: topic.length }, {});
    }
    await world.pass(2000);
    first.kill();
    device.offline = true;
    const second = device.page();
    const values = ['counter:1', 'counter:11'].map((t) => second.client.counter(t, { offline: true }));
    await world.pass(100);
    expect(values.map((c) => c.value)).toEqual([9, 10]);
    second.client.close();
  });

  test('DOC-34 no new secret is taken in a later life either before a document holds what was acknowledged', async () => {
    const { world, server, device } = setUp();
    const first = device.page({ types: [text] });
    const note = first.client.text('text:note', { offline: true });
    await world.pass(1000);
    server.holding = true;
    note.insert(0, 'hello');
    await world.pass(1000);
    expect(server.log('text:note').entries.length).toBe(1);
    device.offline = true;
    first.cut();
    note.insert(5, ' world');
    await world.pass(100);
    first.kill();
    await world.pass(21 * 86_400_000);
    server.holding = false;
    device.offline = false;
    const second = device.page({ types: [text] });
    const again = second.client.text('text:note', { offline: true });
    await world.pass(10_000);
    expect([again.value, server.log('text:note').text?.text]).toEqual(['hello world', 'hello world']);
    expect(server.runs.size).toBe(1);
    second.cut();
    await world.pass(10_000);
    expect(server.runs.size).toBe(2); // then it is taken
    expect(second.client.sync).toMatchObject({ state: 'synced', pending: 0 });
    second.client.close();
  });

  test('COPY-4 a document that is erased takes the entries behind it along', async () => {
    const { world, server, device } = setUp();
    const { client } = device.page();
    for (let i = 0; i < 103; i++) {
      const topic = `counter:${i}`;
      const likes = client.counter(topic, { offline: true });
      await world.pass(400);
      server.append(topic, { op: 'add', n: 1 }, {});
      await world.pass(400);
      likes.close();
    }
    await world.pass(1000);
    for (const kind of ['copy', 'tail', 'index'])
      expect((await device.stored(`/${kind}/`)).length, kind).toBe(100);
    client.close();
  });
});
