import { type Patch, type RecordOptions, RecordsBatch, type Source } from './batch.ts';
import type { Fields, RecordCell } from './cell.ts';
import type { Cells } from './cells.ts';
import { CellsHandle } from './cells-handle.ts';
import type { HandleOptions } from './handle.ts';
import { compareBytes, freeze, own } from './json.ts';
import type { Mutating, Mutation, MutationOptions } from './mutation.ts';
import { comparePlaces } from './order.ts';
import { type Overridden, overridden } from './overridden.ts';
import { LiveQuery, type Query, type QueryOptions } from './query.ts';
import { type Schema, validate } from './schema.ts';
import { type Difference, History } from './undo.ts';
import type { UUIDs } from './uuid.ts';
import { type Shown, View, type ViewOptions } from './view.ts';

export interface RecordsOptions<T> extends HandleOptions {
  /** Records that do not fit are not written, and not shown. */
  schema?: Schema<T>;
  /** The field that holds a record's place in the order; `order` if absent. */
  order?: string;
}

/** A record with its key. */
export type Row<T> = readonly [key: string, value: T];

/** A mutation that adds a record. */
export interface Insertion<T> extends Mutation<T | undefined> {
  readonly key: string;
}

/** What each record is after a batch; undefined: not there. */
export type Rows<T> = ReadonlyMap<string, T | undefined>;

/** What the records need of their client. */
export interface RecordsHost {
  readonly report: (error: unknown) => void;
  readonly uuids: UUIDs;
  readonly random: () => number;
}

/** A record as it is shown, with its place in the order. */
interface ShownRecord<T> extends Shown<Row<T>> {
  readonly index: unknown;
}

/**
 * JSON objects by key, whose fields are last-write-wins in the order of the
 * log. A change shows at once; the server judges it. Records that are handed
 * out are frozen, and the same object as long as nothing in them has changed.
 * Use `client.records(topic)`.
 */
export class RecordsHandle<T extends object> extends CellsHandle<RecordCell> {
  readonly #host: RecordsHost;
  readonly #schema: Schema<T> | undefined;
  readonly #order: string;
  readonly #all: View<Row<T>, ShownRecord<T>>;
  /** By the fields of a cell; null: they do not fit the schema. */
  readonly #shown = new WeakMap<Fields, ShownRecord<T> | null>();
  readonly #history: History;
  readonly #source: Source;

