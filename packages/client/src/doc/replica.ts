import type { SiblingOperation } from '../document.ts';
import { TuttiError } from '../error.ts';
import type { Cell, Snapshot } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';
import { Held, took } from './held.ts';
import { badOperation, equal } from './json.ts';
import type { Change, DocumentState, KeptDocument, LogEntry, Resumed } from './state.ts';
import { type Cells, type FoldEntry, type Op, pendingOffset, type Stamp, type Type } from './type.ts';

/** A confirmed entry, with the cells that it changed. */
export interface Folded<C> {
  entry: FoldEntry;
  cells: readonly (readonly [key: string, before: C | undefined, after: C | undefined])[];
  /** The mutation that it is. */
  own?: number;
}

/** An operation, own or a sibling's, that the confirmed document does not hold. */
interface Pending<C> {
  key: number;
  /** It is shown on top of those of lower order. */
  order: number;
  op: Op<C>;
  base: number;
  /** The entry that it was sent as. */
  sent?: { client: string | undefined; seq: number };
  /** The answer, if it came before the entry. */
  place?: Acknowledgement;
  /** Of a sibling's: whose it is, what it says, and the seq under which it may have been sent. */
  client?: string;
  data?: unknown;
  seq?: number | undefined;
  /** Of a sibling's that is not shown: those of higher order were made without it. */
  until?: number | undefined;
  /** It is not known that its author saw any of other clients. */
  blind?: boolean;
  /** Of those that its author saw and that came into the log: the clients, and up to which offset. */
  arrived?: { clients: Set<string>; offset: number };
  /** It is not to be sent before all that it saw is settled. */
  waits?: boolean;
}

/** An operation of a sibling. */
interface Sibling<C> extends Pending<C> {
  client: string;
  /** It was not sent yet when the confirmed document began by a snapshot, or was heard of. */
  absent?: boolean;
}

/** Keys of siblings' operations are above those of own ones. */
const siblingKeys = 2 ** 40;
/** The order of what was made before this life is its time minus this: below that of all of this life. */
const formerly = 2 ** 50;

/**
 * The state of a document that is made of cells.
 *
 * The fold of the log is `base`. What is pending has its effect in `overlay`,
 * which holds cells for the keys of pending operations alone; so what is shown
 * of a key is its cell in the overlay, else in the base. When the base or what
 * is pending changes at some keys, the operations connected to them (those on
 * one of the keys, those on another key of these, and so on) are folded again
 * in order on the base; all others and their cells stay as they are.
 *
 * Siblings' operations are pending among the own ones, in the order in which they
 * came. One that was made while others of another client on the same cells were
 * shown has seen them, which its base cannot say yet: an own one then waits, and
 * when they are in the log its base is raised past them, if nobody else has
 * written there since.
 */
export class Replica<C> implements DocumentState<Folded<C>> {
  readonly positional = false;
  watching = false;
  readonly type: Type<C>;
  #offset = 0;
  #client: string | undefined;
  readonly #base = new Map<string, C>();
  readonly #overlay = new Map<string, C | undefined>();
  /** In the order in which they were made. */
  readonly #pending = new Map<number, Pending<C>>();
  readonly #byKey = new Map<string, Set<Pending<C>>>();
  readonly #bySent = new Map<string, Pending<C>>();
  /** By row: those of siblings, also those that are not shown, since a snapshot may hold them. */
  readonly #siblings = new Map<string, Sibling<C>>();
  readonly #held = new Held();
  /** Those that saw what is settled in this step. */
  readonly #stirred = new Set<Pending<C>>();
  #order = 0;
  #key = siblingKeys;
  /** What was shown before this step of the keys that it touches. */
  #before = new Map<string, C | undefined>();
  #change: Change<Folded<C>> = none();

  constructor(type: Type<C>) {
    this.type = type;
  }

  get name(): string {
    return this.type.name;
  }

  /** The position of the confirmed document. */
  get offset(): number {
    return this.#offset;
  }

  baseOf(key: number): number {
    return this.#pending.get(key)?.base ?? 0;
  }

  waits(key: number): boolean {
    return this.#pending.get(key)?.waits ?? false;
  }

  /** What is shown at a key. */
  get(key: string): C | undefined {
    return this.#overlay.has(key) ? this.#overlay.get(key) : this.#base.get(key);
  }

