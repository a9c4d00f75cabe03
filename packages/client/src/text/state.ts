import {
  type Entry,
  type Join,
  type Op,
  type Pending,
  resume,
  runesOf,
  type Side,
  type Step,
  TextError,
  TextSession,
  type Snapshot as Texts,
  transformPosition,
} from '@tutti/text/log';
import { Held, took } from '../doc/held.ts';
import type { Change, DocumentState, KeptDocument, KeptOperation, LogEntry, Resumed } from '../doc/state.ts';
import type { Anchor, TextChange } from '../doc/text.ts';
import type { Seen, SiblingOperation } from '../document.ts';
import { TuttiError } from '../index.ts';
import type { Snapshot } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';
import { Siblings, type Told } from './siblings.ts';
import { Typing } from './typing.ts';

/** What the document knows of a pending operation beside the session. */
interface Sent {
  /** The entry that it was sent as. */
  entry?: { client: string; seq: number };
  /** The answer, if it came before the entry. */
  place?: Acknowledgement;
  /** As it was said the last time. */
  words: Pending;
}

interface Moving {
  position: number;
  side: Side;
}

/**
 * The state of a text: a session of its log, and the entries that its operations were
 * sent as. Siblings' operations are in the session too, and own ones behind them wait.
 */
export class TextState implements DocumentState<TextChange> {
  readonly name = 'text';
  readonly positional = true;
  watching = false;
  session = new TextSession();
  readonly typing = new Typing();
  /** By key, in order. */
  readonly #pending = new Map<number, Sent>();
  readonly #byEntry = new Map<string, number>();
  readonly #held = new Held();
  readonly #siblings = new Siblings(this, this.#held);
  /** Those that wait, in order. */
  readonly #waiting = new Set<number>();
  readonly #anchors = new Set<Moving>();
  #begun = false;
  #text: string | undefined;

  /** The text that is shown. */
  get text(): string {
    const text = this.#text ?? this.session.text;
    this.#text = text;
    return text;
  }

