import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BrowserContext, chromium } from 'playwright-core';
import { flags } from './browser.ts';

/** A device with a browser that can be killed at any moment and started again with what it has stored. */
export class Phone {
  readonly #profile: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;
  #context: BrowserContext | undefined;

  private constructor(profile: string, more: readonly string[]) {
    this.#profile = profile;
    this.#flags = more;
  }

  static async start(...more: string[]): Promise<Phone> {
    const phone = new Phone(await mkdtemp(join(tmpdir(), 'tutti-phone-')), more);
    await phone.start();
    return phone;
  }

  /** Its pages are over when it is killed. */
  get context(): BrowserContext {
    if (!this.#context) throw new Error('the browser does not run');
    return this.#context;
  }

  async start(): Promise<void> {
    const executable = process.env.CHROMIUM;
    if (!executable) throw new Error('CHROMIUM is not set: CHROMIUM=$(scripts/chromium.sh) npm run e2e');
    const places = [`--user-data-dir=${this.#profile}`, '--remote-debugging-port=0', 'about:blank'];
    // A group of its own, so that all its processes can be killed at once.
    const child = spawn(executable, [...flags, ...this.#flags, ...places], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    for await (const line of createInterface({ input: child.stderr })) {
      const address = line.match(/DevTools listening on (ws:.*)/)?.[1];
      if (!address) continue;
      child.stderr.resume();
      const browser = await chromium.connectOverCDP(address);
      [this.#context] = browser.contexts();
      return;
    }
    throw new Error('the browser did not start');
  }

  /** Ends all of it at once: nothing is closed, flushed or told. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#context = undefined;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  }

  /** Starts it again as the browser of a user who lets no page store anything. */
  async forbidStorage(): Promise<void> {
    await this.kill();
    const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
    await mkdir(join(this.#profile, 'Default'), { recursive: true });
    await writeFile(join(this.#profile, 'Default/Preferences'), JSON.stringify(settings));
    await this.start();
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
