import { Column } from './column.ts';
import { isHigh, isLow } from './runes.ts';

/** Code units that are made a string at once. */
const most = 4096;

/**
 * What was ever inserted, in runs, in UTF-16. It is no string, nor strings: one
 * that is typed on and read in turns would be copied whole at each reading.
 */
export class Content {
  readonly #starts = new Column();
  #units = new Uint16Array(64);
  #length = 0;

  // A place that was asked for, in a run with surrogate pairs: how many code
  // points of the run are before it, and its code unit. What is asked for next is
  // most likely there too.
  #run = -1;
  #runes = 0;
  #unit = 0;

  /** How many UTF-16 code units there are, of all runs. */
  get length(): number {
    return this.#length;
  }

  /** Begins the next run. */
  begin(): void {
    this.#starts.push(this.#length);
  }

  /** Adds text to the last run. */
  append(text: string): void {
    const length = this.#length + text.length;
    if (length > this.#units.length) {
      const larger = new Uint16Array(Math.max(length, this.#units.length * 2));
      larger.set(this.#units);
      this.#units = larger;
    }
    for (let i = 0, to = this.#length; i < text.length; i++) this.#units[to++] = text.charCodeAt(i);
    this.#length = length;
  }

  /** N code points of a run that has so many in all, behind some. */
  text(run: number, behind: number, n: number, all: number): string {
    const start = this.#starts.values[run] as number;
    const end = run + 1 < this.#starts.length ? (this.#starts.values[run + 1] as number) : this.#length;
    if (end - start === all) return this.#slice(start + behind, start + behind + n);
    if (run !== this.#run) this.#place(run, 0, start);
    const from = this.#seek(behind, start, all, end);
    return this.#slice(from, this.#seek(behind + n, start, all, end));
  }

  /** Takes back all runs but the first n, and all code units but the first so many. */
  truncate(n: number, length: number): void {
    this.#starts.length = n;
    this.#length = length;
    this.#run = -1;
  }

  /**
   * Goes to the code unit behind so many code points of the run: from its start,
   * its end, or the place that was asked for last, whichever is the nearest.
   */
  #seek(runes: number, start: number, all: number, end: number): number {
    const far = Math.abs(runes - this.#runes);
    if (runes < far) this.#place(this.#run, 0, start);
    else if (all - runes < far) this.#place(this.#run, all, end);
    let unit = this.#unit;
    for (let rest = runes - this.#runes; rest > 0; rest--)
      unit += isHigh(this.#units[unit] as number) ? 2 : 1;
    for (let rest = this.#runes - runes; rest > 0; rest--)
      unit -= isLow(this.#units[unit - 1] as number) ? 2 : 1;
    this.#place(this.#run, runes, unit);
    return unit;
  }

  #place(run: number, runes: number, unit: number): void {
    this.#run = run;
    this.#runes = runes;
    this.#unit = unit;
  }

  #slice(from: number, to: number): string {
    if (to - from === 1) return String.fromCharCode(this.#units[from] as number);
    let text = '';
    for (let i = from; i < to; i += most) {
      const units = this.#units.subarray(i, Math.min(to, i + most));
      text += Reflect.apply(String.fromCharCode, undefined, units);
    }
    return text;
  }
}
