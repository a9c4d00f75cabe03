import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@tutti/client';
import type { Locator, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const shots = process.env.SCREENSHOTS;
/** How long somebody stays whose connection has ended, in ms, and then some. */
const grace = 5000;
const wait = { timeout: 20_000 };

let server: Server;
let browsers: Browser[];

beforeEach(async () => {
  server = await Server.start(inject('binary'));
  browsers = [await Browser.start()];
});

afterEach(async () => {
  for (const browser of browsers) await browser.end();
  await server.end();
});

/** What a page of an application keeps of what it was told. */
interface App {
  client: Client;
  told: string[];
  users: { id: string; sessions: number }[];
}

/** A page in which somebody is in the office. */
async function enter(browser: Browser, user: string): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(`http://127.0.0.1:${server.port}/healthz?user=${user}`);
  await arrive(page);
  return page;
}

/** What the page does when it is loaded, also again. */
async function arrive(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    const { connect } = await import('/v1/client.js');
    const client = connect({ token: new URLSearchParams(location.search).get('user') });
    const app = { client, told: [], users: [] };
    const here = client.presence('office:room');
    here.onJoin(({ id }) => app.told.push('+' + id));
    here.onLeave(({ id }) => app.told.push('-' + id));
    here.subscribe((users) => { app.users = users.map(({ id, sessions }) => ({ id, sessions: sessions.length })); });
    window.app = app;
    await here.enter({});
  })()`);
}

const users = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { users } = (window as unknown as { app: App }).app;
    return users.map(({ id, sessions }) => `${id} ${sessions}`).join(', ');
  });
const told = (page: Page): Promise<string> =>
  page.evaluate(() => (window as unknown as { app: App }).app.told.join(' '));
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('three browsers', () => {
  test('PRES-5 PRES-7 PRES-13 a reload, a second tab and a server that is killed are no leave; a browser that is, is one', async () => {
    browsers.push(await Browser.start(), await Browser.start());
    const [here, there, elsewhere] = browsers as [Browser, Browser, Browser];
    const ann = await enter(here, 'ann');
    const bob = await enter(there, 'bob');
    await enter(elsewhere, 'cleo');
    await expect.poll(() => users(ann), wait).toBe('ann 1, bob 1, cleo 1');

    const tab = await enter(there, 'bob');
    await expect.poll(() => users(ann), wait).toBe('ann 1, bob 2, cleo 1');
    await tab.close();
    await expect.poll(() => users(ann), wait).toBe('ann 1, bob 1, cleo 1');

    await bob.reload();
    await arrive(bob);
    await sleep(grace + 1000);
    await expect.poll(() => users(ann), wait).toBe('ann 1, cleo 1, bob 1');

    await server.kill();
    await sleep(1000);
    await server.start();
    await expect.poll(() => users(ann).then((said) => said.split(', ').length), wait).toBe(3);
    await sleep(grace + 1000);
    expect(await told(ann)).toBe('+bob +cleo');

    const begun = Date.now();
    await browsers.pop()?.end();
    await expect.poll(() => told(ann), wait).toBe('+bob +cleo -cleo');
    expect(Date.now() - begun).toBeGreaterThan(grace - 1000);
    expect(await users(ann)).not.toContain('cleo');
  });
});

describe('the page', () => {
  let page: Page;
  let faults: string[];
  const desks = ['Ann, at her desk', 'Ann, on her phone', 'Bob, at his desk'];
  const desk = (n: number): Locator => page.locator(`.desk[aria-label="${desks[n]}"]`);
  const people = async (n: number): Promise<string> =>
    (await desk(n).locator('.people li').allInnerTexts()).sort().join(', ');

  beforeEach(async () => {
    faults = [];
    page = await (browsers[0] as Browser).context.newPage();
    await page.setViewportSize({ width: 1280, height: 900 });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`http://127.0.0.1:${server.port}/presence.html`);
    await page.getByRole('button', { name: 'Ann joins, on her phone' }).click();
    for (const n of [0, 1, 2]) await expect.poll(() => people(n), wait).toBe('Ann ×2, Bob');
  });

  afterEach(async ({ task }) => {
    if (shots) {
      await mkdir(shots, { recursive: true });
      await page.screenshot({
        path: join(shots, `${task.name.replaceAll(/\W+/g, '-')}.png`),
        fullPage: true,
      });
    }
    expect(faults).toEqual([]);
  });

  test('pointers, typing marks, what is said and notes are seen at the other desks', async () => {
    const board = desk(2).locator('.board');
    await board.scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await board.boundingBox()) as {
      x: number;
      y: number;
      width: number;
      height: number;
    };
    const at = (u: number, v: number) => [x + u * width, y + v * height] as const;
    await page.mouse.move(...at(0.2, 0.2));
    for (const n of [0, 1]) await desk(n).locator('.cursor', { hasText: 'Bob' }).waitFor();
    await page.mouse.move(...at(0.75, 0.5), { steps: 10 });
    const left = () =>
      desk(0)
        .locator('.cursor')
        .evaluate((cursor) => (cursor as HTMLElement).style.left);
    await expect.poll(async () => Math.round(Number.parseFloat(await left())), wait).toBe(75);

    await page.mouse.click(...at(0.4, 0.3));
    await desk(0).locator('.note', { hasText: 'Bob' }).waitFor();
    await page.mouse.move(...at(0.4, 0.3));
    await page.mouse.down();
    await page.mouse.move(...at(0.6, 0.7), { steps: 5 });
    await page.mouse.up();
    const top = () =>
      desk(1)
        .locator('.note')
        .evaluate((note) => (note as HTMLElement).style.top);
    await expect.poll(async () => Math.round(Number.parseFloat(await top())), wait).toBe(70);

    const words = desk(0).getByRole('textbox', { name: 'Say something' });
    await words.pressSequentially('hello');
    await expect.poll(() => desk(2).locator('.typing').textContent(), wait).toBe('Ann is typing…');
    await words.press('Enter');
    await expect.poll(() => page.locator('.happened').textContent(), wait).toContain('Ann: hello');
    await expect.poll(() => desk(2).locator('.typing').textContent(), wait).toBe('');

    await desk(2).getByRole('button', { name: 'Undo' }).click();
    await expect.poll(async () => Math.round(Number.parseFloat(await top())), wait).toBe(30);
    await desk(2).getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => desk(0).locator('.note').count(), wait).toBe(0);
  });

  test('the desks are each whose they were when the page is loaded again', async () => {
    for (let n = 0; n < 4; n++) {
      await page.reload();
      await expect.poll(() => page.locator('.status[data-state="live"]').count(), wait).toBe(2);
      await page.getByRole('button', { name: 'Ann joins, on her phone' }).click();
      await expect.poll(() => page.locator('.status[data-state="live"]').count(), wait).toBe(3);
    }
  });

  test('PRES-7 a pulled plug is a leave after the grace time, and not before', async () => {
    await desk(0).getByRole('checkbox', { name: 'Plug pulled' }).check();
    await desk(2).getByRole('checkbox', { name: 'Left' }).check();
    await expect.poll(() => people(1), wait).toBe('Ann ×2');
    await expect.poll(() => people(1), wait).toBe('Ann');
    await desk(0).getByRole('checkbox', { name: 'Plug pulled' }).uncheck();
    await desk(2).getByRole('checkbox', { name: 'Left' }).uncheck();
    for (const n of [0, 1, 2]) await expect.poll(() => people(n), wait).toBe('Ann ×2, Bob');
    const happened = await page.locator('.happened').textContent();
    expect(happened).not.toContain('Ann left');
  });
});
