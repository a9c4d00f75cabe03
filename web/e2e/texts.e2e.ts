import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Server } from './server.ts';

const shots = process.env.SCREENSHOTS;

type Name = 'Ann' | 'Bob' | 'Cleo';

/** A window with three who write: Ann and Bob in editors, Cleo in a textarea. */
class Desk {
  readonly page: Page;
  readonly faults: string[] = [];
  readonly #cdp: CDPSession;

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      // A request while the network is off is told as an error too.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load'))
        this.faults.push(message.text());
    });
  }

  static async open(address: string): Promise<Desk> {
    const page = await browser.context.newPage();
    const desk = new Desk(page, await browser.context.newCDPSession(page));
    await page.goto(address);
    await desk.join();
    await desk.live();
    return desk;
  }

  /** Lets Cleo write too, who is not there when the page was loaded. */
  async join(): Promise<void> {
    await this.page.getByRole('button', { name: /^Cleo joins/ }).click();
  }

  /** Waits until all are connected. */
  async live(): Promise<void> {
    for (const name of ['Ann', 'Bob', 'Cleo'] as const)
      await this.seat(name).locator('.status[data-state="live"]').waitFor();
  }

  seat(name: Name): Locator {
    return this.page.locator(`#seat-${name}`);
  }

  paper(name: Name): Locator {
    return this.page.getByLabel(`What ${name} sees`);
  }

  /** What somebody sees. */
  text(name: Name): Promise<string> {
    return this.paper(name).evaluate((element) =>
      element instanceof HTMLTextAreaElement
        ? element.value
        : [...element.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'),
    );
  }

  /** Whose carets somebody sees, and what is in front of them in their lines. */
  carets(name: Name): Promise<[string, string][]> {
    return this.paper(name).evaluate((content) => {
      const texts: Text[] = [];
      const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) texts.push(walker.currentNode as Text);
      const before = ({ left, top, bottom }: DOMRect): string | undefined => {
        const range = document.createRange();
        for (const text of texts)
          for (let at = 0; at <= text.length; at++) {
            range.setStart(text, at);
            range.collapse(true);
            const place = range.getBoundingClientRect();
            if (Math.abs(place.left - left - 1) > 1 || place.top >= bottom || place.bottom <= top) continue;
            range.setStartBefore(text.parentElement?.closest('.cm-line')?.firstChild ?? text);
            return range.toString();
          }
        return texts.length === 0 ? '' : undefined;
      };
      const carets = content.parentElement?.querySelectorAll<HTMLElement>('.cm-tutti-caret') ?? [];
      return [...carets].map((caret): [string, string] => [
        caret.dataset.name ?? '',
        before(caret.getBoundingClientRect()) ?? 'nowhere',
      ]);
    });
  }

  /** Puts the caret behind so many code units, or selects up to others. */
  async select(name: Name, from: number, to = from): Promise<void> {
    const paper = this.paper(name);
    await paper.focus();
    if (name === 'Cleo') {
      await paper.evaluate((area, [a, b]) => (area as HTMLTextAreaElement).setSelectionRange(a, b), [
        from,
        to,
      ] as const);
      return;
    }
    await this.page.keyboard.press('Control+Home');
    for (let i = 0; i < from; i++) await this.page.keyboard.press('ArrowRight');
    for (let i = from; i < to; i++) await this.page.keyboard.press('Shift+ArrowRight');
  }

  async type(name: Name, at: number, text: string): Promise<void> {
    await this.select(name, at);
    await this.page.keyboard.type(text);
  }

  /** Pastes, as from another program. */
  async paste(name: Name, text: string): Promise<void> {
    await this.paper(name).focus();
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await this.page.keyboard.press('Control+V');
  }

  /** Composes a word with an input method: what is shown meanwhile, then what it comes to. */
  async compose(...texts: string[]): Promise<void> {
    for (const text of texts)
      await this.#cdp.send('Input.imeSetComposition', {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      });
  }

  async composed(text: string): Promise<void> {
    await this.#cdp.send('Input.insertText', { text });
  }

  async offline(name: Name, on: boolean): Promise<void> {
    await this.seat(name).getByRole('checkbox', { name: 'Offline' }).setChecked(on);
    const state = on ? 'backoff' : 'live';
    await this.seat(name).locator(`.status[data-state="${state}"]`).waitFor();
  }

  async press(name: Name, button: string): Promise<void> {
    await this.seat(name).getByRole('button', { name: button, exact: true }).click();
  }

  /** Waits until all see the same, and it is this if it is given. Returns it. */
  async agree(text?: string): Promise<string> {
    await this.page.locator('.same[data-same="true"]').waitFor();
    const seen = async () =>
      new Set([await this.text('Ann'), await this.text('Bob'), await this.text('Cleo')]);
    if (text === undefined) await expect.poll(async () => (await seen()).size).toBe(1);
    else await expect.poll(seen, { timeout: 20_000 }).toEqual(new Set([text]));
    return this.text('Cleo');
  }
}

