import { describe, expect, test } from 'vitest';
import { Writer } from '../src/bytes.ts';
import { crc32, seal } from '../src/crc.ts';
import { Replica, type TextErrorCode, type Version } from '../src/index.ts';
import { at } from '../src/past.ts';
import { type Change, clone, mergeChanges } from '../src/saved.ts';
import { op } from '../src/transform.ts';
import { Random } from './random.ts';
import { drawChanges, merge, pull, scribble, shuffled } from './replicas.ts';

test('TEXT-5, TEXT-11 replicas that exchange updates of all, of a part, twice, late, in any order have the same in the end', {
  timeout: 120_000,
}, () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const all = Array.from({ length: 2 + random.below(3) }, (_, i) => new Replica(`agent ${i}`));
    const late: Uint8Array[] = [];
    for (let steps = 10 + random.below(60); steps > 0; steps--) {
      const [replica, from] = [random.of(all), random.of(all)];
      const kind = random.below(6);
      if (kind === 0) {
        pull(replica, from);
      } else if (kind === 1) {
        // Only what comes behind something that another may lack.
        const some: Version = {};
        for (const [agent, ranges] of Object.entries(from.version())) {
          some[agent] = [[0, random.below((ranges.at(-1) as number[])[1] as number) + 1]];
        }
        late.push(from.since(some));
      } else if (kind === 2) {
        if (late.length > 0) merge(replica, random.of(late));
      } else {
        scribble(random, replica);
      }
    }
    const [first, ...others] = all as [Replica, ...Replica[]];
    for (let round = 0; round < 2; round++) {
      for (const replica of all) {
        for (const from of all) {
          pull(replica, from);
          merge(replica, from.since({}));
        }
      }
    }
    for (const replica of others) {
      expect(replica.toString(), `seed ${seed}`).toBe(first.toString());
      expect(replica.version()).toEqual(first.version());
      expect(replica.since(first.version())).toHaveLength(0);
    }
    const copy = clone(first, 'a copy');
    scribble(random, copy);
    expect(copy.since({}).length).toBeGreaterThan(0);
    pull(first, copy);
    expect(first.toString(), `seed ${seed}: the copy`).toBe(copy.toString());
  }
});

test('TEXT-5 changes that come in any order, some of them at once, come to what the naive engine says', {
  timeout: 120_000,
}, () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const { changes, text } = drawChanges(random, 5 + random.below(40));
    const reader = new Replica('reader');
    const left = shuffled(random, changes);
    while (left.length > 0) mergeChanges(reader, left.splice(0, 1 + random.below(5)));
    expect(reader.toString(), `seed ${seed}`).toBe(text);
    const whole = new Replica('whole');
    merge(whole, reader.since({}));
    expect(whole.toString(), `seed ${seed}, whole`).toBe(text);
    expect(whole.version()).toEqual(reader.version());
  }
});

/** An error that has a code. */
function coded(code: TextErrorCode): unknown {
  return expect.objectContaining({ name: 'TextError', code });
}

function state(replica: Replica): unknown[] {
  return [replica.toString(), replica.version(), replica.since({})];
}

describe('TEXT-11 a damaged update is bad_update, and changes nothing:', () => {
  const ann = new Replica('ann');
  for (const [i, text] of ['hello', '😀', 'wörld'].entries()) ann.insert(i, text);
  const bob = new Replica('bob');
  pull(bob, ann);
  bob.delete(1, 3);
  ann.insert(4, 'x');
  const update = bob.since({});

  test('any flipped bit', () => {
    const before = state(ann);
    for (let i = 0; i < update.length * 8; i++) {
      const damaged = update.slice();
      damaged[i >> 3] = (damaged[i >> 3] as number) ^ (1 << (i & 7));
      expect(() => ann.merge(damaged)).toThrow(coded('bad_update'));
    }
    expect(state(ann)).toEqual(before);
  });

  test('any part of it, or more', () => {
    const before = state(ann);
    for (let n = 1; n < update.length; n++) {
      expect(() => ann.merge(update.slice(0, n))).toThrow(coded('bad_update'));
    }
    expect(() => ann.merge(Uint8Array.from([...update, 0]))).toThrow(coded('bad_update'));
    expect(state(ann)).toEqual(before);
    expect(ann.merge(new Uint8Array())).toEqual([]);
  });

  test('of another version', () => {
    const other = update.slice();
    other[3] = 2;
    expect(() => ann.merge(other)).toThrow(coded('bad_update'));
  });

  test('also if its seal is right; or it is taken, as any other', () => {
    const random = new Random(1);
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const damaged = update.slice(
        0,
        random.below(2) === 0 ? update.length : 5 + random.below(update.length - 4),
      );
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        const at = random.below(damaged.length);
        damaged[at] = (damaged[at] as number) ^ (1 << random.below(8));
      }
      const body = damaged.length - 4;
      new DataView(damaged.buffer).setUint32(body, crc32(damaged.subarray(0, body)), true);
      const copy = clone(ann, 'ann');
      const before = state(copy);
      try {
        merge(copy, damaged);
      } catch (error) {
        refused++;
        expect(error).toEqual(expect.objectContaining({ name: 'TextError' }));
        expect(state(copy)).toEqual(before);
      }
      copy.insert(0, 'on');
      const fresh = new Replica('fresh');
      merge(fresh, copy.since({}));
      expect(fresh.toString()).toBe(copy.toString());
    }
    expect(refused).toBeGreaterThan(250);
  });
});

