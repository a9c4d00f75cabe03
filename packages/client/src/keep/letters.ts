import { TuttiError } from '../error.ts';
import { type DeadLetter, told } from './dead.ts';
import type { DeadRow, EntryRow, Rows } from './rows.ts';
import type { Saver } from './saver.ts';

/** So many are kept of a user; the oldest of more are given up (rule OUT-7). */
const most = 1000;

/** The dead letters of a user, by the ends of their rows' keys. */
export class Letters {
  readonly #rows: Rows;
  readonly #saver: Saver;
  readonly #report: (error: unknown) => void;
  readonly #all = new Map<string, DeadRow>();

  constructor(rows: Rows, saver: Saver, report: (error: unknown) => void) {
    this.#rows = rows;
    this.#saver = saver;
    this.#report = report;
  }

  get size(): number {
    return this.#all.size;
  }

  get list(): DeadLetter[] {
    return [...this.#all].map(([id, letter]) => ({
      id,
      ...told(letter),
      ...(letter.entryKey !== undefined && { key: letter.entryKey }),
      error: TuttiError.from({ ...letter.error, retryable: false } as never),
    }));
  }

  /** Takes those that are stored. */
  take(stored: readonly (readonly [key: string, letter: DeadRow])[]): void {
    for (const [key, letter] of [...stored].sort(([, a], [, b]) => a.made - b.made))
      this.#all.set(key.slice(this.#rows.dead.length), letter);
  }

  /** Takes one that another client of the user has stored. There may be too many then: see `trim`. */
  adopt(id: string, letter: DeadRow): void {
    this.#all.set(id, letter);
  }

  /** Makes and stores the letter of an entry; likewise. */
  add(row: string, entry: EntryRow, { code, message }: TuttiError): [id: string, letter: DeadRow] {
    const { topic, name, entryKey, doc, data, made } = entry;
    const letter: DeadRow = {
      topic,
      ...(name !== undefined && { name }),
      ...(entryKey !== undefined && { entryKey }),
      ...(doc !== undefined && { doc }),
      data,
      made,
      error: { code, message },
    };
    const id = row.slice(this.#rows.all.length);
    this.#all.set(id, letter);
    this.#saver.put(this.#rows.letter(id), letter);
    return [id, letter];
  }

  /** Gives up the oldest of too many. */
  trim(): void {
    for (const [oldest] of this.#all) {
      if (this.#all.size <= most) break;
      this.discard(oldest);
      this.#report(new TuttiError('queue_full', 'There are too many dead letters: the oldest is given up.'));
    }
  }

  /** Takes one away, and reports whether it was there. */
  discard(id: string): boolean {
    if (!this.#all.delete(id)) return false;
    this.#saver.put(this.#rows.letter(id), undefined);
    return true;
  }

  /** The storage has lost all rows. */
  lost(): void {
    for (const [id, letter] of this.#all) this.#saver.put(this.#rows.letter(id), letter);
  }

  /** They were erased. */
  clear(): void {
    this.#all.clear();
  }
}
