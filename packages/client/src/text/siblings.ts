import type { Op, Pending, Step, TextSession } from '@tutti/text/log';
import { type Held, remember, took } from '../doc/held.ts';
import { equal } from '../doc/json.ts';
import type { KeptOperation, LogEntry } from '../doc/state.ts';
import type { Seen, SiblingOperation } from '../document.ts';
import type { Acknowledgement } from '../publication.ts';

/** The text that siblings' operations are shown in. */
export interface Shown {
  readonly session: TextSession;
  /** Whether an own operation is pending. */
  has(key: number): boolean;
}

/** Is told what becomes of the text by an operation of a client. */
export type Told = (step: Step, client: string) => void;

type Made = NonNullable<SiblingOperation['operation']>;

/** An operation of a sibling. */
interface Sibling {
  readonly row: string;
  client: string;
  /** By which the session knows it; 0: it is not shown. */
  key: number;
  /** As it is stored; absent: that was not told in this life. */
  made?: Made;
  /** It is not shown as it is now. */
  stale: boolean;
  /** Where it is in the log. */
  place?: Acknowledgement | undefined;
}

/** What siblings have pending in a text, and which of it its session shows (rules SIBLING-1, SIBLING-3). */
export class Siblings {
  readonly #text: Shown;
  readonly #held: Held;
  /** By row, also those that are not shown. */
  readonly #rows = new Map<string, Sibling>();
  /** Of the latest entries, by row or key: where what was pending here is in the log. */
  readonly #settled = new Map<string | number, number>();

  constructor(text: Shown, held: Held) {
    this.#text = text;
    this.#held = held;
  }

  /** The key of the first one that is shown. */
  get first(): number {
    return this.#shown[0]?.key ?? Infinity;
  }

