import { TextError } from './error.ts';
import { type Op, put } from './op.ts';
import { Rope } from './rope.ts';
import { type Entry, Sequence } from './sequence.ts';
import { restore, type Snapshot } from './snapshot.ts';
import { type Limits, Timeline } from './timeline.ts';

/**
 * A text made of a sequencer's log, entry by entry. It holds the history since its
 * bar alone: an entry whose author had not seen all up to there cannot be folded.
 */
export class Fold {
  readonly #text: Rope;
  readonly #limits: Limits;
  #timeline: Timeline;

  /** The fold of a log up to an offset, which made this text: that is its bar. */
  constructor(text = '', offset = 0, limits: Limits = {}) {
    this.#text = new Rope(text);
    this.#limits = limits;
    this.#timeline = new Timeline(new Sequence(offset, this.length));
  }

  /**
   * The fold that a snapshot tells of.
   *
   * @throws TextError `bad_update` if it is none.
   */
  static load(snapshot: Snapshot, limits: Limits = {}): Fold {
    const sequence = restore(snapshot);
    const fold = new Fold(snapshot.text, snapshot.bar, limits);
    fold.#timeline = new Timeline(sequence);
    return fold;
  }

  /** The text. */
  get text(): string {
    return this.#text.toString();
  }

  /** How many code points the text has. */
  get length(): number {
    return this.#text.runes;
  }

  /** That of the newest entry. */
  get offset(): number {
    return this.#timeline.log.offset;
  }

  /** The offset up to which every entry's author must have seen the log. */
  get bar(): number {
    return this.#timeline.log.bar;
  }

  /** How many entries and events are held, since the bar. */
  get held(): { entries: number; events: number } {
    const { entries, history } = this.#timeline.log;
    return { entries, events: history.end };
  }

  /**
   * How many events the latest entry made the fold take back and put in again, to
   * see the text as its author did: what it cost beyond its own size.
   */
  get moved(): number {
    return this.#timeline.moved;
  }

  /** The fold, whole, for `load`. */
  snapshot(): Snapshot {
    const { log } = this.#timeline;
    return { text: this.text, bar: log.bar, length: log.length, log: log.log() };
  }

  /**
   * Applies an entry, the next one, and returns what it does to the text as it is:
   * its own operation, if its author had seen all.
   *
   * @throws TextError `rebase_required` if its author had not seen the log up to
   * the bar, or too little behind it for the limits; `bad_operation` if it does
   * not fit the text that its author saw; `limit_exceeded` if it or the text would
   * be too large. Then it has no effect.
   */
  fold(entry: Entry): Op {
    if (entry.offset !== this.offset + 1) {
      throw new TextError('bad_operation', `The next entry is ${this.offset + 1}, not ${entry.offset}.`);
    }
    const change = this.#timeline.fold(entry, this.length, this.#limits);
    for (const splice of change) put(this.#text, splice);
    this.#end();
    return change;
  }

  /** Passes over an entry that has no effect. */
  skip(): void {
    this.#timeline.log.skip();
    this.#end();
  }

  /** Passes over entries that have no effect, up to an offset. */
  skipTo(offset: number): void {
    while (this.offset < offset) this.skip();
  }

  /** Ends an entry: it may be a bar. */
  #end(): void {
    const { log, moved } = this.#timeline;
    if (!log.due) return;
    this.#timeline = new Timeline(new Sequence(log.offset, this.length));
    this.#timeline.moved = moved;
  }
}
