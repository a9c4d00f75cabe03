import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** How many of the kernel's ticks are a second, on every Linux that Node runs on. */
const ticks = 100;

/** A server in a process of its own. `start` returns one that listens. */
export class Server {
  /** host:port */
  address;
  #process;
  #directory;
  #lines;

  /** `name` is that of a program in `servers`, or `tutti`. */
  static async start(name) {
    const server = new Server();
    if (name === 'tutti') await server.#startTutti();
    else await server.#startPeer(name);
    return server;
  }

  /** tutti keeps its log on disk, and acknowledges after fsync. */
  async #startTutti() {
    this.#directory = mkdtempSync(join(tmpdir(), 'bench-writers-'));
    const options = ['--dev', '--addr', '127.0.0.1:0', '--data', this.#directory, '--drain', '0s'];
    this.#process = spawn(path('../../../bin/tutti'), ['serve', ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#read(this.#process.stderr);
    for (;;) {
      const url = /url=http:\/\/([^/]+)/.exec(await this.#line());
      if (url) {
        this.address = url[1];
        return;
      }
    }
  }

  async #startPeer(name) {
    const options = ['--expose-gc', path(`servers/${name}.js`)];
    this.#process = spawn(process.execPath, options, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#read(this.#process.stdout);
    this.address = `127.0.0.1:${Number(await this.#line())}`;
  }

  #read(stream) {
    this.#lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  }

  async #line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the server ended');
    return value;
  }

  /** Seconds of the processor that it has used, in user space and in the kernel. */
  cpu() {
    const fields = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  }

  /** Bytes of its memory that are resident. A peer collects its garbage first; tutti is taken as it is. */
  async memory() {
    if (this.#directory === undefined) {
      this.#process.stdin.write('\n');
      await this.#line();
    }
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }

  async stop() {
    const ended = new Promise((resolve) => this.#process.on('exit', resolve));
    if (this.#directory === undefined) this.#process.stdin.end();
    else this.#process.kill('SIGTERM');
    await ended;
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true });
  }
}