  /** All that is confirmed, in no order. */
  document(): IterableIterator<[key: string, cell: C]> {
    return this.#base.entries();
  }

  /** What is confirmed at a key. */
  confirmed(key: string): C | undefined {
    return this.#base.get(key);
  }

  /** All that is shown, in no order. */
  *shown(): IterableIterator<[key: string, cell: C]> {
    for (const entry of this.#base) if (!this.#overlay.has(entry[0])) yield entry;
    for (const [key, cell] of this.#overlay) if (cell !== undefined) yield [key, cell];
  }

  /** The pending operations on a key, in order. */
  pendingOn(key: string): number[] {
    return [...(this.#byKey.get(key) ?? [])].map((p) => p.key);
  }

  /** The pending operations, in order. */
  pendingKeys(): number[] {
    return [...this.#pending.keys()];
  }

  identify(client: string | undefined): Change<Folded<C>> {
    if (client !== this.#client) {
      this.#client = client;
      this.#refold(this.#byKey.keys());
    }
    return this.#end();
  }

  /** Adds an operation of the client's own. Keys are numbers that ascend. Its base is the present offset (rule DOC-19). */
  mutate(key: number, op: Op<C>): Change<Folded<C>> {
    const p: Pending<C> = { key, order: ++this.#order, op, base: this.#offset };
    this.#add(p);
    p.waits = this.#sawAny(p, this.#byKey);
    this.#show(p);
    return this.#end();
  }

  /** What is told first is all that there is: own operations that wait for nothing of it wait no more. */
  beside(operations: readonly SiblingOperation[], first: boolean): Change<Folded<C>> {
    const touched = operations.flatMap((o) => this.#hear(o, first));
    if (first) this.#release(this.#pending.values());
    this.#refold(touched);
    return this.#end();
  }

  sent(key: number, client: string | undefined, seq: number): void {
    const p = this.#pending.get(key);
    if (!p) return;
    this.#unsend(p);
    p.sent = { client, seq };
    this.#bySent.set(name(client, seq), p);
  }

  acknowledged(key: number, place: Acknowledgement): Change<Folded<C>> {
    const p = this.#pending.get(key);
    if (p) {
      p.place = place;
      if (place.offset !== undefined && place.offset <= this.#offset) this.#refold(this.#confirm(p, place));
    }
    return this.#end();
  }

  drop(...keys: number[]): Change<Folded<C>> {
    const touched = keys.flatMap((key) => {
      const p = this.#pending.get(key);
      if (p) this.#settle(p);
      return p ? this.#leave(p) : [];
    });
    this.#refold(touched);
    return this.#end();
  }

  entries(entries: readonly LogEntry[]): Change<Folded<C>> {
    const touched = new Set<string>();
    const touch = (key: string): void => {
      this.#remember(key);
      touched.add(key);
    };
    for (const entry of entries) {
      const { offset, term, client, seq } = entry;
      if (offset <= this.#offset) continue;
      const own = client !== undefined && seq !== undefined && this.#bySent.get(name(client, seq));
      if (client !== undefined) for (const key of this.#arrive(entry)) touched.add(key);
      if (own) {
        const place = { offset, ...(term !== undefined && { term }) };
        for (const key of this.#confirm(own, place)) touched.add(key);
      }
      this.#next(entry, own ? own.key : undefined, touch);
    }
    for (const p of [...this.#pending.values()])
      if (p.client === undefined && took(p, this.#offset)) for (const key of this.#lose(p)) touched.add(key);
    for (const [row, p] of this.#siblings) for (const key of this.#judge(row, p)) touched.add(key);
    this.#refold(touched);
    return this.#end();
  }

  snapshot(s: Snapshot, recovered: boolean): Change<Folded<C>> {
    this.#load(s);
    if (this.#client !== undefined) this.#held.told(this.#client);
    for (const p of [...this.#pending.values()])
      if (p.client !== undefined) continue;
      else if (this.#held.holds({ ...p.sent, place: p.place }, recovered)) this.#confirm(p, p.place ?? {});
      else if (p.place && (!recovered || took(p, s.offset))) this.#lose(p);
      else if (!recovered || p.base > s.offset) p.base = 0;
    for (const [row, p] of this.#siblings) {
      p.absent = p.seq === undefined;
      if (!recovered || p.base > s.offset) p.base = 0;
      if (recovered || !p.place) this.#judge(row, p);
      else this.#part(row, p);
    }
    this.#refold(this.#overlay.keys());
    return this.#end();
  }

  resume({ client, snapshot, entries, pending }: KeptDocument): Resumed<Folded<C>> {
    if (snapshot) this.#load(snapshot);
    this.#client = client;
    const since = [...this.#pending.values()];
    for (const p of since) this.#leave(p);
    for (const entry of entries) this.#next(entry, undefined, (key) => this.#remember(key));
    const fit = new Map<number, readonly string[]>();
    for (const { key, base, data, seq, place, waits, made = 0 } of pending) {
      const op = decoded(this.type, data);
      // A sibling may have stored the document with it, or from a snapshot that may hold it.
      if (!op || this.#held.may({ client, seq, base, place }, this.#offset)) continue;
      fit.set(key, op.keys);
      const sent = seq !== undefined && { sent: { client, seq } };
      const held = waits && seq === undefined ? { waits } : { blind: true };
      this.#add({ key, order: made - formerly, op, base, ...sent, ...(place && { place }), ...held });
    }
    for (const p of since) this.#add(p);
    this.#refold([...this.#before.keys()]);
    return { change: this.#end(), fit };
  }

  save(): Omit<Snapshot, 'term'> {
    return { offset: this.#offset, seqs: this.seqs(), cells: [...this.#base] };
  }

  seqs(): [client: string, seq: number][] {
    if (this.#client !== undefined) this.#held.know(this.#client);
    return this.#held.list();
  }

  /** Puts a snapshot in the place of what is confirmed. Throws, with nothing changed, if it cannot be read. */
  #load(snapshot: Snapshot): void {
    const { offset, cells: pairs } = snapshot;
    if (!Array.isArray(pairs)) throw new TuttiError('bad_message', 'The cells of a snapshot are pairs.');
    const cells = (pairs as Cell[]).map(([key, json]) => [key, this.type.decodeCell(json, key)] as const);
    for (const key of this.#base.keys()) this.#remember(key);
    for (const [key] of cells) this.#remember(key);
    this.#base.clear();
    for (const [key, cell] of cells) this.#base.set(key, cell);
    this.#offset = offset;
    this.#held.begin(snapshot);
  }

  #next(entry: LogEntry, own: number | undefined, touch: (key: string) => void): void {
    this.#held.add(entry);
    if (!entry.redacted && entry.base !== undefined) this.#fold(entry, entry.base, own, touch);
    this.#offset = entry.offset;
  }

  #fold(entry: LogEntry, base: number, own: number | undefined, touch: (key: string) => void): void {
    const { offset, client } = entry;
    const at: FoldEntry = { offset, client, base };
    const telling = this.watching || own !== undefined;
    try {
      const op = this.type.decode(entry.data);
      const before = telling ? op.keys.map((key) => this.#base.get(key)) : [];
      op.keys.forEach(touch);
      const staged = apply(op, at, this.#base);
      if (!staged) throw badOperation('It cannot be applied to the document.');
      for (const [key, cell] of staged)
        if (cell === undefined) this.#base.delete(key);
        else this.#base.set(key, cell);
      if (telling) {
        const cells = op.keys.map((key, i) => [key, before[i], this.#base.get(key)] as const);
        this.#change.folded.push({ entry: at, cells, ...(own !== undefined && { own }) });
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#change.faults.push(badOperation(`The entry at offset ${offset} has no effect here: ${text}`));
    }
  }

  /** Puts an operation behind all that is pending. */
  #add(p: Pending<C>): void {
    this.#pending.set(p.key, p);
    if (p.sent) this.#bySent.set(name(p.sent.client, p.sent.seq), p);
    for (const k of p.op.keys) {
      this.#remember(k);
      let on = this.#byKey.get(k);
      if (!on) {
        on = new Set();
        this.#byKey.set(k, on);
        this.#overlay.set(k, this.#base.get(k));
      }
      on.add(p);
    }
  }

  /** Takes an operation out of what is pending; returns its keys. */
  #leave(p: Pending<C>): readonly string[] {
    this.#pending.delete(p.key);
    this.#unsend(p);
    for (const key of p.op.keys) {
      this.#remember(key);
      const on = this.#byKey.get(key);
      on?.delete(p);
      if (!on?.size) this.#byKey.delete(key);
    }
    return p.op.keys;
  }

  #unsend({ sent }: Pending<C>): void {
    if (sent) this.#bySent.delete(name(sent.client, sent.seq));
  }

  #confirm(p: Pending<C>, place: Acknowledgement): readonly string[] {
    this.#change.confirmed.push({ key: p.key, place });
    this.#settle(p, place.offset ?? this.#offset);
    return this.#leave(p);
  }

  #lose(p: Pending<C>): readonly string[] {
    this.#change.lost.push(p.key);
    this.#settle(p);
    return this.#leave(p);
  }

  /** Takes what a sibling's operation is now; returns the keys to fold anew. */
  #hear({ row, client, operation, at, upTo }: SiblingOperation, first: boolean): readonly string[] {
    const offset = at ?? upTo;
    const place = offset === undefined ? undefined : { offset };
    let known = this.#siblings.get(row);
    if (!operation) {
      if (!known) return [];
      if (!place || (at === undefined && !this.#pending.has(known.key)))
        return this.#part(row, known, offset);
      // It stays until the document holds it; the row may come to be another's.
      const gone = `${row} ${known.key}`;
      this.#siblings.delete(row);
      this.#siblings.set(gone, known);
      return this.#judge(gone, Object.assign(known, { place }));
    }
    const { data, base, made, seq } = operation;
    const former = known && !equal(known.data, data) ? this.#part(row, known) : [];
    if (former.length) known = undefined;
    const op = known?.op ?? decoded(this.type, data);
    if (!op) return former;
    const order = first ? made - formerly : ++this.#order;
    const p: Sibling<C> = known ?? { key: ++this.#key, order, op, base, until: -Infinity, client, data };
    this.#siblings.set(row, p);
    this.#held.know(client);
    Object.assign(p, { client, base, seq, place });
    p.absent ||= seq === undefined;
    this.#raise(p);
    this.#judge(row, p);
    return [...former, ...op.keys];
  }

  /** Shows a sibling's operation, or not, as far as is known where it is; returns the keys to fold anew. */
  #judge(row: string, p: Sibling<C>): readonly string[] {
    if (took(p, this.#offset) || this.#held.has(p.client, p.seq))
      return this.#part(row, p, p.place?.offset ?? this.#offset);
    const shows = p.absent === true || !this.#held.may(p, this.#offset);
    if (shows === this.#pending.has(p.key)) return [];
    p.until = shows ? undefined : this.#order;
    if (!shows) return this.#leave(p);
    this.#add(p);
    return p.op.keys;
  }

  /** Takes the sibling's operation away that an entry is: it may not have been told yet that it has a seq. */
  #arrive({ offset, client, seq, data }: LogEntry): readonly string[] {
    if (!this.#siblings.size) return [];
    const its = [...this.#siblings].filter(([, p]) => p.client === client);
    const isNext = ([, p]: (typeof its)[number]): boolean => p.seq === undefined && equal(p.data, data);
    const [row, p] = its.find(([, { seq: known }]) => known === seq) ?? its.find(isNext) ?? [];
    return row !== undefined && p ? this.#part(row, p, offset) : [];
  }

  /** A sibling's operation is pending no more: it is in the log up to that offset, or nowhere. */
  #part(row: string, p: Sibling<C>, offset?: number): readonly string[] {
    this.#siblings.delete(row);
    this.#settle(p, offset);
    return this.#leave(p);
  }

  /** Those that saw an operation wait for it no more. */
  #settle(p: Pending<C>, offset?: number): void {
    if (p.client === undefined && !this.#siblings.size) return;
    for (const key of p.op.keys)
      for (const other of this.#byKey.get(key) ?? []) {
        if (!this.#saw(other, p)) continue;
        this.#stirred.add(other);
        if (offset === undefined) continue;
        other.arrived ??= { clients: new Set(), offset };
        other.arrived.clients.add(this.#authorOf(p));
        other.arrived.offset = Math.max(other.arrived.offset, offset);
      }
  }

  /** Raises the base of an operation that was never sent past what its author saw, if nobody else has written there since. */
  #raise(p: Pending<C>): void {
    const { base, arrived, op } = p;
    if (!arrived || p.sent || p.seq !== undefined) return;
    const { clients } = arrived;
    const upTo = Math.min(arrived.offset, this.#offset);
    const author = this.#authorOf(p);
    const isUnseen = ([offset, client]: Stamp): boolean =>
      offset > base &&
      offset <= upTo &&
      (client === undefined || (client !== author && !clients.has(client)));
    for (const key of op.keys) {
      const cell = this.#base.get(key);
      if (cell !== undefined && this.type.writes?.(cell).some(isUnseen)) return;
    }
    p.base = Math.max(base, upTo);
  }

  /** Those of these that wait do so no more if all that their author saw is settled. */
  #release(some: Iterable<Pending<C>>): void {
    const waiting = [...some].filter((p) => p.waits);
    if (!waiting.length) return;
    const left = new Map<string, Pending<C>[]>();
    for (const p of this.#siblings.values())
      for (const key of p.op.keys) {
        const on = left.get(key);
        if (on) on.push(p);
        else left.set(key, [p]);
      }
    for (const p of waiting) {
      if (this.#sawAny(p, left)) continue;
      p.waits = false;
      this.#change.released?.push(p.key);
    }
  }

  /**
   * Whether an operation's author was shown one of another client. It follows from
   * their order: pairs are not kept, of which there would be many.
   */
  #saw(p: Pending<C>, other: Pending<C>): boolean {
    if (!this.type.writes || p.blind || p.client === other.client) return false;
    return other.order <= p.order && p.order <= (other.until ?? Infinity);
  }

  #sawAny(p: Pending<C>, all: ReadonlyMap<string, Iterable<Pending<C>>>): boolean {
    for (const key of p.op.keys) for (const other of all.get(key) ?? []) if (this.#saw(p, other)) return true;
    return false;
  }

  #authorOf(p: Pending<C>): string {
    return p.client ?? this.#client ?? '';
  }

  /** Folds what is pending anew, as far as it is connected to these keys. */
  #refold(keys: Iterable<string>): void {
    const found = new Set(keys);
    const again = new Set<Pending<C>>();
    for (const p of this.#stirred) this.#raise(p);
    this.#release(this.#stirred);
    this.#stirred.clear();
    // A set's iteration comes to what is added meanwhile.
    for (const key of found) {
      const on = this.#byKey.get(key);
      if (!on && !this.#overlay.has(key)) continue;
      this.#remember(key);
      if (on) this.#overlay.set(key, this.#base.get(key));
      else this.#overlay.delete(key);
      for (const p of on ?? []) {
        if (again.has(p)) continue;
        again.add(p);
        for (const other of p.op.keys) found.add(other);
      }
    }
    for (const p of [...again].sort((a, b) => a.order - b.order || a.key - b.key)) this.#show(p);
  }

  #show(p: Pending<C>): void {
    const at: FoldEntry = { offset: pendingOffset, client: this.#authorOf(p), base: p.base };
    const staged = apply(p.op, at, this.#overlay);
    if (staged) for (const [key, cell] of staged) this.#overlay.set(key, cell);
  }

  #remember(key: string): void {
    if (!this.#before.has(key)) this.#before.set(key, this.get(key));
  }

  /** Ends a step: finds out what looks different, and keeps the objects of what does not. */
  #end(): Change<Folded<C>> {
    const change = this.#change;
    for (const [key, before] of this.#before) {
      const now = this.get(key);
      if (before === now) continue;
      const kept = before !== undefined && now !== undefined ? this.type.same(before, now) : undefined;
      if (kept === undefined) change.keys.push(key);
      else if (this.#overlay.has(key)) this.#overlay.set(key, kept);
      else this.#base.set(key, kept);
    }
    this.#before = new Map();
    this.#change = none();
    return change;
  }
}

function none<C>(): Change<Folded<C>> {
  return { keys: [], confirmed: [], lost: [], folded: [], faults: [], released: [] };
}

/** An operation, or undefined if it is none of the type. */
function decoded<C>(type: Type<C>, data: unknown): Op<C> | undefined {
  try {
    return type.decode(data);
  } catch {
    return undefined;
  }
}

/** Names an entry of a client. */
function name(client: string | undefined, seq: number): string {
  return `${client} ${seq}`;
}

/** What an operation sets, or undefined if it cannot be applied. */
function apply<C>(
  op: Op<C>,
  entry: FoldEntry,
  cells: ReadonlyMap<string, C | undefined>,
): Map<string, C | undefined> | undefined {
  const staged = new Map<string, C | undefined>();
  const view: Cells<C> = {
    get: (key) => (staged.has(key) ? staged.get(key) : cells.get(key)),
    set: (key, cell) => staged.set(key, cell),
  };
  return op.apply(entry, view) === undefined ? staged : undefined;
}