let browser: Browser;
let server: Server | undefined;
let desk: Desk;

beforeAll(async () => {
  browser = await Browser.start();
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
});

beforeEach(async () => {
  server = await Server.start(inject('binary'));
  desk = await Desk.open(`http://127.0.0.1:${server.port}/texts.html`);
});

afterEach(async () => {
  await desk.page.close();
  await server?.end();
  expect(desk.faults).toEqual([]);
});

afterAll(() => browser?.end());

describe('a text that three write', () => {
  test('has what each types, where it was typed', async () => {
    await desk.type('Ann', 0, 'oboes and horns');
    await desk.agree('oboes and horns');
    await desk.type('Bob', 5, ', flutes');
    await desk.agree('oboes, flutes and horns');
    await desk.type('Cleo', 0, '😀 ');
    await desk.agree('😀 oboes, flutes and horns');
    await desk.select('Ann', 2, 7);
    await desk.page.keyboard.press('Backspace');
    await desk.agree('😀 , flutes and horns');
    await desk.type('Bob', 0, 'harps\n');
    await desk.agree('harps\n😀 , flutes and horns');
  });

  test('comes to the same when one was offline, and nothing is lost', async () => {
    await desk.type('Ann', 0, 'horns');
    await desk.agree('horns');
    await desk.offline('Ann', true);
    await desk.offline('Cleo', true);
    await desk.type('Ann', 0, 'french ');
    await desk.type('Bob', 5, ' and harps');
    await desk.type('Cleo', 5, ' (four)');
    await desk.page.locator('.same[data-same="false"]').waitFor();
    expect(await desk.text('Bob')).toBe('horns and harps');
    await desk.offline('Cleo', false);
    await desk.offline('Ann', false);
    const text = await desk.agree();
    expect(['french horns and harps (four)', 'french horns (four) and harps']).toContain(text);
  });

  test('has 1 MB that was pasted, with LF at the ends of lines', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `${i} `.padEnd(99, 'la '));
    await desk.type('Ann', 0, 'end');
    await desk.agree('end');
    await desk.select('Cleo', 0);
    await desk.paste('Cleo', `${lines.join('\r\n')}\r\n`);
    await expect.poll(valueOnServer, { timeout: 60_000, interval: 500 }).toBe(`${lines.join('\n')}\nend`);
    await desk.page.locator('.same[data-same="true"]').waitFor();
    expect(await desk.text('Cleo')).toBe(`${lines.join('\n')}\nend`);
    await desk.press('Cleo', 'Undo');
    await desk.agree('end');
  });
});

