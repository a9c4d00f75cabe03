import { TextError } from './error.ts';
import { equal, type Heads, type LV } from './graph.ts';
import { History, Kind, maxLength } from './history.ts';
import { Changes, check, type Op, record } from './op.ts';

/**
 * An operation in a sequencer's log. Its past, what its author had seen, is the
 * log up to `base`, the entries of its client before it, and those named by
 * `after`.
 */
export interface Entry {
  /** One more than the last entry's. */
  offset: number;
  /** Empty: none. */
  client: string;
  base: number;
  /** Offsets above `base`. */
  after?: readonly number[];
  op: Op;
  /** What it does to the text of the log, as the sequencer tells it; `locate` is quicker with it. */
  eff?: Op;
}

/** An entry as a snapshot has it, whose offset is told by its place. */
export interface Logged {
  /** None if it is left out. */
  client?: string;
  base: number;
  after?: readonly number[];
  op: Op;
}

// A bar is where a log has so much behind the last one: at the first entry whose
// author had seen all, or, beyond the most, at any.
const barEntries = 512;
const barEvents = 1 << 16;
const mostBarEntries = 4096;
const mostBarEvents = 1 << 20;

/** An entry's place in the history. */
interface Placed {
  /** Its events: none if it has no effect. */
  start: LV;
  end: LV;
  client: string;
  base: number;
  after: readonly number[];
  /** That of the log with it. */
  version: Heads;
}

/** The history of a log from its bar on. It may have events that the log has not, or not yet. */
export class Sequence {
  readonly history = new History();
  /** The offset behind which it begins. */
  readonly bar: number;
  /** How many code points the text had there. */
  readonly length: number;
  readonly #entries: Placed[] = [];
  /** Of each client, its newest event since the bar. */
  readonly #last = new Map<string, LV>();
  /** Since the bar, of entries. */
  #events = 0;

  constructor(bar: number, length: number) {
    this.bar = bar;
    this.length = length;
  }

  /**
   * The sequence of a log behind a bar, in which null has no effect. Whether its
   * operations fit the text is not checked.
   *
   * @throws TextError if there is an entry that is none.
   */
  static of(bar: number, length: number, log: readonly (Logged | null)[]): Sequence {
    const sequence = new Sequence(bar, length);
    for (const logged of log) {
      if (typeof logged !== 'object') throw new TextError('bad_update', 'An entry is an object, or null.');
      const { events } = check(logged?.op ?? [], maxLength / 2);
      if (logged === null || events === 0) {
        sequence.skip();
        continue;
      }
      const entry = { client: '', ...logged, offset: sequence.offset + 1 };
      sequence.add(entry, sequence.past(entry), events);
    }
    return sequence;
  }

  /** That of the newest entry. */
  get offset(): number {
    return this.bar + this.#entries.length;
  }

  /** That of the newest entry: events of the history. */
  get version(): Heads {
    return this.#entries.at(-1)?.version ?? [];
  }

  /** How many entries it has. */
  get entries(): number {
    return this.#entries.length;
  }

  /** Where each entry's events end in the history. */
  get ends(): LV[] {
    return this.#entries.map(({ end }) => end);
  }

  /** The version after the entry of an offset, from the bar on. */
  versionAt(offset: number): Heads {
    return this.#entries[offset - this.bar - 1]?.version ?? [];
  }

  /** The newest event of a client's entries. */
  last(client: string): LV | undefined {
    return client === '' ? undefined : this.#last.get(client);
  }

  /**
   * The events that the next entry follows.
   *
   * @throws TextError `rebase_required` if its author had not seen the log up to
   * the bar, `bad_operation` if it cannot have seen what it says.
   */
  past({ offset, client, base, after = [] }: Entry): Heads {
    if (base < this.bar) {
      const message = `Its author has seen the log up to ${base}; it must be ${this.bar}.`;
      throw new TextError('rebase_required', message);
    }
    if (!Number.isInteger(base) || base >= offset || typeof client !== 'string' || !Array.isArray(after)) {
      throw new TextError(
        'bad_operation',
        'An entry has a client, and has seen those before it, not itself.',
      );
    }
    if (base === this.offset && after.length === 0) return this.version;
    const events = [...this.versionAt(base)];
    const last = this.last(client);
    if (last !== undefined) events.push(last);
    for (const seen of after) {
      const other = this.#entries[seen - this.bar - 1];
      if (other === undefined)
        throw new TextError('bad_operation', 'After names entries between the bar and this one.');
      if (other.start < other.end) events.push(other.end - 1);
    }
    return this.history.graph.dominators(events);
  }

  /** All events before it are of the entries up to a base, if events of no entry begin at others. */
  floor(base: number, others = this.history.end): LV {
    return Math.min(others, ...this.#entries.slice(base - this.bar).map(({ start }) => start));
  }

  /** Passes over an entry that has no effect. */
  skip(): void {
    const { end } = this.history;
    this.#entries.push({ start: end, end, client: '', base: this.bar, after: [], version: this.version });
  }

  /** Puts an entry's events, so many, at least one, into the history, where its base has a floor. */
  add(entry: Entry, parents: Heads, events: number, floor = this.floor(entry.base)): void {
    const { history } = this;
    const start = history.end;
    history.room(events);
    history.graph.add(start, parents, floor);
    record(history, entry.op);
    history.sign(entry.client, start);
    this.enter(entry, start, history.end);
  }

  /** Says which events of the history the next entry is. */
  enter({ client, base, after = [] }: Entry, start: LV, end: LV): void {
    const { graph } = this.history;
    const before = this.version;
    const version = equal(graph.parents(start), before) ? [end - 1] : graph.advance(before, start, end);
    this.#entries.push({ start, end, client, base, after, version });
    this.#events += end - start;
    this.#last.set(client, end - 1);
  }

  /** Whether the newest entry is a bar (TEXT-8). */
  get due(): boolean {
    const { length } = this.#entries;
    if (length >= mostBarEntries || this.#events >= mostBarEvents) return true;
    if (length < barEntries && this.#events < barEvents) return false;
    const { start, end, version } = this.#entries.at(-1) as Placed;
    return start < end && version.length === 1;
  }

  /** The log. */
  log(): (Logged | null)[] {
    return this.#entries.map(({ start, end, client, base, after }) => {
      if (start === end) return null;
      const logged: Logged = { base, op: opOf(this.history, start, end) };
      if (client !== '') logged.client = client;
      if (after.length > 0) logged.after = after;
      return logged;
    });
  }

  /** The sequence of the log alone. */
  again(): Sequence {
    return Sequence.of(this.bar, this.length, this.log());
  }
}

/** The operation that some events are. */
function opOf(history: History, start: LV, end: LV): Op {
  const changes = new Changes();
  history.each(start, end, (run, v, n) => {
    const at = history.position(run, v, n);
    if (history.kind(run) === Kind.inserted) changes.add(at, 0, history.text(run, v, n));
    else changes.add(at, n, '');
  });
  return changes.op;
}
