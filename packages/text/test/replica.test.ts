import { describe, expect, test } from 'vitest';
import { Replica, type Version } from '../src/index.ts';
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
    const copy = first.clone('a copy');
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
    while (left.length > 0) reader.mergeChanges(left.splice(0, 1 + random.below(5)));
    expect(reader.toString(), `seed ${seed}`).toBe(text);
    const whole = new Replica('whole');
    merge(whole, reader.since({}));
    expect(whole.toString(), `seed ${seed}, whole`).toBe(text);
    expect(whole.version()).toEqual(reader.version());
  }
});

describe('TEXT-11 what is not taken changes nothing', () => {
  const ann = new Replica('ann');
  for (const [i, text] of ['hello', '😀', 'wörld'].entries()) ann.insert(i, text);
  const bob = new Replica('bob');
  pull(bob, ann);
  bob.delete(1, 3);
  ann.insert(4, 'x');
  const update = bob.since({});
  const state = (replica: Replica) => [replica.toString(), replica.version(), replica.since({})];

  test('a flipped bit', () => {
    const before = state(ann);
    for (let i = 0; i < update.length * 8; i++) {
      const damaged = update.slice();
      damaged[i >> 3] = (damaged[i >> 3] as number) ^ (1 << (i & 7));
      expect(() => ann.merge(damaged)).toThrow(expect.objectContaining({ code: 'bad_update' }));
    }
    expect(state(ann)).toEqual(before);
  });

  test('a part', () => {
    const before = state(ann);
    for (let n = 1; n < update.length; n++) {
      expect(() => ann.merge(update.slice(0, n))).toThrow(expect.objectContaining({ code: 'bad_update' }));
    }
    const longer = Uint8Array.from([...update, 0]);
    expect(() => ann.merge(longer)).toThrow(expect.objectContaining({ code: 'bad_update' }));
    expect(state(ann)).toEqual(before);
  });
});