  /** What the session tells that an own operation was made on, for its row. */
  tell(seen: readonly Pending[]): Seen[] {
    const rows = new Map([...this.#rows.values()].map(({ key, row }) => [key, row]));
    return seen.map(({ key, client = '', base, op }) => ({
      row: rows.get(key) ?? '',
      client,
      base,
      data: op,
    }));
  }

  /** Takes what they are now; the first time it is all that there are. */
  hear(operations: readonly SiblingOperation[], first: boolean, told: Told): void {
    for (const operation of operations) this.#hear(operation, told);
    // What is not stored any more is in the document that is, or nowhere.
    if (first) for (const sibling of this.#rows.values()) if (!sibling.made) this.#part(sibling, told);
    this.show(told);
  }

  /** Shows them as they are now, each when what it was made on is shown so. */
  show(told: Told): void {
    let again = true;
    while (again) {
      again = false;
      const behind = new Set<string>();
      for (const sibling of this.#rows.values())
        if (behind.has(sibling.client)) continue;
        else if (this.#judge(sibling, told)) again = true;
        else if (sibling.stale) behind.add(sibling.client);
    }
  }

  /** The one that an entry is: one that is shown may not have been told yet to have a seq. */
  expected({ client, seq, data }: LogEntry): { row: string; key: number } | undefined {
    if (!this.#rows.size) return undefined;
    for (const one of this.#rows.values())
      if (one.client === client && one.made?.seq !== undefined && one.made.seq === seq) return one;
    const unsent = this.#shown.filter((one) => one.client === client && one.made?.seq === undefined);
    return unsent.find(({ made }) => made && equal(made.data, data)) ?? unsent[0];
  }

  /** One that was expected, or an own operation, is in the log; 0: neither. */
  logged(by: { row: string } | number, offset: number): void {
    if (by === 0) return;
    if (typeof by === 'object') this.#rows.delete(by.row);
    remember(this.#settled, typeof by === 'object' ? by.row : by, offset);
  }

  /** The log is lost. */
  lost(): void {
    this.#settled.clear();
  }

  /** Those that are put behind have other keys. */
  rename(keys: ReadonlyMap<number, number>): void {
    for (const sibling of this.#shown) sibling.key = keys.get(sibling.key) ?? sibling.key;
  }

  /** The keys of those that a snapshot at an offset may hold. */
  held(offset: number): Set<number> {
    const held = [...this.#rows.values()].filter((one) => this.#mayHold(one, offset));
    return new Set(held.map(({ key }) => key));
  }

  /** A snapshot was opened: some are not shown any more. */
  opened(): void {
    for (const sibling of this.#rows.values())
      if (!this.#text.session.operation(sibling.key)) Object.assign(sibling, { key: 0, stale: true });
  }

  /** What was pending before each of these operations of a former life, as it was shown then. */
  restore(pending: readonly KeptOperation[]): { kept: KeptOperation; seen: Pending[] }[] {
    this.#rows.clear();
    return pending.map((kept) => {
      // One that did not fit, and is stored as it was, may tell the same as a later one.
      const fresh = (kept.seen ?? []).filter(({ row }) => !this.#rows.has(row));
      const seen = fresh.map(({ row, client, base, data }, i) => {
        const key = kept.key - 1 + (i + 1) / (fresh.length + 1);
        this.#rows.set(row, { row, client, key, stale: false });
        return { key, client, base, op: data as Op, acknowledged: false };
      });
      return { kept, seen };
    });
  }

  /** The session has gone on with them, as far as they fit. */
  resumed(): void {
    for (const { row, key } of this.#rows.values())
      if (!this.#text.session.operation(key)) this.#rows.delete(row);
  }

  /** Those that are shown, in the order in which they are. */
  get #shown(): Sibling[] {
    return [...this.#rows.values()].filter(({ key }) => key !== 0).sort((a, b) => a.key - b.key);
  }

  /** Takes what a sibling's operation is now. */
  #hear({ row, client, operation, at, upTo }: SiblingOperation, told: Told): void {
    // What it was before its entry came may be told late.
    const late = operation && operation.seq === undefined ? this.#settled.get(row) : undefined;
    const offset = at ?? upTo ?? late;
    const place = offset === undefined ? undefined : { offset };
    const known = this.#rows.get(row);
    if (!operation) {
      if (!known) return;
      // Of one that is hidden the document may hold what is told to be somewhere up to there.
      const awaited =
        place && !took({ place }, this.#text.session.offset) && (at !== undefined || known.key !== 0);
      if (awaited) known.place = place;
      else this.#part(known, told);
      return;
    }
    const sibling: Sibling = known ?? { row, client, key: 0, stale: true };
    this.#rows.set(row, sibling);
    this.#held.know(client);
    const { made } = sibling;
    const isSame =
      made !== undefined &&
      sibling.client === client &&
      made.base === operation.base &&
      equal(made.data, operation.data) &&
      equal([made.seen, made.after], [operation.seen, operation.after]);
    Object.assign(sibling, { client, made: operation, place });
    if (!isSame) sibling.stale = true;
  }

  /** Shows a sibling's operation, or not, as far as is known where it is; true if what was made on it may be shown by now. */
  #judge(sibling: Sibling, told: Told): boolean {
    const { row, client, key, made, place, stale } = sibling;
    const { offset } = this.#text.session;
    if (took({ place }, offset) || this.#held.has(client, made?.seq)) this.#part(sibling, told);
    else if (this.#mayHold(sibling, offset)) this.#hide(sibling, told);
    else if (made && stale && made.base <= offset) {
      const past = this.#past(made);
      if (!past) return false; // its author will say it anew
      const above = key === 0 ? [] : this.#shown.filter((one) => one.key > key);
      if (above.some((one) => past.seen.includes(one.key) || (one.client === client && one.row < row)))
        this.#hide(sibling, told); // it cannot stay beneath what it was made on
      const anew = { client, base: made.base, op: made.data as Op, ...past };
      const { error, ...step } = this.#text.session.beside(anew, sibling.key || undefined);
      sibling.key = step.key;
      sibling.stale = error !== undefined;
      told(step, client);
      return !error;
    }
    return false;
  }

  /** What is known of what an operation was made on; undefined if it is not all. */
  #past(made: Made): { after: number[]; seen: number[] } | undefined {
    const after = [...(made.after ?? [])];
    const seen: number[] = [];
    for (const by of made.seen ?? []) {
      const offset = this.#settled.get(by);
      const sibling = typeof by === 'string' ? this.#rows.get(by) : undefined;
      if (offset !== undefined) after.push(offset);
      else if (sibling && sibling.key !== 0 && !sibling.stale) seen.push(sibling.key);
      else if (typeof by === 'number' && this.#text.has(by)) seen.push(by);
      else return undefined;
    }
    return { after, seen };
  }

  #mayHold({ client, made, place }: Sibling, offset: number): boolean {
    const { seq, base = 0 } = made ?? {};
    return this.#held.may({ client, seq, base, place }, offset);
  }

  /** A sibling's operation is pending no more. */
  #part(sibling: Sibling, told: Told): void {
    this.#rows.delete(sibling.row);
    this.#hide(sibling, told);
  }

  #hide(sibling: Sibling, told: Told): void {
    const { key, client } = sibling;
    if (key === 0) return;
    sibling.key = 0;
    sibling.stale = true;
    told(this.#text.session.reject(key), client);
  }
}
