import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeadLetter, Network, SyncStatus } from '@tutti/client/network';
import type { CDPSession, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Browser } from './browser.ts';
import { Inbox } from './inbox.ts';

const html = `<!doctype html><title>notes</title><button>ok</button><script type="module">
  import { createNetwork, guardUnload, memoryStorage } from '/network.js';
  import { defineStatusElement, mountBanner } from '/banner.js';
  const { search } = location;
  const storage = search.includes('memory') ? { storage: memoryStorage() } : {};
  const network = createNetwork({ probe: '/ping', ...storage });
  mountBanner(network);
  defineStatusElement();
  const element = document.createElement('tutti-status');
  element.messages = { offline: (n) => 'ohne Netz: ' + n };
  element.source = network;
  document.body.append(element);
  guardUnload(network);
  await network.ready;
  window.network = network;
</script>`;
const dist = join(import.meta.dirname, '../../packages/client/dist');
const patience = { timeout: 40_000 };

let browser: Browser;
let inbox: Inbox;

beforeEach(async () => {
  browser = await Browser.start();
  inbox = await Inbox.start();
  // The page is there without a network, as one with a service worker is.
  for (const file of ['network.js', 'banner.js']) {
    const body = await readFile(join(dist, file), 'utf8');
    await browser.context.route(`${inbox.origin}/${file}`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body }),
    );
  }
  for (const path of ['/', '/?memory'])
    await browser.context.route(inbox.origin + path, (route) =>
      route.fulfill({ contentType: 'text/html', body: html }),
    );
});

afterEach(async () => {
  await browser.end();
  await inbox.end();
});

/** A tab with a network that has read what is stored. */
class Tab {
  readonly page: Page;
  readonly cdp: CDPSession;
  readonly faults: string[] = [];

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.cdp = cdp;
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  static async open(path = '/'): Promise<Tab> {
    const page = await browser.context.newPage();
    const tab = new Tab(page, await browser.context.newCDPSession(page));
    await tab.cdp.send('Network.enable');
    await page.goto(inbox.origin + path);
    await tab.isReady();
    return tab;
  }

  async isReady(): Promise<void> {
    await this.page.waitForFunction(() => 'network' in window);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.isReady();
  }

  async offline(offline: boolean): Promise<void> {
    const conditions = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await this.cdp.send('Network.emulateNetworkConditions', { offline, ...conditions });
  }

  /** Posts some numbers, and does not wait for them. */
  post(path: string, ...numbers: number[]): Promise<void> {
    return this.page.evaluate(
      ([to, ns]) => {
        const { network } = window as unknown as { network: Network };
        for (const n of ns) network.post(to, n).catch(() => {});
      },
      [path, numbers] as const,
    );
  }

  async waitForSync(part: Partial<SyncStatus>): Promise<void> {
    await this.page.waitForFunction((want) => {
      const { network } = window as unknown as { network: Network };
      return Object.entries(want).every(
        ([member, value]) => network.sync[member as keyof SyncStatus] === value,
      );
    }, part);
  }

  dead(): Promise<readonly DeadLetter[]> {
    return this.page.evaluate(() => (window as unknown as { network: Network }).network.dead);
  }

  banner(): Promise<{ text: string; state: string | undefined; role: string | null }[]> {
    return this.page.evaluate(() =>
      [document, document.querySelector('tutti-status')?.shadowRoot].map((root) => {
        const banner = root?.querySelector<HTMLElement>('.tutti-banner');
        return {
          text: banner?.textContent ?? 'none',
          state: banner?.dataset.state,
          role: banner?.getAttribute('role') ?? null,
        };
      }),
    );
  }

  /** How many rows the browser has stored. */
  rows(): Promise<number> {
    return this.page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const request = indexedDB.open('tutti-network');
          request.onerror = () => reject(request.error);
          // One that is gone is for the network to make anew.
          request.onupgradeneeded = () => request.transaction?.abort();
          request.onsuccess = () => {
            const count = request.result.transaction('rows').objectStore('rows').count();
            count.onsuccess = () => {
              request.result.close();
              resolve(count.result);
            };
          };
        }),
    );
  }

  async stored(n: number): Promise<void> {
    await vi.waitFor(async () => expect(await this.rows()).toBe(n), patience);
  }
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const taken = (path: string): number[] =>
  inbox.taken.filter((post) => post.path === path).map(({ body }) => Number(body));
const wait = (check: () => void): Promise<void> => vi.waitFor(check, patience);

