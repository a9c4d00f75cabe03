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
import type { Change, DocumentState, KeptDocument, LogEntry, Resumed } from '../doc/state.ts';
import type { Anchor, TextChange } from '../doc/text.ts';
import { TuttiError } from '../index.ts';
import type { Snapshot } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';
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

/** The state of a text: a session of its log, and the entries that its operations were sent as. */
export class TextState implements DocumentState<TextChange> {
  readonly name = 'text';
  readonly positional = true;
  watching = false;
  session = new TextSession();
  readonly typing = new Typing();
  /** By key, in order. */
  readonly #pending = new Map<number, Sent>();
  readonly #byEntry = new Map<string, number>();
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
    return this.#change(this.session.rebase(key), { own: true });
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
    const lost = [...this.#pending].filter(([, sent]) => took(sent, this.session.offset)).map(([key]) => key);
    add(all, this.drop(...lost));
    all.lost.push(...lost);
    return all;
  }

  snapshot(s: Snapshot, recovered: boolean): Change<TextChange> {
    const held = new Map<number, Acknowledgement>();
    const lost: number[] = [];
    for (const [key, sent] of this.#pending) {
      if (holds(s, recovered, sent)) held.set(key, sent.place ?? {});
      else if (sent.place && (!recovered || took(sent, s.offset))) lost.push(key);
    }
    const texts = s.cells as Texts;
    const away = this.#begun && (!recovered || this.session.offset < texts.bar);
    const gone = this.session.reject(...lost);
    const step = readable(() => this.session.open(texts, (key) => held.has(key), recovered));
    this.#begun = true;
    for (const key of [...held.keys(), ...lost]) this.#leave(key);
    const op = [...gone.op, ...step.op];
    const source = { own: false, ...(away && step.rebased && { rebased: true as const }) };
    return {
      ...this.#change({ ...step, op }, source),
      confirmed: [...held].map(([key, place]) => ({ key, place })),
      lost,
      amended: this.#renew(),
    };
  }

  resume({ client = '', snapshot, entries, pending }: KeptDocument): Resumed<TextChange> {
    const since = this.session.pending;
    const shown = this.text;
    const { session, unfit } = readable(() =>
      resume({
        client,
        ...(snapshot && { snapshot: snapshot.cells as Texts }),
        entries: entries.map(entryOf),
        pending: pending.map(({ key, base, data, place }) => ({
          key,
          base,
          op: data as Op,
          acknowledged: place !== undefined,
        })),
      }),
    );
    this.#begun ||= snapshot !== undefined;
    this.session = session;
    this.#text = undefined;
    const added = session.text;
    for (const { key, op } of since) session.local(op, { key });
    this.#pending.clear(); // what is kept comes first
    const fit = new Map<number, readonly string[]>();
    for (const { key, seq, place } of pending) {
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

  save(): { offset: number; cells: object } | undefined {
    const cells = this.session.snapshot();
    return cells && { offset: this.session.offset, cells };
  }

  /** Folds the next entry, and adds what that changes. */
  #receive(entry: LogEntry, all: Change<TextChange>): void {
    const { offset, client = '', seq = 0, author, term } = entry;
    const key = this.#byEntry.get(name({ client, seq })) ?? 0;
    const step = this.session.receive(entryOf(entry), key);
    if (key !== 0) {
      all.confirmed.push({ key, place: { offset, ...(term !== undefined && { term }) } });
      this.#leave(key);
    }
    const source = { own: key !== 0, ...(client && { client }), ...(author && { author }) };
    add(all, this.#change(step, source));
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
  }

  #unsend({ entry }: Sent): void {
    if (entry) this.#byEntry.delete(name(entry));
  }
}

function none(): Change<TextChange> {
  return { keys: [], confirmed: [], lost: [], folded: [], faults: [] };
}

/** An entry as the engine takes it: one that is redacted, or none of a document, does nothing. */
function entryOf({ offset, client = '', base, eff, redacted, data }: LogEntry): Entry {
  if (redacted || base === undefined) return { offset, client: '', base: offset - 1, op: [] };
  return { offset, client, base, op: data as Op, eff: eff ?? (data as Op) };
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

/** Whether the server has told that it took an operation, at an offset up to this one. */
function took({ place }: Sent, offset: number): boolean {
  return (place?.offset ?? Number.POSITIVE_INFINITY) <= offset;
}

/** Whether a snapshot holds an operation. */
function holds(s: Snapshot, recovered: boolean, sent: Sent): boolean {
  const { client, seq = Number.POSITIVE_INFINITY } = sent.entry ?? {};
  const newest = s.seqs?.find(([id]) => id === client)?.[1] ?? 0;
  return seq <= newest || (recovered && newest === 0 && took(sent, s.offset));
}
