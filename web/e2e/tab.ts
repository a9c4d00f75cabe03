import type { BrowserContext, Page } from 'playwright-core';

/** What the page shows of one message. */
export interface Row {
  offset: number;
  text: string;
}

/** One event of a stream, as the browser's network layer saw it. */
export interface StreamEvent {
  offset: number;
  data: string;
}

/** A tab with the playground, and a record of what came to it, made by the browser and not by the page. */
export class Tab {
  readonly page: Page;
  /** The updates of the ticker in the order in which they came. */
  readonly updates: StreamEvent[] = [];
  /** The Last-Event-ID of each request for a stream; empty for the first. */
  readonly resumes: string[] = [];
  /** The messages that came over each WebSocket. */
  readonly sockets: { type: string; topic?: string; offset?: number }[][] = [];
  /** What the page threw. */
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(context: BrowserContext, url: string): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.#record(context);
    await tab.page.goto(url);
    return tab;
  }

  async #record(context: BrowserContext): Promise<void> {
    const { page } = this;
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('websocket', (socket) => {
      const heard: (typeof this.sockets)[number] = [];
      this.sockets.push(heard);
      socket.on('framereceived', ({ payload }) => {
        heard.push(...[JSON.parse(String(payload))].flat());
      });
    });
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    network.on('Network.eventSourceMessageReceived', ({ eventName, eventId, data }) => {
      if (eventName === 'stock-update') this.updates.push({ offset: Number.parseInt(eventId, 10), data });
    });
    network.on('Network.requestWillBeSentExtraInfo', ({ headers }) => {
      if (headers.Accept === 'text/event-stream') this.resumes.push(headers['Last-Event-ID'] ?? '');
    });
  }

  /** Types a message and sends it, as a visitor does. */
  async say(text: string): Promise<void> {
    await this.page.fill('#text', text);
    await this.page.press('#text', 'Enter');
  }

  /** Waits until a room is in a state. */
  async waitFor(room: 'chat' | 'ticker', ...states: string[]): Promise<void> {
    const selector = states.map((state) => `#${room} .status[data-state="${state}"]`).join(', ');
    await this.page.waitForSelector(selector);
  }

  /** Waits until the log shows that many messages and none is on its way. */
  async waitForRows(count: number): Promise<void> {
    await this.page.waitForFunction(
      (n) =>
        document.querySelectorAll('#chat .log li').length >= n &&
        !document.querySelector('#chat .pending li'),
      count,
    );
  }

  /** Waits until that many more updates have come. */
  async waitForUpdates(more: number): Promise<void> {
    const shown = await this.page.textContent('#ticker dd.received');
    await this.page.waitForFunction(
      (n) => Number(document.querySelector('#ticker dd.received')?.textContent) >= n,
      Number(shown) + more,
    );
  }

  /** The messages that the page shows, from the oldest. */
  rows(): Promise<Row[]> {
    return this.page.$$eval('#chat .log li', (items) =>
      items.map((item) => ({
        offset: Number(item.getAttribute('data-offset')),
        text: item.querySelector('.text')?.textContent ?? '',
      })),
    );
  }

  /** The messages that the page shows as not in the log yet. */
  pending(): Promise<string[]> {
    return this.page.$$eval('#chat .pending li .text', (items) =>
      items.map((item) => item.textContent ?? ''),
    );
  }

  /** What the page itself counted as missed and doubled. */
  async faultsCounted(): Promise<string> {
    const counted = await this.page.$$eval('dd.missed, dd.doubled', (values) =>
      values.map((value) => value.textContent),
    );
    return counted.join(' ');
  }
}
