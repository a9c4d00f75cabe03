import { admit } from './admit.ts';
import { type Anchor, anchorAt, placeOf } from './anchor.ts';
import { type Arrived, arrived, type Change, checkAgent, weight } from './change.ts';
import { TextError } from './error.ts';
import type { Heads, LV, Span } from './graph.ts';
import { History } from './history.ts';
import { Changes, check, type Op, put, type Side, spliced } from './op.ts';
import { type Authorship, blame, diff, only, textAt } from './past.ts';
import { clamp, within } from './places.ts';
import { Rope } from './rope.ts';
import { runesOf } from './runes.ts';
import { load, type Opened, open, save } from './save.ts';
import { Steps } from './undo.ts';
import { decode, encode } from './update.ts';
import { headsOf, lacks, type Version, versionOf } from './version.ts';
import { Nearby, walk } from './walk.ts';
import { Walker } from './walker.ts';

/** About how many bytes of updates are held whose causes are missing. */
const maxHeld = 1 << 20;

/** A text as one agent has it, with its history. Positions count Unicode code points. */
export class Replica {
  /** Whose edits its are. */
  readonly agent: string;
  #events = new History();
  #text = new Rope();
  #version: Heads = [];
  /** What came whose causes have not come yet. */
  #held: Arrived[] = [];
  #near = new Nearby();
  /** Applies all events, once someone asks for what the text alone does not tell. */
  #whole: Walker | undefined;
  readonly #steps = new Steps();
  /** What it was opened from, until its history is needed. */
  #unread: { saved: Uint8Array; opened: Opened } | undefined;

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

  /**
   * The text of an agent that goes on from what was saved, whose bytes it keeps.
   * The text is there at once; its history is read when it is needed first, and
   * what needs it throws `bad_update` if it is damaged. The agent may be the one
   * that saved, if that goes on nowhere else.
   *
   * @throws TextError `bad_update` if what was saved is damaged.
   */
  static open(agent: string, saved: Uint8Array): Replica {
    const replica = new Replica(agent);
    const bytes = saved.slice();
    const opened = open(bytes);
    replica.#text = new Rope(opened.text);
    replica.#unread = { saved: bytes, opened };
    return replica;
  }

  /** The text with its history, for `open`. */
  save(): Uint8Array {
    return this.#unread?.saved.slice() ?? save(this.toString(), this.#history, this.#replay());
  }

  /** How many code points the text has. */
  get length(): number {
    return this.#text.runes;
  }

  /** The text. */
  toString(): string {
    return this.#text.toString();
  }

  /** The text from one position to another, as far as it is there. */
  slice(from: number, to = this.length): string {
    const start = clamp(from, 0, this.length);
    return this.#text.slice(start, clamp(to, start, this.length));
  }

  /** How many UTF-16 code units, as JavaScript and editors count, are before a position. */
  toUnits(position: number): number {
    within(position, this.length);
    return this.#text.toUnits(position);
  }

  /** The position of a UTF-16 code unit: of the second of a pair, that of the first. */
  toPosition(units: number): number {
    within(units, this.#text.units);
    return this.#text.toRunes(units);
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
    return versionOf(this.#history);
  }

  /** An update for a replica that has a version: all events that it lacks. It is empty if there are none. */
  since(version: Version): Uint8Array {
    const spans = lacks(this.#history, version);
    return spans.length === 0 ? new Uint8Array() : encode(this.#history, spans);
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
    return update.length === 0 ? [] : this.#take(decode(update));
  }

  /** Takes in changes as `merge` does an update: those of a history that something else has kept. */
  mergeChanges(changes: readonly Change[]): Op {
    return this.#take(changes.map(arrived));
  }

  /**
   * The text as it was at a version.
   *
   * @throws TextError `bad_operation` if the replica lacks some of it.
   */
  at(version: Version): string {
    return textAt(this.#history, headsOf(this.#history, version));
  }

  /** The operation that makes the text of one version into that of another. */
  diff(from: Version, to: Version): Op {
    const history = this.#history;
    return diff(history, this.#replay(), headsOf(history, from), headsOf(history, to));
  }

  /** Who wrote the text, from its beginning to its end. When that was is for the log to say that the events came by. */
  blame(): Authorship[] {
    return blame(this.#history, this.#replay());
  }

  /** An anchor for a position: `left` stays behind the code point in front of it, `right` in front of the one behind it. */
  anchor(position: number, side: Side): Anchor {
    within(position, this.length);
    if (side === 'left') return position === 0 ? {} : anchorAt(this.#history, this.#replay(), position, side);
    if (position === this.length) return { before: true };
    return anchorAt(this.#history, this.#replay(), position, side);
  }

  /**
   * Where an anchor is now.
   *
   * @throws TextError `bad_operation` if its code point is not known here.
   */
  position(anchor: Anchor): number {
    if (!anchor.agent) return anchor.before ? this.length : 0;
    return placeOf(this.#history, this.#replay(), anchor.agent, anchor);
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

  /** A copy for another agent, with nothing to undo. */
  clone(agent: string): Replica {
    const copy = new Replica(agent);
    copy.#events = only(this.#history, [{ start: 0, end: this.#history.end }]);
    copy.#text = new Rope(this.toString());
    copy.#version = this.#version;
    copy.#held = [...this.#held];
    return copy;
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
    const { end, graph } = this.#history;
    this.#history.room(events);
    graph.add(end, this.#version);
    return end;
  }

  #splice(at: number, n: number, text: string, runes: number): void {
    const rope = this.#text;
    if (n > 0) {
      this.#history.remove(at, n, rope.runes);
      rope.remove(at, n);
    }
    if (runes > 0) {
      this.#history.insert(at, text, runes, rope.runes);
      rope.insert(at, text, runes);
    }
  }

  #finish(start: LV): LV {
    const { end } = this.#history;
    this.#history.sign(this.agent, start);
    this.#version = [end - 1];
    this.#near.drop(end);
    return end;
  }

  #take(changes: readonly Arrived[]): Op {
    const history = this.#history;
    const before = history.mark();
    const told = new Changes();
    try {
      const held = admit(history, this.agent, [...this.#held, ...changes]);
      if (held.reduce((sum, change) => sum + weight(change), 0) > maxHeld) {
        throw new TextError('limit_exceeded', 'Too much is held whose causes have not come.');
      }
      this.#version = walk(history, this.#version, before.end, this.length, this.#near, told.add);
      this.#held = held;
    } catch (error) {
      history.rewind(before);
      this.#near.drop();
      throw error;
    }
    for (const splice of told.op) put(this.#text, splice);
    return told.op;
  }

  /** The history, which is read if it was not yet. */
  get #history(): History {
    if (this.#unread !== undefined) {
      const { history, version, walker } = load(this.#unread.opened);
      this.#unread = undefined;
      this.#events = history;
      this.#version = version;
      this.#whole = walker;
    }
    return this.#events;
  }

  /** The walker that has applied all events, at the replica's version. */
  #replay(): Walker {
    const history = this.#history;
    this.#whole ??= new Walker(history, -1);
    this.#whole.reach(history.end);
    this.#whole.visit(this.#version);
    return this.#whole;
  }

  #revert(from: Span[], to: Span[]): Op {
    for (let step = from.pop(); step !== undefined; step = from.pop()) {
      const { op, copied } = this.#steps.inverse(this.#history, this.#replay().tracker, step);
      const span = this.#edit(op);
      if (span === undefined) continue;
      this.#steps.note(this.#history, span.start, copied);
      to.push(span);
      return op;
    }
    return [];
  }
}
