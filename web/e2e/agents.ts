import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import type { Browser } from './browser.ts';

const root = join(import.meta.dirname, '../..');

interface Told {
  event: string;
  n?: number;
  data?: unknown;
  state?: string;
  error?: string;
}

/** A client library as a program; conformance/agents/README.md has what it is told and tells. */
export abstract class Agent {
  readonly name: string;
  state = '';
  #asked = 0;
  readonly #waiting = new Map<number, (told: Told) => void>();

  constructor(name: string) {
    this.name = name;
  }

  protected abstract do(command: object): void;
  abstract end(): Promise<void>;

  connect(url: string): void {
    this.do({ do: 'connect', url });
  }

  open(kind: string, topic: string): void {
    this.do({ do: 'open', kind, topic });
  }

  /** Edits a document; resolves with the code of the error for which it was rejected, if it was. */
  async edit(topic: string, method: string, ...args: unknown[]): Promise<string | undefined> {
    return (await this.#ask({ do: 'edit', topic, method, args })).error;
  }

  async look(topic: string): Promise<unknown> {
    return (await this.#ask({ do: 'look', topic })).data;
  }

  async tally(command: { by?: number; payload?: unknown }): Promise<{ value: number; payload: unknown }> {
    return (await this.#ask({ do: 'tally', ...command })).data as { value: number; payload: unknown };
  }

  protected hear(told: Told): void {
    if (told.event === 'status') this.state = told.state ?? '';
    if (told.n === undefined) return;
    this.#waiting.get(told.n)?.(told);
    this.#waiting.delete(told.n);
  }

  #ask(command: object): Promise<Told> {
    const n = ++this.#asked;
    const told = new Promise<Told>((resolve) => this.#waiting.set(n, resolve));
    this.do({ ...command, n });
    return told;
  }
}

/** An agent in a process of its own. */
export class Program extends Agent {
  readonly #process: ChildProcess;

  constructor(name: string, command: string, args: string[] = []) {
    super(name);
    const child = spawn(command, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.hear(JSON.parse(line)));
  }

  protected do(command: object): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  async end(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await ended;
  }
}

type Commands = Record<string, (command: object) => void>;

/** An agent in a page. */
export class Tab extends Agent {
  readonly #page: Page;

  private constructor(page: Page) {
    super('browser');
    this.#page = page;
  }

  /** Opens a page of the server that is reached at this address. */
  static async start({ context }: Browser, base: string): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(page);
    const modules = {
      'page.mjs': 'conformance/agents/page.mjs',
      'documents.mjs': 'conformance/agents/documents.mjs',
      'crdt.js': 'packages/crdt/dist/crdt.js',
    };
    for (const [name, file] of Object.entries(modules)) {
      const body = await readFile(join(root, file), 'utf8');
      await page.route(`${base}/${name}`, (route) => route.fulfill({ contentType: 'text/javascript', body }));
    }
    await page.exposeFunction('say', (told: Told) => tab.hear(told));
    await page.goto(`${base}/healthz`);
    await page.addScriptTag({ type: 'module', url: '/page.mjs' });
    await page.waitForFunction(() => 'commands' in window);
    return tab;
  }

  protected do(command: object): void {
    void this.#page.evaluate((command) => {
      const { commands } = window as unknown as { commands: Commands };
      const { do: name } = command as unknown as { do: string };
      commands[name]?.(command);
    }, command);
  }

  async end(): Promise<void> {
    await this.#page.close();
  }
}
