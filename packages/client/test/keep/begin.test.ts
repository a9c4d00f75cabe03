import { describe, expect, test } from 'vitest';
import { text } from '../../src/text.ts';
import type { World } from '../world.ts';
import { type Device, dataOf, editOffline, setUp } from './device.ts';

/** A token of a user that nobody has signed. */
const tokenOf = (sub: string): string => `x.${btoa(JSON.stringify({ sub }))}.x`;

/** What a killed page has left. */
async function leave(device: Device, world: World, words: readonly string[], options = {}): Promise<void> {
  device.offline = true;
  const page = device.page(options);
  for (const word of words) page.client.topic('chat').publish(word);
  await world.pass(100);
  page.kill();
  device.offline = false;
}

describe('a page that starts', () => {
  test('OUT-3 connect before the storage is read does not begin as another client', async () => {
    const { world, server, device } = setUp();
    await leave(device, world, ['a']);
    device.readSlowness = 500;
    const { client } = device.page();
    client.connect();
    await world.pass(10_000);
    expect([dataOf(server, 'chat'), server.runs.size]).toEqual([['a'], 1]);
    client.close();
  });

  test('OUT-11 a token that cannot be had at first is asked for again, and then all is kept', async () => {
    const { world, server, device } = setUp();
    await leave(device, world, ['a'], { token: tokenOf('ann') });
    let fails = 2;
    const token = async (): Promise<string> => {
      if (fails-- > 0) throw new Error('no network');
      return tokenOf('ann');
    };
    const { client } = device.page({ token });
    client.topic('chat').publish('b');
    await world.pass(50);
    expect([client.status.state, client.sync.state, client.outbox.durable]).toEqual([
      'backoff',
      'offline',
      false,
    ]);
    await world.pass(10_000);
    expect([dataOf(server, 'chat'), client.outbox.durable]).toEqual([['a', 'b'], true]);
    expect(device.errors).toEqual([]);
    client.close();
  });

  test('OUT-11 a token function that never answers is asked again', async () => {
    const { world, server, device } = setUp();
    let asked = 0;
    const token = (): Promise<string> =>
      asked++ ? Promise.resolve(tokenOf('ann')) : new Promise<string>(() => {});
    const { client } = device.page({ token });
    client.topic('chat').publish('a');
    await world.pass(30_000);
    expect(dataOf(server, 'chat')).toEqual(['a']);
    client.close();
  });

  test('OUT-10 a storage that cannot be read is told, and holds no client that others could go on as', async () => {
    const { world, server, device } = setUp();
    await leave(device, world, ['a']);
    device.unreadable = (prefix) => prefix.includes('/topic/');
    const first = device.page();
    first.client.topic('chat').publish('b');
    await world.pass(5000);
    expect([dataOf(server, 'chat'), device.errors.length > 0]).toEqual([['b'], true]);
    device.unreadable = () => false;
    const second = device.page();
    await world.pass(5000);
    expect(dataOf(server, 'chat')).toEqual(['b', 'a']);
    first.client.close();
    second.client.close();
  });

  test('OUT-1 what is done before the storage is read is stored by a page that is closed meanwhile', async () => {
    const { world, server, device } = setUp();
    await leave(device, world, ['a']);
    device.readSlowness = 100;
    const first = device.page();
    const b = first.client.topic('chat').publish('b');
    const sum = first.client.counter('counter:sum', { offline: true }).add(1);
    first.client.close();
    await world.pass(5000);
    expect([b.status, sum.status, dataOf(server, 'chat')]).toEqual(['unconfirmed', 'unconfirmed', []]);
    const second = device.page();
    await world.pass(5000);
    expect([dataOf(server, 'chat'), device.errors]).toEqual([['a', 'b'], []]);
    expect(server.log('counter:sum').cells.get('')).toBe(1);
    second.client.close();
  });

  test('OUT-10 nor does one whose channel cannot be joined', async () => {
    const { world, server, device } = setUp();
    await leave(device, world, ['a']);
    device.channelless = true;
    const first = device.page();
    first.client.topic('chat').publish('b');
    await world.pass(5000);
    expect([dataOf(server, 'chat'), device.errors.length > 0]).toEqual([['b'], true]);
    device.channelless = false;
    const second = device.page();
    await world.pass(5000);
    expect(dataOf(server, 'chat')).toEqual(['b', 'a']);
    first.client.close();
    second.client.close();
  });

  test('OUT-10 a storage that does not answer is passed over', async () => {
    const { world, server, device } = setUp();
    device.readSlowness = 10 ** 9;
    const { client } = device.page();
    client.topic('chat').publish('a');
    const likes = client.counter('counter:likes', { offline: true });
    await world.pass(60_000);
    expect([dataOf(server, 'chat'), likes.status]).toEqual([['a'], 'open']);
    expect(device.errors).toMatchObject([{ code: 'storage_failed' }]);
    client.close();
  });

  test('OUT-10 a write that never ends holds nothing for ever', async () => {
    const { world, server, device } = setUp();
    const { client } = device.page();
    await world.pass(1000);
    device.slowness = 10 ** 9;
    client.topic('chat').publish('a');
    await world.pass(30_000);
    client.topic('chat').publish('b');
    await world.pass(30_000);
    expect([dataOf(server, 'chat'), client.outbox.durable]).toEqual([['a', 'b'], false]);
    expect(device.errors).toMatchObject([{ code: 'storage_failed' }]);
    client.close();
  });

  test('OUT-3 closed before the storage is read it leaves what was there, and a later page goes on', async () => {
    const { world, server, device } = setUp();
    await leave(device, world, ['a']);
    device.readSlowness = 500;
    const first = device.page();
    await world.pass(700);
    first.client.close();
    await world.pass(5000);
    const second = device.page();
    await world.pass(10_000);
    expect(dataOf(server, 'chat')).toEqual(['a']);
    second.client.close();
    expect(device.errors).toEqual([]);
  });

  test('OUT-3 a page that is killed at any moment of its start loses nothing', async () => {
    const { world, server, device } = setUp();
    await leave(device, world, ['a', 'b']);
    device.readSlowness = 100;
    for (let ms = 0; ms < 1000; ms += 50) {
      const page = device.page();
      await world.pass(ms);
      page.kill();
    }
    const { client } = device.page();
    await world.pass(10_000);
    expect(dataOf(server, 'chat')).toEqual(['a', 'b']);
    expect(server.runs.size).toBe(1);
    client.close();
  });

  test('OUT-3 of pages that start at one moment each is another client, and all that was left is sent', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const dead = Array.from({ length: 4 }, () => device.page());
    for (const [i, { client }] of dead.entries()) client.topic('chat').publish(i);
    await world.pass(100);
    for (const page of dead) page.kill();
    device.offline = false;
    const pages = Array.from({ length: 3 }, () => device.page());
    await world.pass(20_000);
    expect((dataOf(server, 'chat') as number[]).sort()).toEqual([0, 1, 2, 3]);
    for (const { client } of pages) client.close();
    expect(device.errors).toEqual([]);
  });

  test('OUT-3 OUT-14 a client beside, that has ended, leaves the storage open', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const dead = [device.page(), device.page()];
    for (const [i, { client }] of dead.entries()) client.topic('chat').publish(i);
    await world.pass(100);
    for (const page of dead) page.kill();
    device.offline = false;
    const { client } = device.page();
    await world.pass(5000);
    client.topic('chat').publish('later');
    await world.pass(5000);
    expect(dataOf(server, 'chat').length).toBe(3);
    expect([client.outbox.durable, device.errors]).toEqual([true, []]);
    client.close();
  });

  test('OUT-2 what was said anew when the storage was read is stored as it is said now', async () => {
    const scene = setUp();
    const { world, device } = scene;
    const first = await editOffline(scene, 'hello', '!', { offline: true });
    first.kill();

    const second = device.page({ types: [text] });
    second.client.text('text:note', { offline: true }).insert(0, 'x');
    await world.pass(1000);
    const shown = second.client.text('text:note').value;
    expect(shown).toContain('hello!');
    second.kill();
    const third = device.page({ types: [text] });
    const again = third.client.text('text:note', { offline: true });
    await world.pass(1000);
    expect(again.value).toBe(shown);
    device.offline = false;
    await world.pass(20_000);
    expect(again.value).toBe(shown);
    third.client.close();
  });

  test('OUT-12 a client that was closed or has forgotten writes nothing more', async () => {
    const { world, device } = setUp();
    const page = device.page();
    await world.pass(1000);
    device.full = true;
    device.offline = true;
    page.cut();
    page.client.topic('chat').publish('a');
    await world.pass(1000);
    device.full = false;
    await page.client.forget();
    const told = device.errors.length;
    await world.pass(60_000);
    expect([await device.stored(), device.errors.length]).toEqual([[], told]);
  });

  test('OUT-12 forget before the storage is read erases all', async () => {
    const { world, device } = setUp();
    await leave(device, world, ['a']);
    device.readSlowness = 300;
    const { client } = device.page();
    const over = client.forget();
    await world.pass(10_000);
    await over;
    await world.pass(10_000);
    expect(await device.stored()).toEqual([]);
  });

  test('OUT-12 what another page was storing when all was erased does not stay behind', async () => {
    const { world, device } = setUp();
    device.offline = true;
    const pages = [device.page(), device.page()];
    await world.pass(1000);
    device.slowness = 500;
    pages[1]?.client.topic('chat').publish('a');
    await world.pass(100);
    const over = pages[0]?.client.forget();
    for (let i = 0; i < 20; i++) {
      await world.pass(100);
      await new Promise((done) => setTimeout(done, 5)); // the message to the other page takes its own way
    }
    await over;
    expect(pages.map((page) => page.client.status.state)).toEqual(['closed', 'closed']);
    expect(await device.stored()).toEqual([]);
  });

  test('OUT-8 ten thousand entries go on in a later life, once and in order', {
    timeout: 60_000,
  }, async () => {
    const { world, server, device } = setUp();
    const words = Array.from({ length: 10_000 }, (_, i) => `w${i}`);
    await leave(device, world, words);
    const { client } = device.page();
    await world.pass(120_000);
    expect(dataOf(server, 'chat')).toEqual(words);
    expect([client.outbox.entries, await device.stored('/entry/')]).toEqual([[], []]);
    client.close();
  });
});
