import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Someone who edits while away, in a process of its own, so that what it has to do keeps nobody else. */
export class Away {
  #process;
  #answered;

  /** Opens a document, leaves, and makes so many edits, of which the last inserts `end`. */
  static async leave(system, server, name, edits, end) {
    const away = new Away();
    away.#process = fork(fileURLToPath(new URL('leave.js', import.meta.url)), [
      JSON.stringify({ system, address: server.address, name, edits, end }),
    ]);
    await away.#answer();
    return away;
  }

  #answer() {
    return new Promise((resolve, reject) => {
      this.#process.once('message', (answer) => {
        this.#process.removeListener('exit', this.#answered);
        resolve(answer);
      });
      this.#answered = () => reject(new Error('the one who was away is gone'));
      this.#process.once('exit', this.#answered);
    });
  }

  /** Comes back. Resolves to how many milliseconds it took until all was acknowledged. */
  merge() {
    this.#process.send('merge');
    return this.#answer();
  }

  text() {
    this.#process.send('text');
    return this.#answer();
  }

  close() {
    this.#process.removeListener('exit', this.#answered);
    this.#process.kill();
  }
}
