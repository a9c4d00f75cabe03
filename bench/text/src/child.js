import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const patience = 180_000; // milliseconds for an answer

/** An engine in a process of its own, which answers one request at a time (see worker.js). */
export class Child {
  #answers;

  constructor(engine) {
    this.engine = engine;
    const worker = fileURLToPath(new URL('worker.js', import.meta.url));
    const [command, ...args] = engine.command ?? [process.execPath, '--expose-gc', worker, engine.module];
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.process.on('error', (error) => console.error(`${engine.label}: ${error.message}`));
    // A process that has ended is told by its answers.
    this.process.stdin.on('error', () => {});
    this.#answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /** Throws what the engine says is wrong, and when it does not answer. */
  async ask(request) {
    const what = `${this.engine.label}: ${request.job}`;
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), patience);
    const { value, done } = await this.#answers.next();
    clearTimeout(timer);
    if (done) throw new Error(`${what}: its process has ended, or gave no answer for ${patience / 1000} s`);
    const answer = JSON.parse(value);
    if (answer.error !== undefined) throw new Error(`${what}: ${answer.error}`);
    return answer;
  }

  close() {
    this.process.stdin.end();
  }
}
