import { describe, expect, test } from 'vitest';
import { memoryStorage } from '../../src/network.ts';
import { bound, fate, site, start } from './site.ts';

const url = 'https://site.test/notes';

describe('the storage', () => {
  test('NET-13 one that cannot be read is told, and all goes on in memory', async () => {
    start();
    const error = new Error('no storage');
    const storage = { ...bound(site.storage), durable: true, read: () => Promise.reject(error) };
    const network = site.tab('tab', { storage });
    const sent = fate(network.post(url, 1));
    await site.pass();
    expect([site.errors, network.durable, sent.value?.ok]).toEqual([[error], false, true]);
  });

  test('NET-13 one that is full is told, nothing is lost, and durable says so until it is over', async () => {
    start();
    const error = new Error('full');
    const storage = { ...bound(site.storage), durable: true };
    const network = site.tab('tab', { storage });
    await network.ready;
    site.up = false;
    const { write } = storage;
    storage.write = () => Promise.reject(error);
    const sent = fate(network.post(url, 1));
    await site.pass(1000);
    expect([site.errors, network.durable, network.sync.pending]).toEqual([[error], false, 1]);
    storage.write = write;
    site.up = true;
    await site.pass(60_000);
    expect([site.bodies, sent.value?.ok, network.durable]).toEqual([['1'], true, true]);
  });

  test('NET-7 NET-13 what is stored and what is not are sent in one order', async () => {
    start();
    const storage = bound(site.storage);
    const network = site.tab('tab', { storage });
    await network.ready;
    site.answer = () => 'silence';
    site.tab('other').post(url, 0);
    await site.pass(1000);
    const { write } = storage;
    storage.write = () => Promise.reject(new Error('full'));
    network.post(url, 1);
    await site.pass(10);
    storage.write = write;
    network.post(url, 2);
    await site.pass(1000);
    site.answer = () => new Response('ok');
    site.kill('other');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['0', '0', '1', '2']);
  });

  test('NET-13 one that is lost is written again', async () => {
    start();
    let lose = (): void => {};
    const storage = {
      ...bound(site.storage),
      onLost: (listener: () => void) => {
        lose = listener;
        return () => {};
      },
    };
    site.up = false;
    const network = site.tab('first', { storage });
    for (const n of [1, 2]) network.post(url, n);
    await site.pass(1000);
    const rows = await site.storage.read('');
    await site.storage.write(rows.map(([key]) => [key, undefined]));
    lose();
    await site.pass();
    expect(await site.storage.read('')).toEqual(rows);
    site.kill('first');
    site.up = true;
    site.tab('second');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['1', '2']);
  });

  test('NET-13 what is damaged is told and left alone, and the rest goes on', async () => {
    start();
    site.up = false;
    site.tab('first').post(url, 1);
    await site.pass(1000);
    site.kill('first');
    await site.storage.write([['network//lane/x/y', { id: 1 }]]);
    site.up = true;
    site.tab('second');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['1']);
    expect(site.errors[0]).toMatchObject({ code: 'bad_message' });
    expect((await site.storage.read('')).length).toBe(1);
  });

  test('NET-13 where there is none of its own, memory, and durable says so', () => {
    start();
    const network = site.tab('tab', { storage: memoryStorage() });
    expect([network.durable, network.sync.durable]).toEqual([false, false]);
  });
});