describe.each(['Ann', 'Cleo'] as const)('what others write, at %s', (name) => {
  test('leaves the selection where it is', async () => {
    await desk.type('Bob', 0, 'one two three');
    await desk.agree('one two three');
    await desk.select(name, 4, 7);
    await desk.page.evaluate(() => document.activeElement?.setAttribute('data-mine', ''));
    await elsewhere('zero 😀 ');
    await desk.agree('zero 😀 one two three');
    expect(await desk.page.evaluate(() => document.activeElement?.hasAttribute('data-mine'))).toBe(true);
    await desk.page.keyboard.type('2');
    await desk.agree('zero 😀 one 2 three');
  });

  test('does not disturb a composition', async () => {
    await desk.type('Bob', 0, 'one two');
    await desk.agree('one two');
    await desk.select(name, 3);
    await desk.compose('k', 'ka');
    await elsewhere('zero ');
    await elsewhere('-', 1);
    await expect.poll(() => desk.text('Bob')).toMatch(/^zero .* tw-o$/);
    await desk.compose('kan');
    expect(await desk.text(name)).toBe('onekan two');
    await desk.composed('感');
    await desk.agree('zero one感 tw-o');
    await desk.page.keyboard.type('!');
    await desk.agree('zero one感! tw-o');
  });

  test('stays when one undoes, by keys, what was written here', async () => {
    await desk.type(name, 0, 'mine');
    await desk.agree('mine');
    await elsewhere('theirs ');
    await desk.agree('theirs mine');
    await desk.paper(name).focus();
    await desk.page.keyboard.press('Control+z');
    await expect.poll(() => desk.text('Bob')).not.toContain('mine');
    while (await desk.seat(name).getByRole('button', { name: 'Undo' }).isEnabled())
      await desk.page.keyboard.press('Control+z');
    await desk.agree('theirs ');
    while (await desk.seat(name).getByRole('button', { name: 'Redo' }).isEnabled())
      await desk.page.keyboard.press('Control+y');
    await desk.agree('theirs mine');
    await desk.press(name, 'Undo');
    await desk.press(name, 'Redo');
    await desk.agree('theirs mine');
  });
});

describe('what cannot be written', () => {
  test('is taken back when it is rejected, and told; what is written behind it stays', async () => {
    await desk.type('Bob', 0, 'one two');
    await desk.agree('one two');
    for (const name of ['Ann', 'Cleo'] as const) {
      await desk.seat(name).getByRole('checkbox', { name: 'Rejected' }).check();
      await desk.select(name, 4, 7);
      await desk.page.keyboard.type('2');
      await desk
        .seat(name)
        .getByText('Taken back: The server is in no mood for changes. (rejected)')
        .waitFor();
      await desk.agree('one two');
      await desk.seat(name).getByRole('checkbox', { name: 'Rejected' }).uncheck();
    }
    await desk.type('Ann', 7, ' three');
    await desk.agree('one two three');
  });

  test('is not taken before the text is there', async () => {
    const { page } = desk;
    await desk.type('Bob', 0, 'one');
    await desk.agree('one');
    await page.routeWebSocket(/v1\/ws/, (socket) => socket.close());
    await page.route(/v1\/(sse|poll|commands)/, (route) => route.abort());
    await page.reload();
    await desk.join();
    for (const name of ['Ann', 'Cleo'] as const) {
      await desk.seat(name).locator('.status[data-state="backoff"]').waitFor();
      await desk.type(name, 0, 'lost');
      expect(await desk.text(name)).toBe('');
    }
    await page.unrouteAll();
    await page.reload();
    await desk.join();
    await desk.live();
    await desk.agree('one');
    await desk.type('Ann', 3, '!');
    await desk.type('Cleo', 0, '?');
    await desk.agree('?one!');
  });
});

test('two windows have one text, whoever is offline meanwhile', async () => {
  const { page } = desk;
  const other = await Desk.open(page.url());
  await desk.type('Ann', 0, 'horns');
  await other.agree('horns');
  await desk.offline('Bob', true);
  await other.type('Cleo', 0, 'french ');
  await desk.type('Bob', 5, ', four');
  await other.agree('french horns');
  await other.page.close();
  await desk.offline('Bob', false);
  await desk.agree('french horns, four');
  expect(other.faults).toEqual([]);
});

describe('the carets of others', () => {
  test('TEXT-21 stand where they are, and move with what is typed in front of them', async () => {
    const other = await Desk.open(desk.page.url());
    await desk.type('Ann', 0, 'one three');
    await other.agree('one three');
    await desk.select('Ann', 4);
    await expect.poll(() => other.carets('Bob')).toEqual([['Ann', 'one ']]);
    expect(await desk.carets('Ann')).toEqual([]);
    await other.type('Bob', 0, 'zero ');
    await expect
      .poll(() => other.carets('Ann').then((all) => all.sort()))
      .toEqual([
        ['Ann', 'zero one '],
        ['Bob', 'zero '],
      ]);
    await desk.page.keyboard.type('two ');
    await other.agree('zero one two three');
    await expect.poll(() => other.carets('Bob')).toEqual([['Ann', 'zero one two ']]);
    await desk.select('Ann', 5, 8);
    await expect
      .poll(() => other.paper('Bob').locator('.cm-tutti-selection').allTextContents())
      .toEqual(['one']);
    if (shots) {
      await mkdir(shots, { recursive: true });
      await other.page.screenshot({ path: join(shots, 'texts-carets.png') });
    }
    await desk.paper('Cleo').focus(); // whose textarea shows and tells none
    await expect.poll(() => other.carets('Bob')).toEqual([]);
    await desk.paper('Ann').focus();
    await expect.poll(() => other.carets('Bob').then((all) => all.length)).toBe(1);
    await other.page.close();
    await expect.poll(() => desk.carets('Ann'), { timeout: 20_000 }).toEqual([]);
    expect(other.faults).toEqual([]);
  });
});

