import { expect, test } from 'vitest';
import { type connect as connectWhole, TuttiError } from '../../src/index.ts';
import { connect } from '../../src/topics.ts';
import { type Device, dataOf, type Page, setUp } from './device.ts';

function open(device: Device): Page {
  return device.page({}, connect as typeof connectWhole);
}

test('a client of topics alone subscribes, publishes, and reads history', async () => {
  const { world, server, device } = setUp();
  const { client } = open(device);
  const heard: unknown[] = [];
  client.topic('chat').subscribe((data) => heard.push(data));
  await world.pass(1000);
  client.topic('chat').publish('hello');
  await world.pass(1000);
  const page = client.topic('chat').history();
  await world.pass(1000);
  expect([heard, dataOf(server, 'chat'), (await page).entries.length]).toEqual([['hello'], ['hello'], 1]);
  expect(client.sync.state).toBe('synced');
  client.close();
});

test('OUT-3 it sends what a former life queued, and leaves what is of documents to a client that has them', async () => {
  const { world, server, device } = setUp();
  device.offline = true;
  const first = device.page();
  first.client.counter('counter:n').add(5);
  first.client.topic('chat').publish('hello');
  await world.pass(100);
  first.kill();
  device.offline = false;
  const second = open(device);
  await world.pass(5000);
  expect([dataOf(server, 'chat'), dataOf(server, 'counter:n')]).toEqual([['hello'], []]);
  expect(second.client.outbox.entries).toMatchObject([{ topic: 'counter:n', doc: 'counter' }]);
  second.kill();
  const third = device.page();
  await world.pass(5000);
  expect(dataOf(server, 'counter:n')).toEqual([{ op: 'add', n: 5 }]);
  expect([third.client.outbox.entries, device.errors]).toEqual([[], []]);
  third.client.close();
});

test('OUT-7 a dead letter of a document stays where the client has none', async () => {
  const { world, server, device } = setUp();
  device.offline = true;
  const first = device.page();
  first.client.counter('counter:n').add(5);
  await world.pass(100);
  first.kill();
  world.now += 31 * 86_400_000;
  const { client } = open(device);
  await world.pass(100);
  const [letter] = client.outbox.dead;
  expect(() => client.outbox.retry(letter?.id ?? '')).toThrow(
    expect.objectContaining({ code: 'wrong_type' }),
  );
  expect(client.outbox.dead).toEqual([letter]);
  expect(letter?.error).toBeInstanceOf(TuttiError);
  expect(dataOf(server, 'counter:n')).toEqual([]);
  client.close();
});
