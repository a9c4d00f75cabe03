import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Settings {
  /** Empty if absent, else with a slash before and none behind. */
  basePath?: string;
  /** Anyone may do anything; true if absent. */
  dev?: boolean;
  /** TUTTI_… variables. */
  environment?: Record<string, string>;
}

/** A real server in a process of its own, on loopback, with data that outlive the process. */
export class Server {
  readonly #binary: string;
  readonly #data: string;
  readonly #settings: Settings;
  #process: ChildProcess | undefined;
  /** 0 until it has started once; then it keeps its port. */
  port = 0;

  private constructor(binary: string, data: string, settings: Settings) {
    this.#binary = binary;
    this.#data = data;
    this.#settings = settings;
  }

  static async start(binary: string, settings: Settings = {}): Promise<Server> {
    const server = new Server(binary, await mkdtemp(join(tmpdir(), 'tutti-data-')), settings);
    await server.start();
    return server;
  }

  /** Starts it, the first time on a free port, later on the same one. Returns when it takes connections. */
  async start(): Promise<void> {
    const { basePath = '', dev = true, environment } = this.#settings;
    const args = [
      'serve',
      ...(dev ? ['--dev'] : []),
      '--addr',
      `127.0.0.1:${this.port}`,
      '--data',
      this.#data,
    ];
    const child = spawn(this.#binary, [...args, '--base-path', basePath], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    const log: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      log.push(line);
      const port = line.match(/tutti is up.*url=http:\/\/127\.0\.0\.1:(\d+)/)?.[1];
      if (!port) continue;
      this.port = Number(port);
      child.stderr.resume();
      return;
    }
    throw new Error(`the server did not start:\n${log.join('\n')}`);
  }

  /** Ends it as a crash does: nothing is closed, flushed or told. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.#data, { recursive: true });
  }
}