describe('what is posted', () => {
  test('NET-11 without a network, through a reload, arrives once and in order', async () => {
    const tab = await Tab.open();
    await tab.offline(true);
    await tab.post('/notes', ...upTo(100));
    await tab.post('/other', 1);
    await tab.waitForSync({ state: 'offline', pending: 101, durable: true });
    await tab.stored(101);
    await tab.reload();
    await tab.waitForSync({ state: 'offline', pending: 101, durable: true });
    await tab.post('/notes', 101);
    await tab.offline(false);
    await wait(() => expect([taken('/notes'), taken('/other')]).toEqual([upTo(101), [1]]));
    await tab.waitForSync({ state: 'synced', pending: 0 });
    await tab.stored(0);
    expect([inbox.most.get('/notes'), tab.faults]).toEqual([1, []]);
  });

  test('NET-6 NET-11 and is under way at a reload, is sent again with the same key and taken once', async () => {
    inbox.pause = () => new Promise(() => {});
    const tab = await Tab.open();
    await tab.post('/notes', ...upTo(3));
    await wait(() => expect(inbox.posts.length).toBe(1));
    inbox.pause = async () => {};
    await tab.reload();
    await wait(() => expect(taken('/notes')).toEqual([1, 2, 3]));
    await tab.stored(0);
    expect(inbox.posts.filter(({ key }) => key === inbox.posts[0]?.key)).toHaveLength(2);
  });

  test('NET-11 in a tab that crashes, is sent by the next', async () => {
    const tab = await Tab.open();
    await tab.offline(true);
    await tab.post('/notes', ...upTo(10));
    await tab.stored(10);
    const gone = tab.page.waitForEvent('crash');
    tab.cdp.send('Page.crash').catch(() => {});
    await gone;
    await Tab.open();
    await wait(() => expect(taken('/notes')).toEqual(upTo(10)));
  });

  test('NET-11 in two tabs, is sent by one at a time, and by the other if one is closed', async () => {
    inbox.pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    const [one, two] = [await Tab.open(), await Tab.open()];
    for (const n of upTo(20)) await (n % 2 ? one : two).post('/notes', n);
    await wait(() => expect(taken('/notes')).toEqual(upTo(20)));
    await two.offline(true);
    await two.post('/notes', ...[21, 22]);
    await two.stored(2);
    await two.page.close();
    await one.post('/notes', 23);
    await wait(() => expect(taken('/notes')).toEqual(upTo(23)));
    expect(inbox.most.get('/notes')).toBe(1);
  });

  test('NET-10 and rejected when its page is gone, is a dead letter, also after a reload', async () => {
    const tab = await Tab.open();
    await tab.offline(true);
    await tab.post('/notes', ...upTo(3));
    await tab.stored(3);
    inbox.status = (body) => (body === '2' ? 422 : 201);
    await tab.reload();
    await tab.offline(false);
    await tab.waitForSync({ state: 'blocked', blocked: 1, pending: 0 });
    expect(taken('/notes')).toEqual([1, 3]);
    await tab.reload();
    const [letter] = await tab.dead();
    expect(letter).toMatchObject({ body: '2', error: { code: 'rejected', status: 422, body: '422' } });
    await tab.page.evaluate(
      ([id]) => (window as unknown as { network: Network }).network.retry(id, { json: 4 }).then(() => {}),
      [letter?.id ?? ''] as const,
    );
    expect(taken('/notes')).toEqual([1, 3, 4]);
    await tab.stored(0);
  });
});

describe('the storage of a browser', () => {
  test('STORE-3 NET-13 that is deleted under us is written again', async () => {
    const tab = await Tab.open();
    await tab.offline(true);
    await tab.post('/notes', ...upTo(5));
    await tab.stored(5);
    await tab.cdp.send('Storage.clearDataForOrigin', { origin: inbox.origin, storageTypes: 'indexeddb' });
    await tab.stored(5);
    await tab.reload();
    await tab.offline(false);
    await wait(() => expect(taken('/notes')).toEqual(upTo(5)));
  });

  test('STORE-4 NET-13 that is full loses nothing as long as the page is there, and says so', async () => {
    const tab = await Tab.open();
    await tab.offline(true);
    await tab.cdp.send('Storage.overrideQuotaForOrigin', { origin: inbox.origin, quotaSize: 1 });
    let posted = 0;
    // The browser measures now and then.
    await vi.waitFor(async () => {
      await tab.post('/notes', ++posted);
      await tab.page.waitForFunction(
        () => !(window as unknown as { network: Network }).network.durable,
        undefined,
        { timeout: 200 },
      );
    }, patience);
    await tab.waitForSync({ pending: posted, durable: false });
    await tab.offline(false);
    await wait(() => expect(taken('/notes')).toEqual(upTo(posted)));
    await tab.waitForSync({ state: 'synced', durable: true });
    expect(tab.faults.join()).toMatch(/^What is to be kept could not be stored: QuotaExceededError/);
  });
});

describe('the page', () => {
  test('BANNER-1 BANNER-2 has a banner that tells what waits, and is empty while all is well', async () => {
    const tab = await Tab.open();
    const empty = { text: '', state: undefined, role: 'status' };
    expect(await tab.banner()).toEqual([empty, empty]);
    await tab.offline(true);
    await tab.post('/notes', 1);
    await vi.waitFor(
      async () =>
        expect(await tab.banner()).toEqual([
          { text: 'You are offline. 1 change will be sent later.', state: 'offline', role: 'status' },
          { text: 'ohne Netz: 1', state: 'offline', role: 'status' },
        ]),
      patience,
    );
    await vi.waitFor(
      async () =>
        expect((await tab.banner())[0]).toEqual({
          text: 'The connection is lost. 1 change will be sent later.',
          state: 'lost',
          role: 'status',
        }),
      patience,
    );
    await tab.offline(false);
    await vi.waitFor(async () => expect(await tab.banner()).toEqual([empty, empty]), patience);
    await tab.page.evaluate(() => document.querySelector('tutti-status')?.remove());
    expect(tab.faults).toEqual([]);
  });

  test('SYNC-5 asks before it is left, if what waits would be lost with it', async () => {
    for (const [path, asked] of [
      ['/', false],
      ['/?memory', true],
    ] as const) {
      const tab = await Tab.open(path);
      await tab.page.click('button');
      await tab.offline(true);
      await tab.post(`/lane${asked}`, 1);
      await tab.waitForSync({ pending: 1, durable: !asked });
      const kinds: string[] = [];
      tab.page.on('dialog', (dialog) => {
        kinds.push(dialog.type());
        dialog.accept().catch(() => {});
      });
      const closed = tab.page.waitForEvent('close');
      await tab.page.close({ runBeforeUnload: true });
      await closed;
      expect(kinds).toEqual(asked ? ['beforeunload'] : []);
    }
  });
});