  /** The keys of pending operations, in order. */
  get keys(): number[] {
    return [...this.#pending.keys()];
  }

  /** Makes an own edit, and returns the key of the operation that it is. It throws a TextError if it does not fit. */
  edit(op: Op, join: Join): { key: number; change: Change<TextChange> } {
    const key = this.session.local(op, join);
    this.#made(key);
    this.#shift(op);
    return { key, change: { ...none(), keys: [''], folded: [{ op, own: true }] } };
  }

  /** Takes back an own edit, or makes it again; returns the keys of the operations that do it. */
  revert(how: 'undo' | 'redo'): { keys: number[]; change: Change<TextChange> } {
    const { keys, op } = this.session[how]();
    for (const key of keys) this.#made(key);
    this.typing.stop();
    const source = { own: true, ...(how === 'undo' && { undone: true as const }) };
    return { keys, change: this.#change({ op, confirmed: 0, rebased: false }, source) };
  }

  /** Keeps a position as the text changes, until it is released. */
  anchor(position: number, side: Side): Anchor {
    const moving: Moving = { position, side };
    this.#anchors.add(moving);
    return {
      get position() {
        return moving.position;
      },
      release: () => void this.#anchors.delete(moving),
    };
  }

  baseOf(key: number): number {
    return this.#pending.get(key)?.words.base ?? 0;
  }

  dataOf(key: number): Op {
    return this.#pending.get(key)?.words.op ?? [];
  }

  waits(key: number): boolean {
    return key > this.#siblings.first;
  }

  /** Whether an own operation is pending. */
  has(key: number): boolean {
    return this.#pending.has(key);
  }

  seenOf(key: number): readonly Seen[] | undefined {
    const seen = this.session.seen(key);
    return seen.length ? this.#siblings.tell(seen) : undefined;
  }

  identify(client = ''): Change<TextChange> {
    if (client === this.session.client) return none();
    // What is pending can follow no entry of the former client but those that are folded.
    const lost = [...this.#pending].flatMap(([key, { place }]) => (place ? [key] : []));
    const { op } = this.session.reject(...lost);
    for (const key of lost) this.#leave(key);
    this.session.identify(client);
    const change = this.#change({ op, confirmed: 0, rebased: false }, { own: true, undone: true });
    return { ...change, lost, amended: this.#renew() };
  }

  sent(key: number, client: string | undefined, seq: number): void {
    const sent = this.#pending.get(key);
    if (!sent) return;
    this.#unsend(sent);
    sent.entry = { client: client ?? '', seq };
    this.#byEntry.set(name(sent.entry), key);
  }

  acknowledged(key: number, place: Acknowledgement): Change<TextChange> {
    const sent = this.#pending.get(key);
    if (sent) sent.place = place;
    this.session.acknowledge(key);
    return none();
  }

  outdated(key: number): Change<TextChange> {
    if (!this.waits(key)) return this.#change(this.session.rebase(key), { own: true });
    const { keys, ...step } = this.session.defer();
    this.#siblings.rename(keys);
    return this.#release(this.#change(step, { own: true }));
  }

  beside(operations: readonly SiblingOperation[], first: boolean): Change<TextChange> {
    const change = none();
    this.#siblings.hear(operations, first, this.#adding(change));
    return this.#release(change);
  }

  drop(...keys: number[]): Change<TextChange> {
    for (const key of keys) this.#leave(key);
    return this.#change(this.session.reject(...keys), { own: true, undone: true });
  }

  entries(entries: readonly LogEntry[]): Change<TextChange> {
    const all = none();
    for (const entry of entries) {
      if (entry.offset > this.session.offset) this.#receive(entry, all);
    }
    this.#siblings.show(this.#adding(all));
    const lost = [...this.#pending].filter(([, sent]) => took(sent, this.session.offset)).map(([key]) => key);
    add(all, this.drop(...lost));
    all.lost.push(...lost);
    return this.#release(all);
  }

  snapshot(s: Snapshot, recovered: boolean): Change<TextChange> {
    this.#held.begin(s);
    if (!recovered) this.#siblings.lost();
    if (this.session.client) this.#held.told(this.session.client);
    const held = new Map<number, Acknowledgement>();
    const lost: number[] = [];
    for (const [key, sent] of this.#pending) {
      const { entry, place } = sent;
      if (this.#held.holds({ ...entry, place }, recovered)) held.set(key, place ?? {});
      else if (sent.place && (!recovered || took(sent, s.offset))) lost.push(key);
    }
    const texts = s.cells as Texts;
    const away = this.#begun && (!recovered || this.session.offset < texts.bar);
    const gone = this.session.reject(...lost);
    const inIt = this.#siblings.held(s.offset);
    const isIn = (key: number): boolean => held.has(key) || inIt.has(key);
    const step = readable(() => this.session.open(texts, isIn, recovered));
    this.#begun = true;
    const { op: left } = this.session.reject(...inIt);
    this.#siblings.opened();
    for (const key of [...held.keys(), ...lost]) this.#leave(key);
    const op = [...gone.op, ...step.op, ...left];
    const source = { own: false, ...(away && step.rebased && { rebased: true as const }) };
    return this.#release({
      ...this.#change({ ...step, op }, source),
      confirmed: [...held].map(([key, place]) => ({ key, place })),
      lost,
      amended: this.#renew(),
    });
  }

  resume({ client = '', snapshot, entries, pending }: KeptDocument): Resumed<TextChange> {
    if (snapshot) this.#held.begin(snapshot);
    for (const entry of entries) this.#held.add(entry);
    const since = this.session.pending;
    const shown = this.text;
    // A sibling may have stored the document with it.
    const lacking = pending.filter(({ seq }) => seq === undefined || !this.#held.has(client, seq));
    const { session, unfit } = readable(() =>
      resume({
        client,
        ...(snapshot && { snapshot: snapshot.cells as Texts }),
        entries: entries.map(entryOf),
        pending: this.#siblings.restore(lacking).flatMap(({ kept, seen }) => [...seen, wordsOf(kept)]),
      }),
    );
    this.#begun ||= snapshot !== undefined;
    this.session = session;
    this.#text = undefined;
    const added = session.text;
    for (const { key, op } of since) session.local(op, { key });
    this.#pending.clear(); // what is kept comes first
    const fit = new Map<number, readonly string[]>();
    this.#siblings.resumed();
    for (const { key, seq, place } of lacking) {
      if (unfit.includes(key)) continue;
      fit.set(key, ['']);
      this.#made(key);
      if (seq !== undefined) this.sent(key, client, seq);
      if (place) (this.#pending.get(key) as Sent).place = place;
    }
    for (const { key } of since) this.#made(key);
    const change = none();
    if (added !== '') {
      const op: Op = [[runesOf(shown), 0, added]];
      this.#shift(op);
      Object.assign(change, { keys: [''], folded: [{ op, own: false }] });
    }
    return { change: { ...change, amended: since.map(({ key }) => key) }, fit };
  }

  save(): Omit<Snapshot, 'term'> | undefined {
    const cells = this.session.snapshot();
    return cells && { offset: this.session.offset, seqs: this.seqs(), cells };
  }

  seqs(): NonNullable<Snapshot['seqs']> {
    if (this.session.client) this.#held.know(this.session.client);
    return this.#held.list();
  }

  /** Ends a step: some need not wait any more. */
  #release(change: Change<TextChange>): Change<TextChange> {
    const { first } = this.#siblings;
    for (const key of this.#waiting) {
      if (key > first) break;
      this.#waiting.delete(key);
      change.released?.push(key);
    }
    return change;
  }

  /** Folds the next entry, and adds what that changes. */
  #receive(entry: LogEntry, all: Change<TextChange>): void {
    const { offset, client = '', seq = 0, author, term } = entry;
    const key = this.#byEntry.get(name({ client, seq })) ?? 0;
    const sibling = key === 0 ? this.#siblings.expected(entry) : undefined;
    const step = this.session.receive(entryOf(entry), key || sibling?.key);
    this.#held.add({ client, seq });
    this.#siblings.logged(sibling ?? key, offset);
    if (key !== 0) {
      all.confirmed.push({ key, place: { offset, ...(term !== undefined && { term }) } });
      this.#leave(key);
    }
    const source = { own: key !== 0, ...(client && { client }), ...(author && { author }) };
    add(all, this.#change(step, source));
  }

  /** Adds what a step does that is of a sibling. */
  #adding(all: Change<TextChange>): Told {
    return (step, client) => add(all, this.#change(step, { own: false, client }));
  }

  /** What a step of the session changes. */
  #change({ op, rebased, error }: Step, source: Omit<TextChange, 'op'>): Change<TextChange> {
    const change = none();
    if (op.length) {
      this.#shift(op);
      this.typing.moved(op);
      change.keys.push('');
      change.folded.push({ op, ...source });
    }
    if (error)
      change.faults.push(
        new TuttiError('bad_operation', `An entry of the log has no effect here: ${error.message}`),
      );
    if (rebased) change.amended = this.#renew();
    return change;
  }

  #made(key: number): void {
    const words = this.session.operation(key) as Pending;
    const sent = this.#pending.get(key);
    if (sent) sent.words = words;
    else this.#pending.set(key, { words });
    if (this.waits(key)) this.#waiting.add(key);
  }

  /** The text has changed. */
  #shift(op: Op): void {
    this.#text = undefined;
    for (const moving of this.#anchors) moving.position = transformPosition(moving.position, op, moving.side);
  }

  /** Takes the words of all that is pending from the session; returns those that it has. */
  #renew(): number[] {
    const { pending } = this.session;
    for (const words of pending) {
      const sent = this.#pending.get(words.key);
      if (sent) sent.words = words;
    }
    return pending.filter(({ acknowledged }) => !acknowledged).map(({ key }) => key);
  }

  #leave(key: number): void {
    const sent = this.#pending.get(key);
    if (sent) this.#unsend(sent);
    this.#pending.delete(key);
    this.#waiting.delete(key);
  }

  #unsend({ entry }: Sent): void {
    if (entry) this.#byEntry.delete(name(entry));
  }
}

function none(): Change<TextChange> {
  return { keys: [], confirmed: [], lost: [], folded: [], faults: [], released: [] };
}

/** An entry as the engine takes it: one that is redacted, or none of a document, does nothing. */
function entryOf({ offset, client = '', base, eff, redacted, data }: LogEntry): Entry {
  if (redacted || base === undefined) return { offset, client: '', base: offset - 1, op: [] };
  return { offset, client, base, op: data as Op, eff: eff ?? (data as Op) };
}

/** An operation of a former life as the engine takes it. */
function wordsOf({ key, base, data, seq, place }: KeptOperation): Pending & { sent: boolean } {
  return { key, base, op: data as Op, acknowledged: place !== undefined, sent: seq !== undefined };
}

/** Calls a function whose errors mean that what it was given cannot be read. */
function readable<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new TuttiError('bad_message', error.message);
  }
}

/** Names an entry of a client. */
function name({ client, seq }: { client: string; seq: number }): string {
  return `${client} ${seq}`;
}

/** Adds a change to another. */
function add(all: Change<TextChange>, { keys, folded, faults, amended }: Change<TextChange>): void {
  all.keys.push(...keys);
  all.folded.push(...folded);
  all.faults.push(...faults);
  if (amended) all.amended = amended;
}
