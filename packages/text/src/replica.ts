import { checkAgent } from './change.ts';
import type { LV, Span } from './graph.ts';
import { check, type Op, spliced } from './op.ts';
import { clamp, within } from './places.ts';
import { runesOf } from './runes.ts';
import { State } from './state.ts';
import { Steps } from './undo.ts';
import { decode, encode } from './update.ts';
import { lacks, type Version, versionOf } from './version.ts';

/** What a replica consists of, for the other entry points of this package. */
export let inside: (replica: Replica) => State;

/** A text as one agent has it, with its history. Positions count Unicode code points. */
export class Replica {
  /** Whose edits its are. */
  readonly agent: string;
  readonly #state = new State();
  readonly #steps = new Steps();

  static {
    inside = (replica) => replica.#state;
  }

  /**
   * An empty text of an agent, whose name nobody else may have: two that write
   * under one name cannot be merged.
   *
   * @throws TextError unless the name has 1 to 255 bytes of UTF-8.
   */
  constructor(agent: string) {
    checkAgent(agent);
    this.agent = agent;
  }

  /** How many code points the text has. */
  get length(): number {
    return this.#state.text.runes;
  }

  /** The text. */
  toString(): string {
    return this.#state.text.toString();
  }

  /** The text from one position to another, as far as it is there. */
  slice(from: number, to = this.length): string {
    const start = clamp(from, 0, this.length);
    return this.#state.text.slice(start, clamp(to, start, this.length));
  }

  /** How many UTF-16 code units, as JavaScript and editors count, are before a position. */
  toUnits(position: number): number {
    within(position, this.length);
    return this.#state.text.toUnits(position);
  }

  /** The position of a UTF-16 code unit: of the second of a pair, that of the first. */
  toPosition(units: number): number {
    within(units, this.#state.text.units);
    return this.#state.text.toRunes(units);
  }

  /** Puts text behind so many code points. */
  insert(at: number, text: string): void {
    this.replace(at, 0, text);
  }

  /** Deletes n code points behind so many. */
  delete(at: number, n: number): void {
    this.replace(at, n, '');
  }

  /**
   * Deletes n code points behind so many, and puts text there. It is a step that
   * can be undone.
   *
   * @throws TextError if they are not in the text; then nothing has changed.
   */
  replace(at: number, n: number, text: string): void {
    const runes = runesOf(text);
    spliced(this.length, at, n, runes);
    if (n + runes === 0) return;
    const start = this.#begin(n + runes);
    this.#splice(at, n, text, runes);
    this.#finish(start);
    this.#steps.remember(start, start + n + runes);
  }

  /**
   * Applies an operation, or nothing of it if there is an error. It is a step that
   * can be undone.
   */
  edit(op: Op): void {
    const span = this.#edit(op);
    if (span !== undefined) this.#steps.remember(span.start, span.end);
  }

  /** What of each agent's events is known. */
  version(): Version {
    return versionOf(this.#state.history);
  }

  /** An update for a replica that has a version: all events that it lacks. It is empty if there are none. */
  since(version: Version): Uint8Array {
    const spans = lacks(this.#state.history, version);
    return spans.length === 0 ? new Uint8Array() : encode(this.#state.history, spans);
  }

  /**
   * Takes in an update of another replica, in any order and as often as it comes.
   * It returns what becomes of the text. What follows events that have not come
   * yet is held until they come.
   *
   * @throws TextError `bad_update` if it is damaged, `limit_exceeded` if too much
   * would be held or the text would be too long, `agent_reused` if another writes
   * under this replica's name. Then nothing has changed.
   */
  merge(update: Uint8Array): Op {
    return update.length === 0 ? [] : this.#state.take(this.agent, decode(update));
  }

  /** Whether there is an own edit that is not undone. */
  get canUndo(): boolean {
    return this.#steps.undos.length > 0;
  }

  /** Whether there is an undone edit that can be made again. */
  get canRedo(): boolean {
    return this.#steps.redos.length > 0;
  }

  /**
   * Takes back the latest own edit that is not undone, and nobody else's work: of
   * what it inserted, what is still there; of what it deleted, what no other has
   * deleted too, each where it was. It is an edit like any other. Returns what it
   * did; nothing if there was nothing to undo.
   */
  undo(): Op {
    return this.#revert(this.#steps.undos, this.#steps.redos);
  }

  /** Takes back the latest undo. */
  redo(): Op {
    return this.#revert(this.#steps.redos, this.#steps.undos);
  }

  #edit(op: Op): Span | undefined {
    const { events } = check(op, this.length);
    if (events === 0) return undefined;
    const start = this.#begin(events);
    for (const [at, n, text] of op) this.#splice(at, n, text, runesOf(text));
    return { start, end: this.#finish(start) };
  }

  /** Begins an edit of so many events. */
  #begin(events: number): LV {
    const { end, graph } = this.#state.history;
    this.#state.history.room(events);
    graph.add(end, this.#state.version);
    return end;
  }

  #splice(at: number, n: number, text: string, runes: number): void {
    const rope = this.#state.text;
    if (n > 0) {
      this.#state.history.remove(at, n, rope.runes);
      rope.remove(at, n);
    }
    if (runes > 0) {
      this.#state.history.insert(at, text, runes, rope.runes);
      rope.insert(at, text, runes);
    }
  }

  #finish(start: LV): LV {
    const { end } = this.#state.history;
    this.#state.history.sign(this.agent, start);
    this.#state.version = [end - 1];
    this.#state.near.drop(end);
    return end;
  }

  #revert(from: Span[], to: Span[]): Op {
    for (let step = from.pop(); step !== undefined; step = from.pop()) {
      const { op, copied } = this.#steps.inverse(this.#state.history, this.#state.replay().tracker, step);
      const span = this.#edit(op);
      if (span === undefined) continue;
      this.#steps.note(this.#state.history, span.start, copied);
      to.push(span);
      return op;
    }
    return [];
  }
}
