import { Count } from './branches.ts';
import { TextError } from './error.ts';
import { equal, type Heads, type LV } from './graph.ts';
import { History, maxEvents } from './history.ts';
import { Changes, check, type Op, put, record } from './op.ts';
import { Rope } from './rope.ts';
import { Walker } from './walker.ts';

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
}

/**
 * A text made of a sequencer's log, entry by entry. It holds the history since its
 * bar alone: an entry that had not seen all up to there cannot be folded.
 */
export class Fold {
  readonly #text: Rope;
  #history = new History();
  #version: Heads = [];

  #bar: number;
  #barLength: number;
  /** The version after each entry since the bar. */
  #versions: Heads[] = [];
  /** The newest event of each of these, or -1. */
  #own: LV[] = [];
  /** The newest event of each client since the bar. */
  readonly #last = new Map<string, LV>();
  /** While events are concurrent. */
  #walker: Walker | undefined;

  /** The fold of a log up to an offset, which made this text. */
  constructor(text = '', offset = 0) {
    this.#text = new Rope(text);
    this.#bar = offset;
    this.#barLength = this.length;
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
    return this.#bar + this.#versions.length;
  }

  /** The offset up to which every entry's author must have seen the log. */
  get bar(): number {
    return this.#bar;
  }

  /** How many events are held since the bar. */
  get held(): number {
    return this.#history.end;
  }

  /** Makes the newest entry the bar, and drops what was held for those before it. */
  setBar(): void {
    this.#bar = this.offset;
    this.#barLength = this.length;
    this.#history = new History();
    this.#version = [];
    this.#versions = [];
    this.#own = [];
    this.#last.clear();
    this.#walker = undefined;
  }

  /**
   * Applies an entry, and returns what it does to the text as it is: its own
   * operation, if its author had seen all.
   *
   * @throws TextError `rebase_required` if its author had not seen the log up to
   * the bar, `bad_operation` if it does not fit the text that its author saw. Then
   * the entry has no effect.
   */
  fold(entry: Entry): Op {
    if (entry.offset !== this.offset + 1) {
      throw new TextError('bad_operation', `The next entry is ${this.offset + 1}, not ${entry.offset}.`);
    }
    const parents = this.#past(entry);
    return equal(parents, this.#version) ? this.#append(entry) : this.#merge(entry, parents);
  }

  /** Passes over an entry that has no effect. */
  skip(): void {
    this.#versions.push(this.#version);
    this.#own.push(-1);
  }

  /** The events that an entry follows. */
  #past({ offset, client, base, after = [] }: Entry): Heads {
    if (base < this.#bar) {
      const message = `Its author has seen the log up to ${base}; it must be ${this.#bar}.`;
      throw new TextError('rebase_required', message);
    }
    if (!Number.isInteger(base) || base >= offset) {
      throw new TextError('bad_operation', 'An entry has seen those before it, and not itself.');
    }
    const events = [...(this.#versions[base - this.#bar - 1] ?? [])];
    const last = client === '' ? undefined : this.#last.get(client);
    if (last !== undefined) events.push(last);
    for (const seen of after) {
      const own = this.#own[seen - this.#bar - 1];
      if (own === undefined)
        throw new TextError('bad_operation', 'After names entries between the bar and this one.');
      if (own >= 0) events.push(own);
    }
    return this.#history.graph.dominators(events);
  }

  /** Folds an entry whose author had seen all. */
  #append({ client, op }: Entry): Op {
    this.#add(client, op, this.#version, check(op, this.length).events);
    for (const splice of op) put(this.#text, splice);
    return op;
  }

  /** Folds an entry whose author had not seen all. */
  #merge({ client, op }: Entry, parents: Heads): Op {
    const history = this.#history;
    this.#walker ??= new Walker(history, -1, this.#barLength);
    const walker = this.#walker;
    walker.reach(history.end);
    walker.visit(parents);
    this.#add(client, op, parents, check(op, walker.tracker.length(Count.prepared)).events);
    const changes = new Changes();
    walker.reach(history.end, changes.add);
    for (const splice of changes.op) put(this.#text, splice);
    return changes.op;
  }

  /** Puts so many events of an entry into the history. */
  #add(client: string, op: Op, parents: Heads, events: number): void {
    const history = this.#history;
    const { end: start, agents, graph } = history;
    if (events === 0) {
      this.skip();
      return;
    }
    if (events > maxEvents - start) {
      throw new TextError('limit_exceeded', `A history has at most ${maxEvents} events.`);
    }
    graph.add(start, parents);
    record(history, op);
    const agent = agents.named(client);
    agents.add(agent, agents.next(agent), events);
    this.#last.set(client, history.end - 1);
    this.#version = graph.advance(this.#version, start, history.end);
    this.#versions.push(this.#version);
    this.#own.push(history.end - 1);
  }
}
