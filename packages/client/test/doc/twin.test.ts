import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal } from '../../src/doc/json.ts';
import { type Folded, Replica } from '../../src/doc/replica.ts';
import type { Change, LogEntry } from '../../src/doc/state.ts';
import { pendingOffset, type TypeName } from '../../src/doc/type.ts';
import { operations } from './arbitraries.ts';
import { fold, print, types } from './types.ts';

const other = 'other';

interface Own {
  key: number;
  data: object;
  base: number;
  client?: string;
  seq?: number;
  /** The server has answered, and the replica was not told yet. */
  answer?: { offset?: number };
  acked?: boolean;
}

/**
 * A server, and a client's replica beside a twin that folds all that is
 * confirmed and pending anew each time.
 */
class Bench {
  readonly type;
  readonly replica;
  log: LogEntry[] = [];
  /** How much of the log the replica has read. */
  read = 0;
  pending: Own[] = [];
  client = 'me';
  #cells = new Map<string, unknown>();
  #seq = 0;
  #key = 0;
  #shown = new Map<string, unknown>();

  constructor(name: TypeName) {
    this.type = types[name];
    this.replica = new Replica(this.type);
    this.replica.identify(this.client);
  }

  mutate(data: object): void {
    const key = ++this.#key;
    this.pending.push({ key, data, base: this.read });
    this.step(this.replica.mutate(key, this.type.decode(data)));
  }

  /** The server takes what is next in the client's queue; a hook may put something else in its place. */
  send(instead: object | undefined): void {
    // A client learns that an entry is not taken before it sends the next.
    while (this.pending.some((p) => p.answer && p.answer.offset === undefined)) this.answer();
    const own = this.pending.find((p) => p.seq === undefined);
    if (!own) return;
    own.client = this.client;
    own.seq = ++this.#seq;
    this.replica.sent(own.key, own.client, own.seq);
    const data = instead ?? own.data;
    const taken = this.append({ client: own.client, seq: own.seq, base: own.base, data });
    own.answer = taken ? { offset: this.log.length } : {};
  }

  foreign(data: object, lag: number, client: string | undefined): void {
    this.append({ client, base: Math.max(0, this.log.length - lag), data });
  }

