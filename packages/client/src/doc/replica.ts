import { TuttiError } from '../error.ts';
import type { Cell, Snapshot } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';
import { badOperation } from './json.ts';
import type { Change, DocumentState, KeptDocument, LogEntry, Resumed } from './state.ts';
import { type Cells, type FoldEntry, type Op, pendingOffset, type Type } from './type.ts';

/** A confirmed entry, with the cells that it changed. */
export interface Folded<C> {
  entry: FoldEntry;
  cells: readonly (readonly [key: string, before: C | undefined, after: C | undefined])[];
  /** The mutation that it is. */
  own?: number;
}

/** An own operation that the confirmed document does not hold. */
interface Pending<C> {
  key: number;
  op: Op<C>;
  base: number;
  /** The entry that it was sent as. */
  sent?: { client: string | undefined; seq: number };
  /** The answer, if it came before the entry. */
  place?: Acknowledgement;
}

/**
 * The state of a document that is made of cells.
 *
 * The fold of the log is `base`. What is pending has its effect in `overlay`,
 * which holds cells for the keys of pending operations alone; so what is shown
 * of a key is its cell in the overlay, else in the base. When the base or what
 * is pending changes at some keys, the operations connected to them (those on
 * one of the keys, those on another key of these, and so on) are folded again
 * in order on the base; all others and their cells stay as they are.
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
    const p: Pending<C> = { key, op, base: this.#offset };
    this.#add(p);
    this.#show(p);
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
      if (own) {
        const place = { offset, ...(term !== undefined && { term }) };
        for (const key of this.#confirm(own, place)) touched.add(key);
      }
      this.#next(entry, own ? own.key : undefined, touch);
    }
    for (const p of [...this.#pending.values()])
      if (took(p, this.#offset)) for (const key of this.#lose(p)) touched.add(key);
    this.#refold(touched);
    return this.#end();
  }

  snapshot(s: Snapshot, recovered: boolean): Change<Folded<C>> {
    this.#load(s);
    const seqs = new Map(s.seqs);
    for (const p of [...this.#pending.values()])
      if (this.#holds(p, s, recovered, seqs)) this.#confirm(p, p.place ?? {});
      else if (p.place && (!recovered || took(p, s.offset))) this.#lose(p);
      else if (!recovered || p.base > s.offset) p.base = 0;
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
    for (const { key, base, data, seq, place } of pending) {
      const op = decoded(this.type, data);
      if (!op) continue;
      fit.set(key, op.keys);
      const sent = seq !== undefined && { sent: { client, seq } };
      this.#add({ key, op, base, ...sent, ...(place && { place }) });
    }
    for (const p of since) this.#add(p);
    this.#refold([...this.#before.keys()]);
    return { change: this.#end(), fit };
  }

  save(): { offset: number; cells: Cell[] } {
    return { offset: this.#offset, cells: [...this.#base] };
  }

  /** Puts a snapshot in the place of what is confirmed. Throws, with nothing changed, if it cannot be read. */
  #load({ offset, cells: pairs }: Snapshot): void {
    if (!Array.isArray(pairs)) throw new TuttiError('bad_message', 'The cells of a snapshot are pairs.');
    const cells = (pairs as Cell[]).map(([key, json]) => [key, this.type.decodeCell(json, key)] as const);
    for (const key of this.#base.keys()) this.#remember(key);
    for (const [key] of cells) this.#remember(key);
    this.#base.clear();
    for (const [key, cell] of cells) this.#base.set(key, cell);
    this.#offset = offset;
  }

  /** Whether a snapshot holds an operation. */
  #holds(p: Pending<C>, s: Snapshot, recovered: boolean, seqs: ReadonlyMap<string, number>): boolean {
    const { client = '', seq = Infinity } = p.sent ?? {};
    const newest = seqs.get(client) ?? 0;
    return seq <= newest || (recovered && newest === 0 && took(p, s.offset));
  }

  #next(entry: LogEntry, own: number | undefined, touch: (key: string) => void): void {
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
    return this.#leave(p);
  }

  #lose(p: Pending<C>): readonly string[] {
    this.#change.lost.push(p.key);
    return this.#leave(p);
  }

  /** Folds what is pending anew, as far as it is connected to these keys. */
  #refold(keys: Iterable<string>): void {
    const found = new Set(keys);
    const again = new Set<Pending<C>>();
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
    for (const p of [...again].sort((a, b) => a.key - b.key)) this.#show(p);
  }

  #show(p: Pending<C>): void {
    const at: FoldEntry = { offset: pendingOffset, client: this.#client ?? '', base: p.base };
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
  return { keys: [], confirmed: [], lost: [], folded: [], faults: [] };
}

/** An operation, or undefined if it is none of the type. */
function decoded<C>(type: Type<C>, data: unknown): Op<C> | undefined {
  try {
    return type.decode(data);
  } catch {
    return undefined;
  }
}

/** Whether the server has told that it took an operation, at an offset up to this one. */
function took({ place }: { place?: Acknowledgement }, offset: number): boolean {
  return (place?.offset ?? Infinity) <= offset;
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
