import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Stage } from './stage.ts';

const shots = process.env.SCREENSHOTS;

const talk = [
  [0, 'Does everyone have the new score?'],
  [1, 'Got it. Page four looks fast.'],
  [0, 'It is. Start slowly, bar 32 onwards.'],
  [1, 'Slowly, he says. It is marked presto!'],
  [0, 'Presto, but together. That is the point.'],
  [1, 'Tutti, then.'],
] as const;

let browser: Browser;
let stage: Stage;

beforeAll(async () => {
  browser = await Browser.start();
  // Chance gives the longest waits between attempts, so that there is time to press a button.
  await browser.context.addInitScript(() => {
    Math.random = () => 0.999;
  });
  stage = await Stage.open(browser, inject('binary'), { basePath: '/realtime' });
  for (const [i, [who, text]] of talk.entries()) {
    await stage.tabs[who].say(text);
    await stage.each((tab) => tab.waitForRows(i + 1));
  }
  if (shots) {
    await mkdir(shots, { recursive: true });
    await stage.tabs[0].waitForUpdates(40);
  }
});

afterAll(async () => {
  await stage?.end();
  await browser?.end();
});

async function shoot(name: string): Promise<void> {
  if (shots) await stage.tabs[0].page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

describe('the page, under a base path', () => {
  test.each(
    (['light', 'dark'] as const).flatMap((scheme) => [360, 820, 1400].map((width) => ({ scheme, width }))),
  )('fits $width pixels, $scheme', async ({ scheme, width }) => {
    const { page } = stage.tabs[0];
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.waitForFunction(() => {
      const place = document.querySelector('#ticker .chart');
      return place?.querySelector('canvas')?.clientWidth === place?.clientWidth;
    });
    await shoot(`${scheme}-${width}`);
  });

  test('shows the source that runs', async () => {
    const [chat, ticker] = await stage.tabs[0].page.locator('.source code').allTextContents();
    expect(chat).toContain('lobby.subscribe(');
    expect(ticker).toContain("'v1/sse?topic=stocks:APP&last=50'");
  });

  test('can be used by keyboard alone, and everything in it has a name', async () => {
    const { page } = stage.tabs[0];
    const reached = new Set<string>();
    await page.focus('a');
    for (let i = 0; i < 20; i++) {
      reached.add(
        await page.evaluate(() => {
          const at = document.activeElement;
          return `${at?.tagName} ${at?.getAttribute('aria-label') ?? at?.getAttribute('name') ?? at?.textContent}`;
        }),
      );
      await page.keyboard.press('Tab');
    }
    for (const name of [
      'SECTION Messages',
      'INPUT text',
      'BUTTON Send',
      'PRE Source of chat.ts',
      'PRE Source of ticker.ts',
    ])
      expect(reached).toContain(name);
    await page.getByRole('textbox', { name: /^Message/ }).waitFor();
    await page.getByRole('img', { name: /^Price of APP, at last \d/ }).waitFor();
    await page.getByRole('log', { name: 'Messages in the lobby' }).waitFor();
  });

  test('tells that it is offline, for how long, and tries when told to', async () => {
    const { page } = stage.tabs[0];
    stage.network.cut();
    await stage.tabs[0].waitFor('chat', 'backoff');
    await stage.tabs[0].say('Are we still together?');
    await page.waitForFunction(() =>
      /^Next try in ([4-9]|\d\d) s\.$/.test(document.querySelector('#chat .wait')?.textContent ?? ''),
    );
    expect(await page.textContent('#chat .said')).toMatch(/^Offline\./);
    await shoot('offline');
    stage.network.restore();
    await page.getByRole('button', { name: 'Try now' }).click();
    await stage.tabs[0].waitFor('chat', 'live');
    await stage.tabs[0].waitForRows(talk.length + 1);
    expect(await page.locator('#chat .status button').isVisible()).toBe(false);
  });

  test('throws nothing', () => {
    expect(stage.tabs.flatMap((tab) => tab.faults)).toEqual([]);
  });
});
