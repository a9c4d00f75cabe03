import { describe, expect, test } from 'vitest';
import { anchor, position } from '../src/anchor.ts';
import { Writer } from '../src/bytes.ts';
import { seal } from '../src/crc.ts';
import type { Heads, LV } from '../src/graph.ts';
import { History } from '../src/history.ts';
import { type Op, record } from '../src/op.ts';
import { pack } from '../src/pack.ts';
import { blame, diff } from '../src/past.ts';
import { writePlain } from '../src/plain.ts';
import { inside, Replica } from '../src/replica.ts';
import { type Change, mergeChanges, open, save } from '../src/saved.ts';
import { encode } from '../src/update.ts';
import { read } from './conformance.ts';
import { addTo, addToNaive, Document, type Patch } from './histories.ts';
import { Naive } from './naive.ts';
import { Random } from './random.ts';

const exceeded = expect.objectContaining({ name: 'TextError', code: 'limit_exceeded' });

/**
 * A history whose walk would move a run of letters, which another has cut into
 * pieces, back and forth so many times: each of eve's events follows it and one of
 * bob's, none of which do.
 */
function tangled(letters: number, times: number): History {
  const history = new History();
  const add = (agent: string, parents: Heads, op: Op): LV => {
    const start = history.end;
    history.graph.add(start, parents);
    record(history, op);
    history.sign(agent, start);
    return history.end - 1;
  };
  const whole = add('ann', [], [[0, 0, 'x'.repeat(letters)]]);
  add(
    'cyd',
    [whole],
    Array.from({ length: letters - 1 }, (_, i) => [2 * i + 1, 0, '-'] as const),
  );
  for (let i = 0; i < times; i++) {
    const root = add('bob', [], [[0, 0, 'y']]);
    add('eve', [whole, root], [[0, 0, 'z']]);
  }
  return history;
}

/** The update of the events of a history from one on, up to another. */
function updateOf(history: History, start = 0, end = history.end): Uint8Array {
  return encode(history, [{ start, end }]);
}

/** What would be saved of a history, if its text were this. */
function savedAs(history: History, text: string): Uint8Array {
  const out = new Writer();
  out.text('txs\x01');
  writePlain(out, text);
  out.bytes(pack(history, ''));
  return seal(out);
}

describe('TEXT-11 branches that part and meet too often', { timeout: 60_000 }, () => {
  test.each(['', 'hello'])('an update that moves too much is refused, after %j', (text) => {
    const replica = new Replica('dan');
    replica.insert(0, text);
    expect(() => replica.merge(updateOf(tangled(2000, 4000)))).toThrow(exceeded);
    expect(replica.toString()).toBe(text);
    expect(inside(replica).history.end).toBe(text.length);
  });

  test('a small one is taken', () => {
    const replica = new Replica('dan');
    replica.merge(updateOf(tangled(200, 40)));
    expect(replica.length).toBe(200 + 199 + 80);
  });

  test('a saved history that moves too much is refused when it is needed', () => {
    for (const [letters, times, code] of [
      [2000, 4000, 'limit_exceeded'],
      [200, 40, ''],
    ] as const) {
      const history = tangled(letters, times);
      const replica = open('dan', savedAs(history, 'x'.repeat(history.end)));
      if (code === '') replica.insert(0, '!');
      else expect(() => replica.insert(0, '!')).toThrow(exceeded);
    }
  });

  test('what came in parts may be too much at once: whoever asks is told, and nothing is lost', () => {
    const history = tangled(600, 640);
    const replica = new Replica('dan');
    replica.insert(0, 'hello');
    let start = 0;
    for (const end of [960, 640, 320, 0].map((rest) => history.end - rest)) {
      replica.merge(updateOf(history, start, end));
      start = end;
    }
    const text = replica.toString();
    for (const ask of [
      () => replica.undo(),
      () => blame(replica),
      () => diff(replica, {}, replica.version()),
      () => anchor(replica, 1, 'left'),
      () => position(replica, { agent: 'dan' }),
      () => save(replica),
    ]) {
      expect(ask).toThrow(exceeded);
      expect(ask).toThrow(exceeded);
    }
    expect(replica.canUndo).toBe(true);
    replica.insert(0, '!');
    expect(replica.toString()).toBe(`!${text}`);
  });

  test('Go and TypeScript take the same updates, and refuse the same', () => {
    for (const { text, update, code } of read<{ text: string; update: string; code?: string }>(
      'bounds.json',
      4,
    )) {
      const replica = new Replica('dan');
      replica.insert(0, text);
      const merge = (): unknown => replica.merge(Buffer.from(update, 'base64'));
      if (code === undefined) merge();
      else expect(merge).toThrow(expect.objectContaining({ name: 'TextError', code }));
    }
  });
});

test('events of an agent that come in descending order', { timeout: 60_000 }, () => {
  const n = 100_000;
  const changes: Change[] = Array.from({ length: n }, (_, i) => ({
    agent: 'bob',
    seq: 2 * (n - i),
    parents: i === 0 ? [] : [{ agent: 'bob', seq: 2 * (n - i + 1) }],
    op: [[0, 0, 'x']],
  }));
  const replica = new Replica('ann');
  mergeChanges(replica, changes);
  expect(replica.length).toBe(n);
  expect(replica.version().bob).toHaveLength(n);
  expect(replica.since(replica.version())).toHaveLength(0);
});

test('many that insert at one place', { timeout: 60_000 }, () => {
  const n = 32_000;
  const names = Array.from({ length: n }, (_, i) => String((i * 7919) % n).padStart(5, '0'));
  const replica = new Replica('ann');
  mergeChanges(
    replica,
    names.map((agent) => ({ agent, seq: 0, parents: [], op: [[0, 0, agent]] })),
  );
  expect(replica.toString() === names.sort().join('')).toBe(true);
  expect(inside(replica).history.graph.steps).toBeLessThan(64 * n);
});

// So that those that stand there already are passed from the last that is noted.
test('TEXT-3 many at a few places', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const naive = new Naive();
    const document = new Document();
    const { history } = document;
    const add = (agent: string, parents: LV[], ops: Patch[]): LV => {
      const txn = {
        span: [history.end, history.end + ops.length] as [LV, LV],
        parents,
        agent,
        seqStart: 0,
        ops,
      };
      addToNaive(naive, txn);
      addTo(history, txn);
      return history.end - 1;
    };
    const base = add(
      'base',
      [],
      [
        [0, 0, 'a'],
        [1, 0, 'b'],
      ],
    );
    const ends = [base];
    for (let i = 0; i < 120; i++) {
      const parent = random.below(3) === 0 ? random.of(ends) : base;
      const ops: Patch[] = [];
      for (let k = 0, n = 1 + random.below(3); k < n; k++) {
        ops.push([1 + random.below(2) * k, 0, String.fromCharCode(99 + (i % 20))]);
      }
      ends.push(add(`${random.below(1000)}-${i}`, [parent], ops));
    }
    document.fold();
    expect(document.text.toString(), `seed ${seed}`).toBe(naive.toString());
  }
});
