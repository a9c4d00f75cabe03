import { describe, expect, test } from 'vitest';
import { text } from '../../src/text.ts';
import type { World } from '../world.ts';
import { type Device, dataOf, type Page, setUp } from './device.ts';

const day = 86_400_000;

/** A page that was killed offline has left a row of each kind. */
async function leave(world: World, device: Device): Promise<void> {
  const page = device.page({ types: [text] });
  const { client } = page;
  const note = client.text('text:note', { offline: true });
  const likes = client.counter('counter:likes', { offline: true });
  client.topic('chat').publish('first');
  likes.add(1);
  await world.pass(2000);
  device.offline = true;
  page.cut();
  client.topic('chat').publish('a');
  client.topic('chat').publish('b');
  likes.add(2);
  note.insert(0, 'hello');
  await world.pass(100);
  page.kill();
  device.offline = false;
}

const kinds = ['client', 'topic', 'entry', 'index', 'copy', 'tail', 'dead'] as const;
const garbage: [name: string, row: unknown][] = [
  ['null', null],
  ['a number', 7],
  ['an empty object', {}],
  [
    'of the future',
    { format: 9, topic: 7, made: 'now', bytes: '1', used: {}, last: -1, voids: 'x', offset: -3 },
  ],
];

describe('what is stored and cannot be read', () => {
  for (const kind of kinds)
    for (const [name, row] of garbage)
      test(`OUT-13 a row of ${kind} that is ${name} is told, and holds up nothing else`, async () => {
        const { world, server, device } = setUp();
        await leave(world, device);
        const key = (await device.stored()).find((key) => key.startsWith(`/${kind}/`)) ?? `/${kind}/x`;
        await device.put([key, row]);
        const { client } = device.page({ types: [text] });
        const note = client.text('text:note', { offline: true });
        const likes = client.counter('counter:likes', { offline: true });
        client.topic('chat').publish('later');
        await world.pass(30_000);
        expect([client.status.state, note.status, likes.status]).toEqual(['live', 'open', 'open']);
        expect(dataOf(server, 'chat')).toContain('later');
        if (kind !== 'client' && kind !== 'topic') {
          expect(dataOf(server, 'chat')).toContain('b'); // 'a' may be what was damaged
          expect([likes.value, note.value]).toEqual([3, 'hello']);
        }
        const told = device.errors.every((error) => (error as { code?: string }).code !== undefined);
        expect(told, String(device.errors)).toBe(true);
        client.close();
      });

  test('OUT-13 an operation that is none holds up nothing else', async () => {
    const { world, server, device } = setUp();
    await leave(world, device);
    await device.spoil((key, row) =>
      key.startsWith('/entry/') && (row as { doc?: string }).doc
        ? { ...(row as object), data: { x: 1 } }
        : row,
    );
    const { client } = device.page({ types: [text] });
    const note = client.text('text:note', { offline: true });
    await world.pass(30_000);
    expect(dataOf(server, 'chat')).toEqual(['first', 'a', 'b']);
    expect([note.status, client.outbox.entries]).toEqual(['open', []]);
    expect(client.outbox.dead.length).toBe(2);
    client.close();
  });

  test('OUT-13 a topic with the name of a member of all objects keeps its seqs', async () => {
    const { world, server, device } = setUp();
    for (const word of ['a', 'b', 'c']) {
      const page = device.page();
      page.client.topic('__proto__').publish(word);
      await world.pass(2000);
      page.kill();
    }
    expect(dataOf(server, '__proto__')).toEqual(['a', 'b', 'c']);
  });
});

describe('what is kept does not grow for ever', () => {
  test('OUT-3 a client that was not used for 30 days and has left nothing is erased', async () => {
    const { world, device } = setUp();
    const pages = [device.page(), device.page(), device.page()];
    await world.pass(500);
    for (const { client } of pages) client.topic('chat').publish('a');
    await world.pass(2000);
    for (const page of pages) page.kill();
    expect((await device.stored('/client/')).length).toBe(3);
    await world.pass(31 * day);
    const page = device.page();
    await world.pass(2000);
    expect((await device.stored('/client/')).length).toBe(1);
    expect((await device.stored('/topic/')).length).toBeLessThanOrEqual(1);
    page.client.close();
  });

  test('OUT-3 a client that takes a new secret leaves no topics behind', async () => {
    const { world, device } = setUp();
    const first = device.page();
    for (let i = 0; i < 20; i++) first.client.topic(`chat:${i}`).publish(i);
    await world.pass(2000);
    first.kill();
    expect((await device.stored('/topic/')).length).toBe(20);
    await world.pass(21 * day);
    const { client } = device.page();
    await world.pass(2000);
    expect(await device.stored('/topic/')).toEqual([]);
    client.close();
  });

  test('OUT-7 of more than 1,000 dead letters the oldest are given up, which is told', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    for (let i = 0; i < 1010; i++) first.client.topic('chat').publish(i);
    await world.pass(100);
    first.kill();
    device.offline = false;
    server.rejects = () => true;
    const { client } = device.page();
    await world.pass(30_000);
    expect(client.outbox.dead.length).toBe(1000);
    expect(client.outbox.dead[0]?.data).toBe(10);
    expect((await device.stored('/dead/')).length).toBe(1000);
    expect(device.errors.length).toBe(10);
    expect(device.errors[0]).toMatchObject({ code: 'queue_full' });
    client.close();
  });

  test('OUT-7 so they are where a client beside makes them', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const pages: Page[] = [];
    for (const n of [1000, 10]) {
      const page = device.page();
      for (let i = 0; i < n; i++) page.client.topic('chat').publish(i);
      await world.pass(100);
      pages.push(page);
    }
    for (const page of pages) page.kill();
    device.offline = false;
    server.rejects = () => true;
    const { client } = device.page();
    await world.pass(30_000);
    expect(client.outbox.dead.length).toBe(1000);
    expect((await device.stored('/dead/')).length).toBe(1000);
    expect(device.errors.length).toBe(10);
    client.close();
  });
});

