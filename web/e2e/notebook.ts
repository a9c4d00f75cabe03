import type { BrowserContext, Page } from 'playwright-core';

/** A tab with the page of notes, used as a visitor uses it. */
export class Notebook {
  readonly page: Page;
  /** What the page threw. */
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  static async open(context: BrowserContext, url: string): Promise<Notebook> {
    const notebook = new Notebook(await context.newPage());
    await notebook.page.goto(url);
    await notebook.ready();
    return notebook;
  }

  /** Waits until the page shows what is kept. */
  async ready(): Promise<void> {
    await this.page.locator('.outbox[data-count]').waitFor();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  async live(): Promise<void> {
    await this.page.locator('.status[data-state="live"]').waitFor();
  }

  /** Turns the page's own network off or on. */
  async offline(on: boolean): Promise<void> {
    await this.page.getByRole('checkbox', { name: 'Offline' }).setChecked(on);
    await this.page.locator(`.status[data-state="${on ? 'backoff' : 'live'}"]`).waitFor();
  }

  async add(...titles: string[]): Promise<void> {
    for (const title of titles) {
      await this.page.fill('#title', title);
      await this.page.press('#title', 'Enter');
    }
  }

  titles(): Promise<string[]> {
    return this.page.locator('.notes b').allTextContents();
  }

  async open(title: string): Promise<void> {
    const named = this.page.locator('b').getByText(title, { exact: true });
    await this.page.locator('.notes button', { has: named }).click();
    await this.page.locator('.notes button[aria-pressed="true"]', { has: named }).waitFor();
  }

  /** Writes at the end of the note that is open. */
  async write(text: string): Promise<void> {
    await this.page.focus('#note textarea');
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(text);
  }

  text(): Promise<string> {
    return this.page.locator('#note textarea').inputValue();
  }

  async tag(word: string): Promise<void> {
    await this.page.getByLabel('A new tag').fill(word);
    await this.page.getByLabel('A new tag').press('Enter');
  }

  /** The tags of the note that is open. */
  async tags(): Promise<string[]> {
    const tags = await this.page.locator('.tags li').allTextContents();
    return tags.map((tag) => tag.replace(/ ×$/, ''));
  }

  /** How much waits in the outbox, as it says. */
  async waiting(): Promise<number> {
    return Number(await this.page.locator('.outbox').getAttribute('data-count'));
  }

  /** Whether the outbox says that it outlives the page. */
  async durable(): Promise<boolean> {
    return (await this.page.locator('.outbox').getAttribute('data-durable')) === 'true';
  }
}
