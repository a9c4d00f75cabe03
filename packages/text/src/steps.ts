import { addAll, Changes, type Op } from './op.ts';
import { runesOf } from './runes.ts';
import { transform } from './transform.ts';

/** How many edits can be undone at least. */
const maxSteps = 1000;
/** How many events of others are kept to undo past; with more, what was before cannot be undone. */
const mostSince = 1 << 20;

/** An own edit that can be undone, or made again. */
interface Done {
  /** Of the own operation. */
  key: number;
  op: Op;
  /** Of the text behind `op`. */
  inverse: Op;
  /** It is undone with the one beneath. */
  joined: boolean;
  /** What became of the text behind `op` then, without those above; nothing yet. */
  since?: Changes;
  /** Of since. */
  events: number;
  /** It was dropped: its effect is gone. */
  dropped: boolean;
}

/**
 * Own edits of a session: a stack, whose top is an edit of the text as it is. What
 * others do is noted at the top alone, and handed down, transformed past the top's
 * edit, when that is taken off: so it costs nothing until somebody undoes.
 */
export class Stack {
  #done: Done[] = [];

  get length(): number {
    return this.#done.length;
  }

  push(key: number, op: Op, inverse: Op, joined: boolean): void {
    if (this.#done.length === 2 * maxSteps) this.#done = this.#done.slice(maxSteps); // seldom, as all others move
    this.#done.push({ key, op, inverse, joined, events: 0, dropped: false });
  }

  /** Says what has become of the text otherwise. */
  note(op: Op): void {
    const top = this.#done.at(-1);
    if (top === undefined || op.length === 0) return;
    top.since ??= new Changes();
    addAll(top.since, op);
    for (const [, n, text] of op) top.events += n + runesOf(text);
    if (top.events > mostSince) this.clear();
  }

  /** Takes the top off: what takes it back in the text as it is, and whether it is undone with the one beneath. */
  pop(): { inverse: Op; joined: boolean } | undefined {
    const top = this.#done.pop();
    if (top === undefined) return undefined;
    const { op, inverse, joined, dropped } = top;
    const since = top.since?.op ?? [];
    if (dropped) {
      this.note([...op, ...since]);
      return { inverse: [], joined };
    }
    this.note(transform(since, inverse, 'right'));
    return { inverse: transform(inverse, since, 'left'), joined };
  }

  /** Says that own operations have no effect any more. */
  drop(keys: ReadonlySet<number>): void {
    for (const done of this.#done) if (keys.has(done.key)) done.dropped = true;
  }

  clear(): void {
    this.#done = [];
  }
}
