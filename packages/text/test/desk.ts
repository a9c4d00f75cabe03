import { expect } from 'vitest';
import type { Op } from '../src/index.ts';
import {
  type Entry,
  Fold,
  resume,
  runesOf,
  type SharedPosition,
  type Snapshot,
  TextError,
  TextSession,
} from '../src/log.ts';
import { apply, transformPosition } from '../src/transform.ts';
import { Naive } from './naive.ts';
import type { Random } from './random.ts';
import { addOp, drawOp } from './replicas.ts';

/** An operation on its way to the sequencer. */
interface Command {
  seq: number;
  /** Rejections that its author knows of. */
  voids: number;
  base: number;
  op: Op;
}

/** What the sequencer says of a command, or an entry of the log. */
type Answer =
  | { kind: 'taken'; seq: number }
  | { kind: 'rejected'; seq: number }
  /** For now. */
  | { kind: 'refused'; seq: number }
  /** Of this seq, if it is the reader's. */
  | { kind: 'entry'; entry: Entry; seq: number | undefined };

/**
 * A sequencer with its clients, all in one test: what they say to each other lies
 * in queues, which are cut now and then.
 */
export class Desk {
  readonly random: Random;
  readonly fold = new Fold();
  readonly log: Entry[] = [];
  readonly writers: Writer[];
  /** Each step is held against the naive engine. */
  readonly exact: boolean;
  /** Each tells the others where its caret is, after each step. */
  carets = false;

  constructor(random: Random, exact: boolean, names = ['a', 'b', 'c']) {
    this.random = random;
    this.exact = exact;
    this.writers = names.map((name) => new Writer(this, name));
  }

  /** Takes a command in, as the protocol says. */
  judge(writer: Writer, { seq, voids, base, op }: Command): void {
    const { taken } = writer;
    if (taken.has(seq)) return; // a repeat
    if (seq !== writer.next || voids !== writer.voided || this.random.below(20) === 0) {
      writer.down.push({ kind: 'refused', seq });
      return;
    }
    if (this.random.below(12) === 0) {
      writer.next++;
      writer.voided++;
      writer.down.push({ kind: 'rejected', seq });
      return;
    }
    const entry = { offset: this.fold.offset + 1, client: writer.name, base, op };
    let eff: Op;
    try {
      eff = this.fold.fold(entry);
    } catch (error) {
      if (!(error instanceof TextError) || error.code !== 'rebase_required') throw error;
      writer.down.push({ kind: 'refused', seq });
      return;
    }
    this.log.push(this.random.below(2) === 0 ? entry : { ...entry, eff });
    taken.set(seq, entry.offset);
    writer.next++;
    writer.down.push({ kind: 'taken', seq });
  }

  /** Puts so many entries on the way to a writer. */
  tell(writer: Writer, n: number): void {
    for (const entry of this.log.slice(writer.known, writer.known + n)) {
      const [seq] = [...writer.taken].find(([, offset]) => offset === entry.offset) ?? [];
      writer.down.push({ kind: 'entry', entry, seq });
      writer.known++;
    }
  }

  /** Lets the writers do so many things at random. */
  work(steps: number): void {
    for (let i = 0; i < steps; i++) this.random.of(this.writers).act();
  }

  /** Lets all come that is under way, until all show the log. */
  rest(): void {
    for (let rounds = 0; this.writers.some((writer) => writer.busy); rounds++) {
      expect(rounds, 'it comes to an end').toBeLessThan(200);
      for (const writer of this.writers) {
        writer.send();
        for (const command of writer.up.splice(0)) this.judge(writer, command);
        this.tell(writer, this.log.length);
        for (const answer of writer.down.splice(0)) writer.hear(answer);
      }
    }
    for (const { session, name } of this.writers) {
      expect(session.text, name).toBe(this.fold.text);
      if (this.carets)
        for (const { told, caret } of this.writers) expect(session.locate(told), name).toBe(caret);
    }
  }
}

/** A client of the desk. */
export class Writer {
  readonly name: string;
  session: TextSession;
  readonly up: Command[] = [];
  readonly down: Answer[] = [];
  /** Offset up to which entries are on their way. */
  known = 0;

