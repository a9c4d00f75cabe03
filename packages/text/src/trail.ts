import { type Mapping, mapped } from './mapping.ts';
import type { Side } from './op.ts';
import { runesOf } from './runes.ts';
import type { Sequence } from './sequence.ts';
import { Walker } from './walker.ts';

/** Of so many entries it is remembered what they did, and of fewer if they have more changes. */
const mostEntries = 1024;
const mostChanges = 8192;

/**
 * What the latest entries of a log have done to its text, by sizes: it leads a
 * position of the text that once was to the one that is now.
 */
export class Trail {
  /** The newest entry before those that are remembered. */
  #start: number;
  readonly #entries: Mapping[] = [];
  #changes = 0;
  /** What was done up to here is forgotten, though the log may have it. */
  #forgotten = 0;

  /** One that goes on behind an entry. */
  constructor(start = 0) {
    this.#start = start;
  }

  /** Remembers what the next entry did. */
  add(mapping: Mapping): void {
    this.#entries.push(mapping);
    this.#changes += mapping.length;
    this.#bound();
  }

  /**
   * Where a position of the text after an entry, not above the log's newest, is in
   * the text of the log. Undefined if that is not known.
   */
  follow(offset: number, at: number, side: Side, log: Sequence): number | undefined {
    if (offset < this.#start && offset >= Math.max(log.bar, this.#forgotten)) this.#recall(log);
    if (offset < this.#start) return undefined;
    return this.#entries
      .slice(offset - this.#start)
      .reduce((position, mapping) => mapped(position, mapping, side), at);
  }

  /** Takes from a log what its entries since the bar have done. */
  #recall(log: Sequence): void {
    const before = mappingsOf(log).slice(0, this.#start - log.bar);
    this.#entries.unshift(...before);
    this.#changes += before.reduce((sum, { length }) => sum + length, 0);
    this.#start = log.bar;
    this.#bound();
  }

  #bound(): void {
    const all = this.#entries;
    let n = Math.max(0, all.length - mostEntries);
    for (const mapping of all.slice(0, n)) this.#changes -= mapping.length;
    while (this.#changes > mostChanges) this.#changes -= (all[n++] as Mapping).length;
    if (n === 0) return;
    all.splice(0, n);
    this.#start += n;
    this.#forgotten = this.#start;
  }
}

/** What each entry of a log since its bar has done to the text. */
function mappingsOf(log: Sequence): Mapping[] {
  const { history, length, ends } = log.again();
  const walker = new Walker(history, -1, length);
  walker.charged = true;
  return ends.map((end) => {
    const mapping: (readonly [number, number])[] = [];
    walker.reach(end, (at, n, text) => mapping.push([at, runesOf(text) - n]));
    return mapping;
  });
}
