import { describe, expect, test } from 'vitest';
import type { Row } from '../../src/network/request.ts';
import type { Change } from '../../src/network.ts';
import { bound, fate, platform, site, start } from './site.ts';

const url = 'https://site.test/notes';

describe('tabs', () => {
  test('NET-11 only one at a time sends in a lane, in the order in which the requests were made', async () => {
    start();
    site.up = false;
    const tabs = ['a', 'b', 'c'].map((name) => site.tab(name));
    const sent: ReturnType<typeof fate<Response>>[] = [];
    for (let n = 0; n < 30; n++) {
      const tab = tabs[(n * 7) % 3];
      if (tab) sent.push(fate(tab.post(url, n)));
      await site.pass(10);
    }
    let under = 0;
    site.answer = async () => {
      expect(++under).toBe(1);
      await new Promise<void>((resolve) => void site.world.after(5, resolve));
      under--;
      return new Response('ok');
    };
    site.up = true;
    await site.pass(120_000);
    expect(site.bodies).toEqual(Array.from({ length: 30 }, (_, n) => String(n)));
    expect(sent.every(({ value }) => value?.ok)).toBe(true);
  });

  test('NET-11 what a tab leaves behind that dies is sent by one that lives', async () => {
    start();
    const network = site.tab('living');
    site.answer = ({ body }) => (body === '1' ? 'silence' : new Response('ok'));
    const dying = site.tab('dying');
    await site.pass();
    dying.post(url, 1);
    dying.post(url, 2);
    await site.pass(10);
    network.post(url, 3);
    await site.pass(10);
    expect(site.bodies).toEqual(['1']);
    site.kill('dying');
    site.answer = () => new Response('ok');
    await site.pass(60_000);
    expect(site.bodies).toEqual(['1', '1', '2', '3']);
    expect(new Set(site.seen.map(({ key }) => key)).size).toBe(3);
    expect(await site.storage.read('')).toEqual([]);
  });

  test('NET-11 a page that is reloaded does not miss what its former self seems to hold yet', async () => {
    start();
    site.up = false;
    site.tab('former').post(url, 1);
    await site.pass(1000);
    site.kill('former');
    site.up = true;
    const [[, row] = []] = (await site.storage.read('')) as [string, Row][];
    site.locks.of('ghost').request(`tutti:network//tab/${row?.owner}`, () => new Promise(() => {}));
    site.tab('reloaded');
    await site.pass(1000);
    expect(site.bodies).toEqual([]);
    site.locks.kill('ghost');
    await site.pass(1000);
    expect(site.bodies).toEqual(['1']);
  });

  test('NET-11 one that lives waits for what it has found, and takes it when its tab is gone', async () => {
    start();
    site.answer = () => 'silence';
    site.tab('dying').post(url, 1);
    await site.pass(10);
    site.tab('living');
    await site.pass(10);
    site.answer = () => new Response('ok');
    expect(site.bodies).toEqual(['1']);
    site.kill('dying');
    await site.pass(1000);
    expect([site.bodies, new Set(site.seen.map(({ key }) => key)).size]).toEqual([['1', '1'], 1]);
  });

  test('NET-11 NET-10 one that is seen again knows what others have left and discarded', async () => {
    start();
    const { sign } = platform(true);
    const network = site.tab('living');
    await network.ready;
    site.up = false;
    site.tab('dying').post(url, 1);
    await site.pass(1000);
    site.kill('dying');
    site.up = true;
    site.answer = () => new Response('no', { status: 400 });
    sign('focus');
    await site.pass(60_000);
    const other = site.tab('other');
    await other.ready;
    expect([network.dead.length, other.dead]).toEqual([1, network.dead]);
    await other.discard(String(other.dead[0]?.id));
    sign('focus');
    await site.pass();
    expect([network.dead, network.sync.state]).toEqual([[], 'synced']);
  });

  test('NET-10 what is discarded while the page looks again stays so', async () => {
    start();
    site.up = false;
    const { sign } = platform(true);
    site.tab('first').post(url, 1);
    await site.pass(1000);
    site.kill('first');
    site.up = true;
    site.answer = () => new Response('no', { status: 400 });
    const storage = bound(site.storage);
    const network = site.tab('second', { storage });
    await site.pass(60_000);
    const { read } = storage;
    let answer = (): void => {};
    storage.read = async (prefix) => {
      const rows = await read(prefix);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return rows;
    };
    sign('focus');
    await site.pass();
    await network.discard(String(network.dead[0]?.id));
    answer();
    await site.pass();
    expect(network.dead).toEqual([]);
  });

  test('NET-11 two that find the same left behind send it once', async () => {
    start();
    site.up = false;
    site.tab('first').post(url, 1);
    await site.pass(1000);
    site.kill('first');
    const tabs = [site.tab('second'), site.tab('third')];
    await Promise.all(tabs.map((tab) => tab.ready));
    site.answer = () => new Response('no', { status: 400 });
    site.up = true;
    await site.pass(60_000);
    expect([site.bodies, tabs.map(({ sync }) => sync.pending)]).toEqual([['1'], [0, 0]]);
  });

  test('NET-11 without locks each sends what it finds, with the same key', async () => {
    start();
    site.up = false;
    const first = site.tab('first', { locks: undefined as never });
    first.post(url, 1);
    await site.pass(1000);
    site.tab('second', { locks: undefined as never });
    site.up = true;
    await site.pass(60_000);
    expect(new Set(site.seen.map(({ key }) => key)).size).toBe(1);
    expect(await site.storage.read('')).toEqual([]);
  });

  test('NET-11 what one tab has sent no other finds, however slow the storage is', async () => {
    start();
    const slow = {
      ...bound(site.storage),
      write: async (changes: readonly Change[]) => {
        await new Promise<void>((resolve) => void site.world.after(50, resolve));
        return site.storage.write(changes);
      },
    };
    const [one, two] = [site.tab('one', { storage: slow }), site.tab('two')];
    one.post(url, 1);
    await site.pass(60);
    two.post(url, 2);
    await site.pass(1000);
    expect(site.bodies).toEqual(['1', '2']);
  });

  test('NET-11 a page that has nothing to send holds no lock', async () => {
    start();
    const network = site.tab();
    const held = async () => (await site.locks.of('any').query()).held?.length;
    await site.pass(1000);
    expect(await held()).toBe(0);
    site.up = false;
    network.post(url, 1);
    await site.pass(1000);
    expect(await held()).toBe(2);
    site.up = true;
    await site.pass(20_000);
    expect([site.bodies, await held()]).toEqual([['1'], 0]);
    network.post(url, 2);
    await site.pass();
    expect([site.bodies, await held()]).toEqual([['1', '2'], 0]);
  });

  test('NET-11 locks that the browser forbids are as none', async () => {
    start();
    const locks = { request: () => Promise.reject(new DOMException('', 'SecurityError')) } as never;
    const network = site.tab('tab', { locks });
    const sent = fate(network.post(url, 1));
    await site.pass();
    expect(sent.value?.ok).toBe(true);
  });
});