  // What the sequencer knows: the offsets of its seqs, the seq that is expected,
  // and how many were rejected.
  readonly taken = new Map<number, number>();
  next = 1;
  voided = 0;

  caret = 0;
  /** Of its caret, at once to all. */
  told: SharedPosition;

  readonly #desk: Desk;
  /** Of each operation that was sent. */
  readonly #seqs = new Map<number, number>();
  /** The operation of each seq. */
  readonly #keys = new Map<number, number>();
  /** The highest seq given. */
  #last = 0;
  #voids = 0;
  /** So many of the pending ones are on their way. */
  #sent = 0;
  /** What the steps tell. */
  #shown = '';
  /** What outlives the session, beside what is pending. */
  #kept: { snapshot?: Snapshot; entries: Entry[] } = { entries: [] };

  constructor(desk: Desk, name: string) {
    this.#desk = desk;
    this.name = name;
    this.session = new TextSession(name);
    this.told = this.session.share(0);
  }

  get busy(): boolean {
    return this.session.pending.length > 0 || this.session.offset < this.#desk.log.length;
  }

  /** Does something at random. */
  act(): void {
    const { random } = this.#desk;
    switch (random.below(8)) {
      case 0:
      case 1:
        if (random.below(4) === 0) this.#revert();
        else this.#edit();
        break;
      case 2:
        this.send();
        break;
      case 3:
      case 4: {
        const command = this.up.shift();
        if (command !== undefined) this.#desk.judge(this, command);
        break;
      }
      case 5:
      case 6:
        this.#desk.tell(this, random.below(3));
        for (const answer of this.down.splice(0, random.below(3))) this.hear(answer);
        break;
      case 7: {
        const kind = random.below(6);
        if (kind === 0) this.#reconnect();
        if (kind === 1) this.#rebase();
        if (kind === 2) this.#resume();
        if (kind === 3) this.#compact();
      }
    }
  }