describe('dead letters', () => {
  /** A page with one, whose entry was rejected. */
  async function rejected() {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page();
    first.client.topic('chat').publish('bad');
    await world.pass(100);
    first.kill();
    device.offline = false;
    server.rejects = (data) => data === 'bad';
    const { client } = device.page();
    await world.pass(3000);
    return { world, server, device, client, id: client.outbox.dead[0]?.id ?? '' };
  }

  test('OUT-7 retried with what cannot be an entry it stays', async () => {
    const { world, client, id } = await rejected();
    expect(() => client.outbox.retry(id, 1n)).toThrow();
    await world.pass(100);
    expect(client.outbox.dead.length).toBe(1);
    client.close();
  });

  test('OUT-7 retried when the client is closed it stays for the next page', async () => {
    const { world, device, client, id } = await rejected();
    client.close();
    expect(() => client.outbox.retry(id, 'good')).toThrow();
    await world.pass(100);
    const next = device.page();
    await world.pass(100);
    expect(next.client.outbox.dead.length).toBe(1);
    next.client.close();
  });

  test('OUT-7 retried twice it is sent once', async () => {
    const { world, server, client, id } = await rejected();
    client.outbox.retry(id, 'good');
    client.outbox.retry(id, 'good');
    await world.pass(3000);
    expect([dataOf(server, 'chat'), client.outbox.dead]).toEqual([['good'], []]);
    client.close();
  });

  test('OUT-7 of an entry that is sent beside it is shown at once', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const dead = [device.page(), device.page()];
    for (const [i, { client }] of dead.entries()) client.topic('chat').publish(i);
    await world.pass(100);
    for (const page of dead) page.kill();
    device.offline = false;
    server.rejects = () => true;
    const { client } = device.page();
    await world.pass(5000);
    expect(client.outbox.dead.map(({ data }) => data).sort()).toEqual([0, 1]);
    expect(client.sync.blocked).toBe(2);
    client.close();
  });

  test('OUT-7 what was made under a secret that is forgotten becomes a dead letter, or is sent anew', async () => {
    const { world, server, device } = setUp();
    const first = device.page();
    first.client.topic('chat').publish('a');
    await world.pass(2000);
    server.faults = { ...server.faults, refuse: 1 };
    first.client.topic('chat').publish('b');
    await world.pass(500);
    device.offline = true;
    first.cut();
    first.client.topic('chat').publish('c');
    await world.pass(500);
    first.kill();
    await world.pass(2 * day);
    for (const secret of server.runs.keys()) server.forgotten.add(secret);
    server.faults = { ...server.faults, refuse: 0 };
    device.offline = false;
    const { client } = device.page();
    await world.pass(30_000);
    const found = [...dataOf(server, 'chat'), ...client.outbox.dead.map(({ data }) => data)];
    expect(found.sort()).toEqual(['a', 'b', 'c']);
    client.close();
  });
});

describe('entries of another application', () => {
  test('OUT-9 migrate may give an entry another name, and longer data', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page({ version: 1 });
    first.client.topic('chat').publish('a', { name: 'old' });
    first.client.topic('chat').publish('b', { name: 'old' });
    await world.pass(100);
    first.kill();
    device.offline = false;
    const migrate = ({ topic, data }: { topic: string; data: unknown }) =>
      data === 'a' ? { topic, name: 'new', data: 'long'.repeat(100) } : { topic, data: () => {} };
    const { client } = device.page({ version: 2, migrate });
    await world.pass(3000);
    expect(server.log('chat').entries).toMatchObject([{ name: 'new', data: 'long'.repeat(100) }]);
    expect(client.outbox.dead).toMatchObject([{ data: 'b', error: { code: 'bad_operation' } }]);
    client.close();
  });

  test('OUT-9 what was carried over is of the version that it was carried to, also where that is none', async () => {
    const { world, server, device } = setUp();
    device.offline = true;
    const first = device.page({ version: 1 });
    first.client.topic('chat').publish(1);
    await world.pass(100);
    first.kill();
    const migrate = ({ topic, data }: { topic: string; data: unknown }) => ({
      topic,
      data: Number(data) + 1,
    });
    const second = device.page({ migrate });
    await world.pass(100);
    second.kill();
    device.offline = false;
    const { client } = device.page({ migrate });
    await world.pass(3000);
    expect(server.log('chat').entries).toMatchObject([{ data: 2 }]);
    client.close();
  });

  test('OUT-5 operations of a type that the client does not have wait for one that has', async () => {
    const { world, server, device } = setUp();
    await leave(world, device);
    const second = device.page();
    await world.pass(5000);
    expect([second.client.sync.pending, second.client.sync.blocked]).toEqual([0, 1]);
    expect(second.client.outbox.entries).toMatchObject([{ doc: 'text' }]);
    second.kill();
    const third = device.page({ types: [text] });
    await world.pass(5000);
    expect(third.client.outbox.entries).toEqual([]);
    expect(server.log('text:note').text?.text).toBe('hello');
    third.client.close();
  });
});

describe('a clock that is set', () => {
  test('OUT-3 back by a day, between two lives', async () => {
    const { world, server, device } = setUp();
    await leave(world, device);
    let back = day;
    const { client } = device.page({ types: [text], now: () => world.now - back });
    await world.pass(30_000);
    expect([dataOf(server, 'chat'), client.outbox.entries]).toEqual([['first', 'a', 'b'], []]);
    back = 0;
    client.close();
  });
});
