import { Agents } from './agents.ts';
import { Column } from './column.ts';
import { Content } from './content.ts';
import { TextError } from './error.ts';
import { Graph, type LV } from './graph.ts';
import * as Kind from './kind.ts';

export * as Kind from './kind.ts';

/** How many code points a text may have. */
export const maxLength = 1 << 29;

/** How many events a history has at most: they share their numbers with what was there before. */
export const maxEvents = 2 ** 30 - 1;

/** What is thrown for a text that has more. */
export function tooLong(): TextError {
  return new TextError('limit_exceeded', `A text has at most ${maxLength} code points.`);
}

/** Where a history stands, to come back to. */
export interface Mark {
  end: LV;
  graph: number;
  runs: number;
  units: number;
  names: number;
}

/**
 * Every event of a text: what it did, what it follows, and whose it is, each in
 * columns of runs.
 *
 * A run of operations is code points inserted one behind the other, or deleted
 * one after the other. It has the position of the first inserted, or of the
 * lowest deleted, at the version of its first event, and the length that the
 * text has there, which is known once it was walked.
 */
export class History {
  readonly graph = new Graph();
  readonly agents = new Agents();
  /** The number of events. */
  end: LV = 0;

  readonly #starts = new Column();
  readonly #positions = new Column();
  readonly #kinds = new Column();
  readonly #lengths = new Column();
  /** What its runs inserted. */
  content = new Content();

  /** How many runs of operations there are. */
  get length(): number {
    return this.#starts.length;
  }

  /** The index of the run of an event. */
  runOf(v: LV): number {
    return this.#starts.last(v);
  }

  /** The first event of a run. */
  runStart(run: number): LV {
    return this.#starts.values[run] as number;
  }

  /** Where a run ends. */
  runEnd(run: number): LV {
    return run + 1 < this.#starts.length ? (this.#starts.values[run + 1] as number) : this.end;
  }

  /** Calls fn with the parts of runs that the events from start to end are: the run, the first event, and how many. */
  each(start: LV, end: LV, fn: (run: number, v: LV, n: number) => void): void {
    for (let run = start < end ? this.runOf(start) : 0, v = start; v < end; run++) {
      const n = Math.min(this.runEnd(run), end) - v;
      fn(run, v, n);
      v += n;
    }
  }

  /** What a run did. */
  kind(run: number): number {
    return this.#kinds.values[run] as number;
  }

  /** The position of n events of a run, from v on: of erased ones the lowest. */
  position(run: number, v: LV, n: number): number {
    const at = this.#positions.values[run] as number;
    const kind = this.kind(run);
    if (kind === Kind.inserted) return at + v - this.runStart(run);
    return kind === Kind.erased ? at + this.runEnd(run) - v - n : at;
  }

  /** What n events of a run inserted, from v on. */
  text(run: number, v: LV, n: number): string {
    return this.content.text(run, v - this.runStart(run), n, this.runEnd(run) - this.runStart(run));
  }

  /** What n events inserted, from v on, which may be of several runs. */
  written(v: LV, n: number): string {
    let text = '';
    this.each(v, v + n, (run, from, part) => {
      text += this.text(run, from, part);
    });
    return text;
  }

  /** How many UTF-16 code units were ever inserted. */
  get units(): number {
    return this.content.length;
  }