describe('TEXT-11 bounds', () => {
  /** A chain of changes, each of which follows the one before. */
  function chain(n: number, text = 'x'): Change[] {
    const width = text.length;
    return Array.from({ length: n }, (_, i) => ({
      agent: 'bob',
      seq: i * width,
      parents: i === 0 ? [] : [{ agent: 'bob', seq: i * width - 1 }],
      op: op.insert(i * width, text),
    }));
  }

  test('what comes backwards is put in order', () => {
    const ann = new Replica('ann');
    expect(mergeChanges(ann, chain(20_000).reverse())).toEqual(op.insert(0, 'x'.repeat(20_000)));
  });

  test('what is known in parts is completed, however many these are', () => {
    const n = 30_000;
    const ann = new Replica('ann');
    ann.insert(0, 'x'.repeat(n));
    const parts: Change[] = Array.from({ length: n / 2 }, (_, i) => ({
      agent: 'bob',
      seq: 2 * i,
      parents: [i === 0 ? { agent: 'ann', seq: n - 1 } : { agent: 'bob', seq: 2 * i - 2 }],
      op: op.insert(i, '😀'),
    }));
    mergeChanges(ann, parts);
    const whole = { agent: 'bob', seq: 0, parents: [], op: op.insert(0, '😀é'.repeat(n / 2)) };
    mergeChanges(ann, [whole]);
    expect(ann.length).toBe(2 * n);
    expect(ann.toString().replaceAll('é', '')).toBe('😀'.repeat(n / 2) + 'x'.repeat(n));
    expect(ann.version().bob).toEqual([[0, n]]);
  });

  test('more than 1 MiB is not held', () => {
    const ann = new Replica('ann');
    const [first, ...others] = chain(30, 'y'.repeat(50_000)) as [Change, ...Change[]];
    const few = others.slice(0, 20);
    for (const change of few) expect(mergeChanges(ann, [change])).toEqual([]);
    expect(() => mergeChanges(ann, others.slice(20))).toThrow(coded('limit_exceeded'));
    expect(ann.length).toBe(0);
    mergeChanges(ann, [first]);
    expect(ann.length).toBe(21 * 50_000);
  });

  test('an update has no more than 2^24 events', () => {
    const out = new Writer();
    out.text('txu\x01');
    for (const number of [1, 3]) out.number(number); // a name of so many bytes
    out.text('bob');
    for (const number of [1, 0, 0, 1, 1, (2 ** 24 + 1) * 4 + 1, 0]) out.number(number);
    expect(() => new Replica('ann').merge(seal(out))).toThrow(coded('limit_exceeded'));
  });

  test('no more is deleted than there is', () => {
    const ann = new Replica('ann');
    ann.insert(0, 'abc');
    const change = { agent: 'bob', seq: 0, parents: [], op: op.delete(0, 2 ** 27) };
    expect(() => mergeChanges(ann, [change])).toThrow(coded('bad_update'));
    expect(state(ann).slice(0, 1)).toEqual(['abc']);
  });

  test.each<[name: string, change: Partial<Change>, code: TextErrorCode]>([
    ['no agent', { agent: '' }, 'bad_update'],
    ['an agent of 256 bytes', { agent: 'é'.repeat(128) }, 'bad_update'],
    ['an agent with half of a pair', { agent: '\ud800' }, 'bad_update'],
    ['no events', { op: [] }, 'bad_update'],
    ['a seq below 0', { seq: -1 }, 'bad_update'],
    ['half a seq', { seq: 0.5 }, 'bad_update'],
    ['a seq beyond all', { seq: 2 ** 30 }, 'bad_update'],
    ['half a parent', { parents: [{ agent: 'cyd', seq: 0.5 }] }, 'bad_update'],
    ['no operation', { op: [[0, 0, '\ud800']] }, 'bad_operation'],
    ['a position behind the end', { op: op.insert(1, 'x') }, 'bad_update'],
    ['a deletion of nothing', { op: op.delete(0, 1) }, 'bad_update'],
  ])('a change with %s is refused', (_, change, code) => {
    const ann = new Replica('ann');
    const good: Change = { agent: 'bob', seq: 0, parents: [], op: op.insert(0, 'x') };
    expect(() =>
      mergeChanges(ann, [
        { ...good, agent: 'cyd' },
        { ...good, ...change },
      ]),
    ).toThrow(coded(code));
    expect(ann.version()).toEqual({});
    mergeChanges(ann, [good]);
    expect(ann.toString()).toBe('x');
  });

  test.each(['', 'é'.repeat(128), '\udc00'])('no replica is of the agent %j', (agent) => {
    expect(() => new Replica(agent)).toThrow(coded('bad_update'));
  });
});