  append(e: { client?: string | undefined; seq?: number; base: number; data: unknown }): boolean {
    const offset = this.log.length + 1;
    const { cells, error } = fold(this.type, this.#cells, { offset, client: e.client, base: e.base }, e.data);
    if (error) return false;
    this.#cells = cells;
    const { client, ...rest } = e;
    this.log.push({ offset, term: 't', ...rest, ...(client !== undefined && { client }) });
    return true;
  }

  deliver(n: number): void {
    const entries = this.log.slice(this.read, this.read + n);
    this.read += entries.length;
    this.pending = this.pending.filter((p) => !holds(entries, p));
    this.step(this.replica.entries(entries));
  }

  answer(): void {
    const own = this.pending.find((p) => p.answer);
    if (!own) return;
    const answer = own.answer as { offset?: number };
    delete own.answer;
    own.acked = true;
    if (answer.offset === undefined) {
      this.pending = this.pending.filter((p) => p !== own);
      this.step(this.replica.drop(own.key));
    } else {
      this.step(this.replica.acknowledged(own.key, { offset: answer.offset, term: 't' }));
    }
  }

  cancel(): void {
    const own = this.pending.findLast((p) => p.seq === undefined);
    if (!own) return;
    this.pending = this.pending.filter((p) => p !== own);
    this.step(this.replica.drop(own.key));
  }

  snapshot(): void {
    this.read = this.log.length;
    const seqs = this.log.filter((e) => e.client === this.client).map((e) => e.seq as number);
    this.pending = this.pending.filter((p) => !holds(this.log, p));
    this.step(
      this.replica.snapshot(
        {
          offset: this.read,
          term: 't',
          cells: [...this.#cells],
          ...(seqs.length && { seqs: [[this.client, Math.max(...seqs)]] }),
        },
        true,
      ),
    );
  }

  /** The server has lost its log, and is sent anew what it had not answered. */
  lose(): void {
    this.log = [];
    this.#cells = new Map();
    this.read = 0;
    const lost = this.pending.filter((p) => p.acked).map(({ key }) => key);
    this.pending = this.pending.filter((p) => !p.acked);
    for (const p of this.pending) {
      p.base = 0;
      delete p.answer;
    }
    this.step(this.replica.snapshot({ offset: 0, cells: [] }, false), lost);
    for (const p of this.pending) {
      delete p.seq;
      delete p.client;
    }
    this.renew();
  }

  /** The client goes on as another, as soon as all that was sent is answered. */
  renew(): void {
    if (this.pending.some((p) => p.seq !== undefined && !p.acked)) return;
    this.client = `me ${this.#key}`;
    this.#seq = 0;
    this.step(this.replica.identify(this.client));
  }

  /** Compares with the twin what is shown, and what was told to have changed. */
  step(change: Change<Folded<unknown>>, lost: number[] = []): void {
    let cells = new Map<string, unknown>();
    for (const { offset, client, base = 0, data } of this.log.slice(0, this.read))
      cells = fold(this.type, cells, { offset, client, base }, data).cells;
    for (const { base, data } of this.pending)
      cells = fold(this.type, cells, { offset: pendingOffset, client: this.client, base }, data).cells;
    expect(print(this.replica.shown())).toEqual(print(cells));

    const changed = new Set<string>();
    for (const key of new Set([...this.#shown.keys(), ...cells.keys()]))
      if (!equal(look(this.#shown.get(key)), look(cells.get(key)))) changed.add(key);
    expect([...change.keys].sort()).toEqual([...changed].sort());
    for (const [key, before] of this.#shown)
      if (!changed.has(key)) expect(look(this.replica.get(key))).toBe(look(before));
    this.#shown = new Map(this.replica.shown());
    expect(change.lost).toEqual(lost);
    expect(change.faults).toEqual([]);
  }
}

function holds(log: readonly LogEntry[], own: Own): boolean {
  return own.seq !== undefined && log.some((e) => e.client === own.client && e.seq === own.seq);
}

/** What an application sees of a cell. */
function look(cell: unknown): unknown {
  if (Array.isArray(cell)) return true;
  return typeof cell === 'object' && cell !== null ? (cell as { fields: unknown }).fields : cell;
}

describe.each(['counter', 'set', 'records'] as const)('a replica of %s', (name) => {
  test('DOC-15 DOC-16 DOC-17 shows what its twin shows that folds everything anew', () => {
    const op = operations[name];
    const command = fc.oneof(
      { weight: 6, arbitrary: op.map((data) => ({ do: 'mutate', data }) as const) },
      { weight: 5, arbitrary: fc.constant({ do: 'send' } as const) },
      { weight: 1, arbitrary: op.map((data) => ({ do: 'send', data }) as const) },
      {
        weight: 5,
        arbitrary: fc
          .tuple(op, fc.nat(3), fc.constantFrom(other, undefined))
          .map(([data, lag, client]) => ({ do: 'foreign', data, lag, client }) as const),
      },
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 3 }).map((n) => ({ do: 'deliver', n }) as const) },
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          { do: 'answer' } as const,
          { do: 'answer' } as const,
          { do: 'cancel' } as const,
        ),
      },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          { do: 'snapshot' } as const,
          { do: 'lose' } as const,
          { do: 'renew' } as const,
        ),
      },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const bench = new Bench(name);
        for (const c of commands)
          switch (c.do) {
            case 'mutate':
              bench.mutate(c.data);
              break;
            case 'send':
              bench.send('data' in c ? c.data : undefined);
              break;
            case 'foreign':
              bench.foreign(c.data, c.lag, c.client);
              break;
            case 'deliver':
              bench.deliver(c.n);
              break;
            case 'answer':
            case 'cancel':
            case 'snapshot':
            case 'lose':
            case 'renew':
              bench[c.do]();
          }
      }),
      { numRuns: 500 },
    );
  });
});