  /**
   * Adds events that inserted text, of n code points, to a text of so many, if
   * that is known. The graph must have them already.
   */
  insert(at: number, text: string, n: number, length = -1): void {
    this.#bound(at, n);
    const last = this.#starts.length - 1;
    if (
      last < 0 ||
      this.kind(last) !== Kind.inserted ||
      (this.#positions.values[last] as number) + this.end - this.runStart(last) !== at ||
      !this.#follows(last)
    ) {
      this.#add(at, Kind.inserted, length);
    }
    this.content.append(text);
    this.end += n;
  }

  /** Adds events that deleted n code points, of a text of so many. The graph must have them already. */
  remove(at: number, n: number, length = -1): void {
    this.#bound(at, n);
    const last = this.#starts.length - 1;
    const before = this.#positions.values[last] as number;
    const kind = last >= 0 && this.#follows(last) ? this.kind(last) : -1;
    const single = kind === Kind.deleted && this.end - this.runStart(last) === 1;
    if (n === 1 && before - 1 === at && (kind === Kind.erased || single)) {
      this.#kinds.values[last] = Kind.erased;
      this.#positions.values[last] = at;
    } else if (kind !== Kind.deleted || before !== at) {
      this.#add(at, Kind.deleted, length);
    }
    this.end += n;
  }

  /** Adds events that deleted n code points backwards, the lowest of them at a position, of a text of so many. */
  erase(at: number, n: number, length = -1): void {
    for (
      let rest = n;
      rest > 0;
      rest-- // the first tells the length: the others are of its run
    )
      this.remove(at + rest - 1, 1, length);
  }

  /** Says that the events from start on are an agent's next ones. */
  sign(agent: string, start: LV): void {
    const number = this.agents.named(agent);
    this.agents.add(number, this.agents.next(number), this.end - start);
  }

  /** Adds a run of n events whose text, if they inserted some, is yet to be filled in. The graph must have them already. */
  addRun(kind: number, at: number, n: number): void {
    this.#bound(at, n);
    this.#add(at, kind, -1);
    this.end += n;
  }

  /** How many code points the text has to which an event of a run, which was walked, is applied. */
  lengthBefore(run: number, v: LV): number {
    const n = v - this.runStart(run);
    return (this.#lengths.values[run] as number) + (this.kind(run) === Kind.inserted ? n : -n);
  }

  /** How many code points the text has at an event's version, which was walked. */
  textLength(v: LV): number {
    return v < 0 ? 0 : this.lengthBefore(this.#starts.last(v), v + 1);
  }

  /**
   * Notes how long the text is to which n events of a run, from v on, are
   * applied.
   *
   * @throws TextError if they do not fit it.
   */
  fit(run: number, v: LV, n: number, length: number): void {
    if (this.runStart(run) === v) this.#lengths.values[run] = length;
    const at = this.position(run, v, n);
    if (this.kind(run) !== Kind.inserted) {
      if (at + n > length) throw new TextError('bad_update', 'More is deleted than there is.');
    } else if (at > length) {
      throw new TextError('bad_update', 'Text is put behind the end.');
    } else if (length + n > maxLength) {
      throw tooLong();
    }
  }

  /** @throws TextError `limit_exceeded` if it has no room for so many events more. */
  room(events: number): void {
    if (events > maxEvents - this.end) {
      throw new TextError('limit_exceeded', `A history has at most ${maxEvents} events.`);
    }
  }

  /** Where it stands. */
  mark(): Mark {
    return {
      end: this.end,
      graph: this.graph.length,
      runs: this.length,
      units: this.units,
      names: this.agents.names.length,
    };
  }

  /** Takes back what was added since. */
  rewind({ end, graph, runs, units, names }: Mark): void {
    const last = runs - 1;
    if (last >= 0) {
      const start = this.runStart(last);
      this.#positions.values[last] = this.position(last, start, end - start);
      if (end - start === 1 && this.kind(last) === Kind.erased) this.#kinds.values[last] = Kind.deleted;
    }
    this.end = end;
    this.graph.truncate(graph);
    this.agents.truncate(end, names);
    this.content.truncate(runs, units);
    for (const column of [this.#starts, this.#positions, this.#kinds, this.#lengths]) column.length = runs;
  }

  #add(at: number, kind: number, length: number): void {
    this.#starts.push(this.end);
    this.#positions.push(at);
    this.#kinds.push(kind);
    this.#lengths.push(length);
    this.content.begin();
  }

  /** Whether the next event follows a run of operations without a branch. */
  #follows(run: number): boolean {
    return this.graph.start(this.graph.length - 1) <= this.runStart(run);
  }

  #bound(at: number, n: number): void {
    this.room(n);
    if (at > maxLength) throw tooLong();
  }
}
