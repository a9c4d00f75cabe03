import type { Browser } from './browser.ts';
import { Network } from './network.ts';
import { Server, type Settings } from './server.ts';
import { type StreamEvent, Tab } from './tab.ts';

/** A server, the network before it, and two tabs that are live in both rooms. */
export class Stage {
  readonly server: Server;
  readonly network: Network;
  readonly tabs: [Tab, Tab];
  readonly #base: string;

  private constructor(server: Server, network: Network, tabs: [Tab, Tab], base: string) {
    this.server = server;
    this.network = network;
    this.tabs = tabs;
    this.#base = base;
  }

  static async open(browser: Browser, binary: string, settings: Settings = {}): Promise<Stage> {
    const base = settings.basePath ?? '';
    const server = await Server.start(binary, settings);
    const network = await Network.start(server.port);
    const url = `http://127.0.0.1:${network.port}${base}/`;
    const first = await Tab.open(browser.context, url);
    const second = await Tab.open(browser.context, url);
    const stage = new Stage(server, network, [first, second], base);
    await stage.each((tab) => tab.waitFor('chat', 'live'));
    await stage.each((tab) => tab.waitFor('ticker', 'live'));
    return stage;
  }

  each<T>(act: (tab: Tab, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.tabs.map(act));
  }

  /** The log of a topic above an offset, as the server tells it. */
  async log(topic: string, after: number): Promise<StreamEvent[]> {
    const address = `http://127.0.0.1:${this.server.port}${this.#base}/v1/topics/${topic}/events`;
    const events: StreamEvent[] = [];
    for (let from = after; ; ) {
      const answer = await fetch(`${address}?after=${from}&limit=100`);
      if (!answer.ok) throw new Error(`${topic}: ${await answer.text()}`);
      const { entries } = (await answer.json()) as { entries: { offset: number; data: unknown }[] };
      for (const { offset, data } of entries) events.push({ offset, data: JSON.stringify(data) });
      const newest = entries.at(-1);
      if (!newest) return events;
      from = newest.offset;
    }
  }

  async end(): Promise<void> {
    await this.each((tab) => tab.page.close());
    await this.network.end();
    await this.server.end();
  }
}