test('TEXT-11 two replicas of one agent are agent_reused', () => {
  const [one, two] = [new Replica('ann'), new Replica('ann')];
  one.insert(0, 'a');
  two.insert(0, 'bc');
  expect(() => one.merge(two.since({}))).toThrow(coded('agent_reused'));
  expect([one.toString(), one.version()]).toEqual(['a', { ann: [[0, 1]] }]);
});

test('an agent may have the name of what every object has', () => {
  const [proto, other] = [new Replica('__proto__'), new Replica('constructor')];
  proto.insert(0, 'a');
  other.insert(0, 'b');
  const version: Version = JSON.parse(JSON.stringify(proto.version()));
  expect(JSON.stringify(version)).toBe('{"__proto__":[[0,1]]}');
  expect(proto.since(version)).toHaveLength(0);
  pull(other, proto);
  expect(other.since(version).length).toBeGreaterThan(0);
  expect(at(other, version)).toBe('a');
});

test('what was concurrent is merged on from where it was, however long ago that began', () => {
  const random = new Random(3);
  const [ann, bob] = [new Replica('ann'), new Replica('bob')];
  ann.insert(0, 'x'.repeat(1000));
  pull(bob, ann);
  for (let i = 0; i < 12_000; i++) {
    scribble(random, bob);
    if (i % 3 === 0) scribble(random, ann);
    if (i % 100 === 0) pull(ann, bob);
    if (i % 5000 === 4999) pull(bob, ann);
  }
  pull(ann, bob);
  pull(bob, ann);
  expect(ann.toString() === bob.toString()).toBe(true);
  const fresh = new Replica('fresh');
  merge(fresh, ann.since({}));
  expect(fresh.toString() === ann.toString()).toBe(true);
});

test('branches that part and meet too often are refused, and nothing changes', () => {
  const parts: Change[] = [];
  for (let seq = 0; seq < 20_000; seq += 2)
    parts.push({ agent: 'bob', seq, parents: [], op: op.insert(0, 'x') });
  const meets = parts.slice(1).map((part, seq): Change => {
    const before = seq === 0 ? { agent: 'bob', seq: 0 } : { agent: 'eve', seq: seq - 1 };
    return { agent: 'eve', seq, parents: [before, part], op: op.insert(0, 'y') };
  });
  const ann = new Replica('ann');
  ann.insert(0, 'a');
  expect(() => mergeChanges(ann, [...parts, ...meets])).toThrow(
    expect.objectContaining({ name: 'TextError', code: 'limit_exceeded' }),
  );
  expect([ann.toString(), ann.version()]).toEqual(['a', { ann: [[0, 1]] }]);
  ann.undo();
  expect(ann.toString()).toBe('');
});