  /** Puts pending operations on their way. */
  send(): void {
    for (const { key, base, op } of this.session.pending.slice(this.#sent)) {
      const seq = this.#seqs.get(key) ?? ++this.#last;
      this.#seqs.set(key, seq);
      this.#keys.set(seq, key);
      this.up.push({ seq, voids: this.#voids, base, op });
      this.#sent++;
    }
  }

  hear(answer: Answer): void {
    const { session } = this;
    const key = this.#key(answer.seq);
    const position = this.#position(key);
    if (answer.kind === 'entry') {
      const { op, confirmed, error } = session.receive(answer.entry, key);
      this.#kept.entries.push(answer.entry);
      expect([confirmed, error]).toEqual([position < 0 ? 0 : key, undefined]);
      if (confirmed > 0) this.#sent = Math.max(0, this.#sent - 1);
      this.#check(op);
    } else if (answer.kind === 'taken') {
      session.acknowledge(key);
      expect(session.pending[position]?.acknowledged ?? true).toBe(true);
    } else if (answer.kind === 'rejected') {
      const { naive, spans } = this.#naive();
      const [from, to] = spans[position] ?? [0, 0];
      this.#check(session.reject(key).op);
      if (this.#desk.exact) expect(session.text).toBe(naive.without(from, to));
      this.#voids++;
      this.#sent = position;
    } else if (position >= 0) {
      this.#sent = Math.min(this.#sent, position);
    }
  }

  #edit(): void {
    const { random } = this.#desk;
    const { session } = this;
    const step = random.below(3) === 0;
    const last = session.pending.at(-1)?.key ?? 0;
    const operation = last > 0 && random.below(2) === 0 && !this.#seqs.has(last) ? last : 0;
    const op = drawOp(random, session.length);
    session.local(op, { operation, step });
    this.#check(op);
    const [at, , inserted] = op.at(-1) ?? [0, 0, ''];
    this.#put(random.below(2) === 0 ? at + runesOf(inserted) : random.below(session.length + 1));
  }

  #revert(): void {
    const { session } = this;
    const { op } = this.#desk.random.below(2) === 0 ? session.undo() : session.redo();
    this.#check(op);
  }

  /** Says anew what was never sent. */
  #rebase(): void {
    const { session } = this;
    const first = session.pending.find(({ key }) => !this.#seqs.has(key));
    if (first === undefined) return;
    const { op, rebased } = session.rebase(first.key);
    expect([op, rebased]).toEqual([[], true]);
    this.#check(op);
  }

  /**
   * Cuts the connection and makes it anew: by the entries that are missing, or by a
   * snapshot.
   */
  #reconnect(): void {
    const { random, fold, log } = this.#desk;
    const { session, taken } = this;
    this.up.length = 0;
    this.down.length = 0;
    this.#sent = 0;
    this.known = session.offset;
    const snapshot = random.below(2) === 0;
    const recovered = random.below(3) > 0;
    const isIn = (key: number): boolean => taken.has(this.#seqs.get(key) ?? 0);
    // What was rejected without a word.
    const lost = session.pending
      .map(({ key }) => key)
      .filter((key) => (this.#seqs.get(key) ?? this.next) < this.next && !isIn(key));
    this.#check(session.reject(...lost).op);
    this.#voids = this.voided;
    if (snapshot) {
      const wire = JSON.parse(JSON.stringify(fold.snapshot()));
      this.#check(session.open(wire, isIn, recovered).op);
      this.#kept = { snapshot: wire, entries: [] };
      this.known = session.offset;
      expect(this.known).toBe(log.length);
    }
    this.send();
  }

  /** Goes on as another session, from what was kept. */
  #resume(): void {
    const { pending } = this.session;
    const { session, unfit } = resume({ client: this.name, ...this.#kept, pending });
    expect([session.pending, unfit]).toEqual([pending, []]);
    this.session = session;
    for (const [seq, key] of this.#keys) {
      if (this.#position(key) >= 0) continue;
      this.#keys.delete(seq); // keys that are free may come again
      this.#seqs.delete(key);
    }
    this.#check([]);
  }

  /** Keeps a snapshot in place of the entries. */
  #compact(): void {
    const snapshot = this.session.snapshot();
    if (snapshot !== undefined) this.#kept = { snapshot, entries: [] };
    this.#check([]);
  }

  /** Puts the caret somewhere, and looks where that of others is. */
  #put(caret: number): void {
    const { session } = this;
    if (!this.#desk.carets) return;
    this.caret = caret;
    this.told = session.share(caret, this.told);
    for (const { told } of this.#desk.writers) {
      const at = session.locate(told);
      if (at === undefined)
        expect(told.offset > session.offset || told.offset < this.#desk.fold.bar).toBe(true);
      else expect([at >= 0, at <= session.length]).toEqual([true, true]);
    }
  }

  #key(seq: number | undefined): number {
    return this.#keys.get(seq ?? 0) ?? 0;
  }

  #position(key: number): number {
    return this.session.pending.findIndex((pending) => pending.key === key);
  }

  /** What is shown by the naive engine, the log and what is pending as it is said now, and the events of that. */
  #naive(): { naive: Naive; spans: [number, number][] } {
    const naive = new Naive();
    const spans: [number, number][] = [];
    if (!this.#desk.exact) return { naive, spans };
    const ends = [0];
    const own = new Map<string, number[]>();
    const add = (client: string, base: number, op: Op): [number, number] => {
      const mine = own.get(client) ?? [];
      const start = naive.events.length;
      addOp(naive, client, mine.length, [...range(0, ends[base] as number), ...mine], op);
      const end = naive.events.length;
      own.set(client, [...mine, ...range(start, end)]);
      return [start, end];
    };
    for (const { client, base, op } of this.#desk.log.slice(0, this.session.offset)) {
      ends.push(add(client, base, op)[1]);
    }
    for (const { base, op } of this.session.pending) spans.push(add(this.name, base, op));
    return { naive, spans };
  }

  /** Holds what a step tells against what is shown. */
  #check(op: Op): void {
    const { session } = this;
    this.#shown = apply(this.#shown, op);
    this.#put(transformPosition(this.caret, op, 'left'));
    expect(session.text).toBe(this.#shown);
    expect(session.length).toBe([...this.#shown].length);
    if (this.#desk.exact) expect(session.text).toBe(this.#naive().naive.toString());
  }
}

/** Numbers from one on, up to another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