describe('the page', () => {
  test('shows the text as it was, and what became of operations', async () => {
    await desk.type('Ann', 0, 'horns');
    await desk.agree('horns');
    await desk.offline('Bob', true);
    await desk.type('Bob', 5, '!');
    await desk.type('Ann', 0, 'french ');
    await desk.offline('Bob', false);
    await desk.agree('french horns!');
    await desk.page.locator('.operations .eff').waitFor();
    expect(await desk.page.locator('.operations li:has(.eff)').first().textContent()).toMatch(
      /^\d+Bob\[\[5,0,"!"\]\]\[\[12,0,"!"\]\]$/,
    );
    const was = desk.page.locator('.was');
    await expect.poll(() => was.textContent()).toBe('french horns!');
    const written = await was
      .locator('.writer')
      .evaluateAll((spans) => spans.map((span) => [span.textContent, (span as HTMLElement).dataset.hue]));
    expect(written.filter(([, hue]) => hue === '1')).toEqual([['!', '1']]);
    expect(
      written
        .filter(([, hue]) => hue === '0')
        .map(([text]) => text)
        .join(''),
    ).toBe('french horns');
    expect(await desk.page.locator('.authors li').allTextContents()).toEqual(['Ann', 'Bob']);
    await desk.page.getByRole('slider', { name: /^After entry/ }).fill('0');
    await expect.poll(() => was.textContent()).toBe('');
    await desk.page.getByRole('slider', { name: /^After entry/ }).fill('1');
    await expect.poll(() => was.textContent()).toMatch(/^h/);
  });

  test('fits every width, light and dark', async () => {
    const { page } = desk;
    await desk.type('Ann', 0, 'Programme\n\n');
    await desk.agree('Programme\n\n');
    await desk.type('Bob', 11, 'Mahler, the fourth symphony\n');
    await desk.agree('Programme\n\nMahler, the fourth symphony\n');
    await desk.offline('Cleo', true);
    await desk.type('Cleo', 38, ' in G major');
    await desk.type('Ann', 9, ' of the evening');
    await desk.offline('Cleo', false);
    await desk.agree('Programme of the evening\n\nMahler, the fourth symphony in G major\n');
    await page.locator('.operations .eff').first().waitFor();
    await desk.offline('Bob', true);
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const width of [360, 820, 1400]) {
        await page.setViewportSize({ width, height: 900 });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        if (!shots) continue;
        await mkdir(shots, { recursive: true });
        // What scrolls by itself is painted once it was in view, and not for the shot.
        await page.locator('.operations').evaluate(async (list) => {
          list.scrollIntoView();
          for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
        });
        await page.screenshot({ path: join(shots, `texts-${scheme}-${width}.png`), fullPage: true });
      }
    }
  });
});

/** The text as the server has it, as of its newest entry. */
async function onServer(): Promise<{ value: string; offset: number }> {
  const answer = await fetch(`http://127.0.0.1:${server?.port}/v1/docs/text:together`);
  return (await answer.json()) as { value: string; offset: number };
}

async function valueOnServer(): Promise<string> {
  return (await onServer()).value;
}

/** Writes as a backend, in front of all or in front of so many code units at the end of what it has read. */
async function elsewhere(text: string, fromEnd = Number.POSITIVE_INFINITY): Promise<void> {
  const { value, offset: base } = await onServer();
  const at = Math.max(0, value.length - fromEnd);
  const answer = await fetch(`http://127.0.0.1:${server?.port}/v1/docs/text:together/ops`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ base, op: [[at, 0, text]] }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