  /** Use `client.records(topic)`. */
  constructor(document: Cells<RecordCell>, host: RecordsHost, options: RecordsOptions<T>) {
    super(document, host.report, options.timeout);
    this.#host = host;
    this.#schema = options.schema;
    this.#order = options.order ?? 'order';
    this.#source = {
      order: this.#order,
      fields: (key) => document.replica.get(key)?.fields,
      places: (from) => this.#all.from(from as ShownRecord<T>),
      newKey: () => host.uuids.next(),
      random: host.random,
    };
    this.#all = new View(this.#viewOptions());
    this.follow(document.touched.add((keys) => this.#all.change(keys)));
    this.#history = new History({
      shown: (key) => document.replica.get(key),
      apply: (ops) => this.#edit([], (batch) => batch.ops.push(...ops), this.#rows),
    });
  }

  get size(): number {
    void this.document.replica;
    return this.#all.size;
  }

  get canUndo(): boolean {
    return this.#history.canUndo;
  }

  get canRedo(): boolean {
    return this.#history.canRedo;
  }

  get(key: string): T | undefined {
    return this.#show(key, this.document.replica.get(key))?.out[1];
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** All records in order: the same array as long as nothing has changed. */
  entries(): readonly Row<T>[] {
    void this.document.replica;
    return this.#all.value;
  }

  /** The record as the server has it, without what is pending. */
  confirmed(key: string): T | undefined {
    return this.#show(key, this.document.replica.confirmed(key))?.out[1];
  }

  /** The mutations of a record that are not settled, in order. */
  pending(key: string): Mutation[] {
    return this.document.mutationsOn(key);
  }

  /** Creates a record or replaces it. */
  set(key: string, value: T, options?: RecordOptions): Mutation<T | undefined> {
    return this.#write(key, (batch) => batch.set(key, value, options), options);
  }

  /** Adds a record under a new key. */
  insert(value: T, options?: RecordOptions): Insertion<T> {
    const key = this.#host.uuids.next();
    return Object.assign(
      this.#write(key, (batch) => batch.set(key, value, options), options),
      { key },
    );
  }

  /** Adds a record under a new key behind another in the order, or as the first (null). */
  insertAfter(after: string | null, value: T, options?: RecordOptions): Insertion<T> {
    const key = this.#host.uuids.next();
    return Object.assign(
      this.#write(key, (batch) => batch.place(key, after, value, options), options),
      { key },
    );
  }

  /** Writes fields of a record, and removes those given as undefined. */
  patch(key: string, fields: Patch<T>, options?: RecordOptions): Mutation<T | undefined> {
    return this.#write(key, (batch) => batch.patch(key, fields, options), options);
  }

  delete(key: string, options?: RecordOptions): Mutation<T | undefined> {
    return this.#write(key, (batch) => batch.delete(key, options), options);
  }

  /** Moves a record behind another in the order, or to the front (null). */
  move(key: string, after: string | null, options?: RecordOptions): Mutation<T | undefined> {
    return this.#write(key, (batch) => batch.move(key, after, options), options);
  }

  /** Makes up to 500 changes in order, all or none. */
  batch(write: (batch: RecordsBatch<T>) => void, options?: MutationOptions): Mutation<Rows<T>> {
    const { mutating, differences } = this.#edit([], write, this.#rows, options);
    this.#history.add(mutating as Mutating, differences);
    return mutating.mutation;
  }

  /** Follows a part of the records. */
  query(options: QueryOptions<T> = {}): Query<Row<T>> {
    const query = new LiveQuery(this.document, this.#host.report, this.#viewOptions(options));
    const stop = this.follow(() => query.close());
    return {
      get value() {
        return query.value;
      },
      subscribe: (listener) => query.subscribe(listener),
      close: stop,
    };
  }

  /**
   * Reverts the latest mutation made through this handle that is not undone:
   * of each field, only if it still holds what was written here. Returns
   * undefined if there is none.
   */
  undo(): Mutation | undefined {
    return this.#history.undo();
  }

  /** Reverts the latest `undo`. */
  redo(): Mutation | undefined {
    return this.#history.redo();
  }

  /** Calls a function with each value that was overwritten by someone who had not seen it. */
  onOverridden(listener: (overridden: Overridden) => void): () => void {
    return this.follow(
      this.document.folded.add((folded) => {
        for (const one of overridden(folded)) listener(one);
      }),
    );
  }

  #write(
    key: string,
    write: (batch: RecordsBatch<T>) => void,
    options: RecordOptions | undefined,
  ): Mutation<T | undefined> {
    const { mutating, differences } = this.#edit([key], write, () => this.get(key), options);
    this.#history.add(mutating as Mutating, differences);
    return mutating.mutation;
  }

  #edit<L>(
    keys: readonly string[],
    write: (batch: RecordsBatch<T>) => void,
    local: (keys: readonly string[]) => L,
    options?: MutationOptions,
  ): { mutating: Mutating<L>; differences: readonly Difference[] } {
    const { document } = this;
    const batch = new RecordsBatch<T>(this.#source);
    write(batch);
    const before = new Map<string, RecordCell | undefined>();
    let differences: readonly Difference[] = [];
    const mutating = this.mutate(
      {
        keys,
        make: () => batch.operation(),
        check: (data) => {
          const ops = steps(data);
          this.#check(ops);
          // What was there before the document was opened is not known, so it cannot be brought back.
          if (document.status === 'opening') return;
          for (const { key } of ops) before.set(key, document.replica.get(key));
        },
        local: (touched) => {
          differences = [...before].map(([key, cell]) => [key, cell, document.replica.get(key)]);
          return local(touched);
        },
      },
      options,
    );
    return { mutating, differences };
  }

  readonly #rows = (keys: readonly string[]): Rows<T> => new Map(keys.map((key) => [key, this.get(key)]));

  /** Throws unless the schema takes the records that the operations make, as far as these are shown. */
  #check(ops: readonly Step[]): void {
    const schema = this.#schema;
    if (!schema) return;
    const made = new Map<string, Fields | undefined>();
    for (const { op, key, value, set, unset } of ops) {
      const before = made.has(key) ? made.get(key) : this.document.replica.get(key)?.fields;
      let after = value;
      if (op === 'patch' && before)
        after = Object.fromEntries(
          Object.entries({ ...before, ...set }).filter(([name]) => !unset?.includes(name)),
        );
      made.set(key, after);
      const result = after && validate(schema, freeze(after));
      if (result && 'error' in result) throw result.error;
    }
  }

  #show(key: string, cell: RecordCell | undefined): ShownRecord<T> | undefined {
    if (!cell) return undefined;
    const { fields } = cell;
    let shown = this.#shown.get(fields);
    if (shown === undefined) {
      const value: unknown = freeze(fields);
      const result = this.#schema ? validate(this.#schema, value) : { value: value as T };
      if ('error' in result) {
        // Told behind what is being read.
        queueMicrotask(() => this.fault(result.error, key));
        shown = null;
      } else {
        shown = { key, out: Object.freeze([key, result.value] as const), index: own(fields, this.#order) };
      }
      this.#shown.set(fields, shown);
    }
    return shown ?? undefined;
  }

  #viewOptions({ where, sort, limit }: QueryOptions<T> = {}): ViewOptions<Row<T>, ShownRecord<T>> {
    const { document } = this;
    return {
      get: (key) => this.#show(key, document.replica.get(key)),
      keys: () => [...document.replica.shown()].map(([key]) => key),
      where: where && (({ key, out }) => where(out[1], key)),
      compare: sort ? (a, b) => sort(a.out[1], b.out[1]) || compareBytes(a.key, b.key) : comparePlaces,
      limit,
    };
  }
}

/** An operation on one record, as far as a handle looks at it. */
interface Step {
  op: string;
  key: string;
  value?: Fields;
  set?: Fields;
  unset?: readonly string[];
}

function steps(op: unknown): readonly Step[] {
  const { ops } = op as { ops?: Step[] };
  return ops ?? [op as Step];
}
