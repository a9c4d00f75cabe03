import { type Op, runesOf, transformPosition } from '@tutti/text/log';

/** Milliseconds within which typing goes on. */
const pause = 500;
/** More code units in one edit are no typing. */
const most = 32;

/** Tells whether edits are typing: each where the one before has left the caret, soon after it, and of its kind. */
export class Typing {
  #caret = -1;
  #inserts = false;
  #time = 0;

  /** An edit is about to be made at a time; returns whether it goes on from the one before. */
  goesOn(op: Op, now: number): boolean {
    const [at, n, text] = op[0] ?? [0, 0, ''];
    const alone = op.length === 1 && n <= most && text.length <= most;
    const inserts = text !== '';
    const near = inserts ? at === this.#caret && n === 0 : at === this.#caret || at + n === this.#caret;
    const on = alone && near && inserts === this.#inserts && now - this.#time <= pause;
    this.#caret = alone ? at + runesOf(text) : -1;
    this.#inserts = inserts;
    this.#time = now;
    return on;
  }

  /** The text has changed otherwise. */
  moved(op: Op): void {
    if (this.#caret >= 0) this.#caret = transformPosition(this.#caret, op, 'left');
  }

  /** What comes next is a step of its own. */
  stop(): void {
    this.#caret = -1;
  }
}
