import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, test, vi } from 'vitest';
import { indexedDBStorage } from '../../src/network.ts';
import { fate, site, start } from './site.ts';

const url = 'https://site.test/notes';

describe('the next page', () => {
  test('NET-11 goes on with what was stored, in order and with the same keys', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    for (let n = 0; n < 100; n++) first.post(url, n);
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    const second = site.tab('second');
    await second.ready;
    expect(second.sync).toMatchObject({ state: 'syncing', pending: 100 });
    second.post(url, 100);
    await site.pass(10_000);
    expect(site.bodies).toEqual(Array.from({ length: 101 }, (_, n) => String(n)));
    expect(new Set(site.seen.map(({ key }) => key)).size).toBe(101);
    expect(await site.storage.read('')).toEqual([]);
  });

  test('NET-11 NET-6 sends what may have arrived again, with the same key', async () => {
    start();
    site.answer = () => 'silence';
    site.tab('first').post(url, 1);
    await site.pass();
    site.kill('first');
    site.answer = () => new Response('ok');
    site.tab('second');
    await site.pass();
    expect([site.bodies, new Set(site.seen.map(({ key }) => key)).size]).toEqual([['1', '1'], 1]);
  });

  test('NET-11 the same over IndexedDB', async () => {
    vi.stubGlobal('IDBKeyRange', IDBKeyRange);
    const indexedDB = new IDBFactory();
    start(1, indexedDBStorage('network', { indexedDB }));
    site.up = false;
    const first = site.tab('first');
    for (let n = 0; n < 10; n++) first.fetch(url, { body: new Uint8Array([65 + n]) });
    await vi.waitFor(async () => expect((await site.storage.read('')).length).toBe(10));
    expect(first.durable).toBe(true);
    site.kill('first');
    site.up = true;
    site.tab('second');
    await vi.waitFor(async () => {
      await site.pass(1000);
      expect(site.bodies.join('')).toBe('ABCDEFGHIJ');
    });
    await vi.waitFor(async () => expect(await site.storage.read('')).toEqual([]));
  });

  test('NET-10 a rejection that nobody waits for is a dead letter: to look at, retry, edit, discard', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    for (const n of [1, 2, 3]) first.post(url, n);
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    site.answer = () => new Response('not so', { status: 422 });
    const second = site.tab('second');
    const told = vi.fn();
    second.onDead(told);
    await site.pass(10_000);
    expect(second.dead).toMatchObject(
      [1, 2, 3].map((n) => ({
        url,
        method: 'POST',
        body: String(n),
        error: { code: 'rejected', status: 422, body: 'not so' },
      })),
    );
    expect(told.mock.lastCall).toEqual([second.dead]);
    expect(second.sync).toMatchObject({ state: 'blocked', blocked: 3, pending: 0 });

    site.answer = () => new Response('ok');
    const [one, two, three] = second.dead.map(({ id }) => id) as [string, string, string];
    const retried = second.retry(two, { json: 'two' });
    await second.discard(one);
    await site.pass();
    expect((await retried).ok).toBe(true);
    expect(site.bodies.slice(3)).toEqual(['"two"']);
    expect(site.seen.filter(({ key }) => key === two)).toHaveLength(1);
    await expect(second.discard(one)).rejects.toMatchObject({ code: 'not_found' });
    await expect(second.retry(two)).rejects.toMatchObject({ code: 'not_found' });

    const third = site.tab('third');
    await third.ready;
    expect(third.dead.map(({ id }) => id)).toEqual([three]);
  });

  test('NET-10 what no server took in 7 days is a dead letter, or told its caller, and keeps its key', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    first.post(url, 1);
    await site.pass(1000);
    site.kill('first');
    const second = site.tab('second');
    await site.pass(1000);
    site.world.now += 8 * 86_400_000;
    const fresh = fate(second.post('https://site.test/other', 2));
    await site.pass(1000);
    site.up = true;
    await site.pass(60_000);
    expect(second.dead).toMatchObject([{ body: '1', error: { code: 'timeout' } }]);
    expect([site.bodies, fresh.value?.ok]).toEqual([['2'], true]);
    const id = second.dead[0]?.id;
    const retried = fate(second.retry(String(id)));
    await site.pass();
    expect([site.seen.at(-1)?.key, retried.value?.ok]).toEqual([id, true]);

    site.up = false;
    const late = fate(second.post(url, 3));
    await site.pass(1000);
    site.world.now += 8 * 86_400_000;
    site.up = true;
    await site.pass(60_000);
    expect(late.error).toMatchObject({ code: 'timeout' });
    expect(second.dead).toEqual([]);
  });

  test('NET-13 another user has nothing of it, and it is still there for the first', async () => {
    start();
    site.up = false;
    site.tab('first', { user: 'ann' }).post(url, 'of ann');
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    const bob = site.tab('second', { user: 'bob' });
    await site.pass(60_000);
    expect([bob.sync.pending, site.seen]).toEqual([0, []]);
    site.tab('third', { user: 'ann' });
    await site.pass(1000);
    expect(site.bodies).toEqual(['"of ann"']);
  });

  test('NET-13 forget gives all up, also what another page left', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    const other = site.tab('other', { user: 'bob' });
    other.post(url, 'of bob');
    first.post(url, 1);
    await site.pass(1000);
    site.kill('first');
    const second = site.tab('second');
    const sent = fate(second.post(url, 2));
    await site.pass(1000);
    await second.forget();
    await site.pass();
    expect(sent.error).toMatchObject({ code: 'aborted' });
    site.up = true;
    await site.pass(60_000);
    expect([site.bodies, second.sync.pending]).toEqual([['"of bob"'], 0]);
  });

  test('NET-14 close tells the callers, and the next page goes on', async () => {
    start();
    site.up = false;
    const first = site.tab('first');
    const sent = first.post(url, 1);
    await site.pass(1000);
    first.close();
    await expect(sent).rejects.toMatchObject({ code: 'closed' });
    site.up = true;
    site.tab('second');
    await site.pass(60_000);
    expect([site.bodies, site.errors]).toEqual([['1'], []]);
  });
});
