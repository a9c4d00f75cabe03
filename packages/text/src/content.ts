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
    const start = this.#starts.get(run);
    const end = run + 1 < this.#starts.length ? this.#starts.get(run + 1) : this.#length;
    if (end - start === all) return this.#slice(start + behind, start + behind + n);
    // The last code points of a long run are asked for most often: they are counted from the end.
    const from = behind <= all - behind ? this.#forward(start, behind) : this.#backward(end, all - behind);
    const rest = all - behind - n;
    const to = n <= rest ? this.#forward(from, n) : this.#backward(end, rest);
    return this.#slice(from, to);
  }

  /** Takes back all runs but the first n, and all code units but the first so many. */
  truncate(n: number, length: number): void {
    this.#starts.length = n;
    this.#length = length;
  }

  #forward(from: number, runes: number): number {
    let i = from;
    for (let rest = runes; rest > 0; rest--) i += isHigh(this.#units[i] as number) ? 2 : 1;
    return i;
  }

  #backward(from: number, runes: number): number {
    let i = from;
    for (let rest = runes; rest > 0; rest--) i -= isLow(this.#units[i - 1] as number) ? 2 : 1;
    return i;
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
