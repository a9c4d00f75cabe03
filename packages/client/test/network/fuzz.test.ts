import { afterEach, expect, test, vi } from 'vitest';
import type { Network } from '../../src/network.ts';
import { platform, type Seen, Site } from './site.ts';

afterEach(() => void vi.unstubAllGlobals());

/** What one seed makes of a day: posts in three lanes, from tabs that come and die, over a network that does its worst. */
class Day {
  readonly site: Site;
  readonly tabs = new Map<string, Network>();
  /** What the server took, in order, by key. */
  readonly taken = new Map<string, Seen>();
  readonly posted: { path: string; body: string }[] = [];
  fair = false;
  signedIn = true;
  #names = 0;
  readonly #platform = platform(true);
  readonly #probed: boolean;

  constructor(seed: number) {
    this.site = new Site(seed);
    this.#probed = this.site.world.chance(0.5);
    this.site.answer = (seen) => this.#answer(seen);
  }

  open(): void {
    const name = `tab${++this.#names}`;
    const probe = this.#probed ? { probe: this.site.reach } : {};
    const random = this.site.world.random;
    this.tabs.set(name, this.site.tab(name, { ...probe, random, timeout: 3000 }));
  }

  step(): void {
    const { world } = this.site;
    const names = [...this.tabs.keys()];
    const name = names[world.below(names.length)];
    const dice = world.below(20);
    if (name === undefined || (dice === 0 && names.length < 3)) this.open();
    else if (dice === 1) {
      this.site.kill(name);
      this.tabs.delete(name);
    } else if (dice === 2) {
      this.tabs.get(name)?.close();
      this.site.kill(name);
      this.tabs.delete(name);
    } else if (dice === 3) {
      this.site.up = !this.site.up;
      if (world.chance(0.7)) this.#platform.believe(this.site.up);
    } else if (dice === 4) this.signedIn = !this.signedIn;
    else if (dice === 5) this.tabs.get(name)?.resume();
    else if (dice === 6) this.#platform.sign('focus');
    else this.#post(this.tabs.get(name) as Network);
  }

  /** Everything is well again, and a tab is opened. */
  async settle(): Promise<void> {
    const { site } = this;
    this.fair = this.signedIn = site.up = true;
    this.open();
    for (let i = 0; i < 5; i++) {
      this.#platform.believe(true);
      for (const network of this.tabs.values()) network.resume();
      await site.pass(60_000);
    }
  }

  #post(network: Network): void {
    const path = `/lane${this.site.world.below(3)}`;
    const bad = this.site.world.chance(0.1);
    const body = `${this.posted.length}${bad ? ' is bad' : ''}`;
    this.posted.push({ path, body });
    network.fetch(`https://site.test${path}`, { body });
  }

  #answer(seen: Seen): Response | 'silence' {
    const { world } = this.site;
    const take = (): void => void (this.taken.has(seen.key) || this.taken.set(seen.key, seen));
    if (!this.signedIn) return new Response('', { status: 401 });
    if (seen.body.endsWith('bad')) return new Response('', { status: 400 });
    const luck = this.fair ? 1 : world.random();
    if (luck < 0.1) return new Response('', { status: 503 });
    if (luck < 0.15) return 'silence';
    take();
    return luck < 0.25 ? 'silence' : new Response('ok');
  }
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'NET-7 NET-10 NET-11 nothing is lost, doubled or overtaken in its lane: seed %i',
  async (seed) => {
    const day = new Day(seed);
    const { world } = day.site;
    for (let i = 0; i < 120; i++) {
      day.step();
      await day.site.pass(1 + world.below(world.chance(0.1) ? 20_000 : 300));
    }
    await day.settle();
    for (const lane of ['/lane0', '/lane1', '/lane2']) {
      const posted = day.posted.filter(({ path, body }) => path === lane && !body.endsWith('bad'));
      const taken = [...day.taken.values()].filter(({ path }) => path === lane);
      expect(taken.map(({ body }) => body)).toEqual(posted.map(({ body }) => body));
    }
    const left = [...day.tabs.values()].map(({ sync }) => [sync.pending, sync.state === 'syncing']);
    expect(left).toEqual(left.map(() => [0, false]));
    const rows = await day.site.storage.read('');
    expect(rows.filter(([key]) => !key.includes('/dead/'))).toEqual([]);
    expect(day.site.errors).toEqual([]);
    day.site.end();
  },
);
