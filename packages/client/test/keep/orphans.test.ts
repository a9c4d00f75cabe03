import { describe, expect, test } from 'vitest';
import { text } from '../../src/text.ts';
import { dataOf, setUp } from './device.ts';

const offline = { offline: true };

describe('what a page that ends has left', () => {
  test.each(['closed', 'killed'])('OUT-3 is sent by one that is open, when it was %s', async (how) => {
    const { world, server, device } = setUp();
    const [a, b] = [device.page(), device.page()];
    const [sum, other] = [a.client.counter('counter:sum', offline), b.client.counter('counter:sum', offline)];
    await world.pass(1000);
    device.offline = true;
    for (const page of [a, b]) page.cut();
    sum.add(1);
    a.client.topic('chat').publish('a');
    await world.pass(100);
    if (how === 'closed') a.client.close();
    else a.kill();
    await world.pass(6000);
    expect([other.value, b.client.sync.state, b.client.sync.pending]).toEqual([1, 'offline', 2]);
    device.offline = false;
    b.client.connect();
    await world.pass(30_000);
    expect([dataOf(server, 'chat'), server.log('counter:sum').cells.get(''), other.value]).toEqual([
      ['a'],
      1,
      1,
    ]);
    expect([b.client.sync.state, b.client.sync.pending, device.errors]).toEqual(['synced', 0, []]);
    b.client.close();
  });

  test('OUT-3 SIBLING-2 is there in time for what was made on it', async () => {
    const { world, server, device } = setUp();
    const [a, b] = [device.page(), device.page()];
    const tasks = [a, b].map(({ client }) => client.records<{ done?: boolean }>('records:tasks', offline));
    await world.pass(1000);
    for (const page of [a, b]) {
      page.offline = true;
      page.cut();
    }
    tasks[0]?.set('milk', {});
    await world.pass(100);
    a.client.close();
    const tick = tasks[1]?.patch('milk', { done: true });
    b.offline = false;
    b.client.connect();
    await world.pass(30_000);
    expect([tick?.status, server.log('records:tasks').entries.length]).toEqual(['confirmed', 2]);
    b.client.close();
  });

  test('OUT-3 is sent when a page was open for a moment only between it and this one', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    first.client.topic('chat').publish('a');
    await world.pass(100);
    first.client.close();
    await world.pass(100);
    const second = device.page();
    await world.pass(1);
    device.slowness = 50; // it lets go of what it has taken later
    second.client.close();
    const third = device.page();
    await world.pass(1000);
    device.slowness = 0;
    device.offline = false;
    await world.pass(30_000);
    expect(dataOf(server, 'chat')).toEqual(['a']);
    third.client.close();
  });

  test('OUT-3 is not taken over by a page that is closed and still writes', async () => {
    const { world, server, device } = setUp();
    const [a, b] = [device.page(), device.page()];
    await world.pass(1000);
    a.offline = true;
    a.cut();
    a.client.topic('chat').publish('a');
    await world.pass(100);
    a.kill();
    device.slowness = 8000;
    b.client.topic('chat').publish('b');
    await world.pass(100);
    b.client.close();
    await world.pass(60_000);
    expect([dataOf(server, 'chat'), server.links.size]).toEqual([[], 0]);
    expect(await device.rows('entry')).toHaveLength(2);
  });

  test('OUT-5 is left alone for a minute where nobody can send it', async () => {
    const { world, device } = setUp();
    let asked = 0;
    const token = (): string => {
      asked++;
      return `x.${btoa('{"sub":"ann"}')}.x`;
    };
    const a = device.page({ token, types: [text] });
    const b = device.page({ token });
    const note = a.client.text('text:note', offline);
    await world.pass(1000);
    a.offline = true;
    a.cut();
    note.insert(0, 'words');
    await world.pass(100);
    a.kill();
    asked = 0;
    await world.pass(600_000);
    expect(asked).toBeLessThan(11);
    expect(await device.rows('entry')).toHaveLength(1);
    b.client.close();
  });
});
