import { describe, expect, test } from 'vitest';
import { type Anchor, anchor, position } from '../src/anchor.ts';
import { Replica, type Version } from '../src/index.ts';
import { at, blame, diff } from '../src/past.ts';
import { mergeChanges } from '../src/saved.ts';
import { apply } from '../src/transform.ts';
import { addToNaive } from './histories.ts';
import { Naive } from './naive.ts';
import { Random } from './random.ts';
import { drawChanges } from './replicas.ts';

/** The version of some of a naive engine's events, with all that they follow. */
function versionOf(naive: Naive, heads: readonly number[]): Version {
  const all = new Set(heads.flatMap((v) => [v, ...(naive.events[v]?.past ?? [])]));
  const version: Version = {};
  for (const v of [...all].sort((a, b) => a - b)) {
    const { agent, seq } = naive.events[v] as Naive['events'][number];
    const ranges = version[agent] ?? [];
    version[agent] = ranges;
    ranges.push([seq, seq + 1]);
  }
  return version;
}

test('past versions, differences, authors and anchors are what the naive engine says', {
  timeout: 120_000,
}, () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const { changes, txns } = drawChanges(random, 5 + random.below(30));
    const naive = new Naive();
    const reader = new Replica('reader');
    for (const txn of txns) addToNaive(naive, txn);
    for (const change of changes) mergeChanges(reader, [change]);

    const some = () =>
      Array.from({ length: random.below(3) }, () => random.below(Math.max(naive.events.length, 1)));
    for (let i = 0; i < 5 && naive.events.length > 0; i++) {
      const [a, b] = [some(), some()];
      const [from, to] = [versionOf(naive, a), versionOf(naive, b)];
      expect(at(reader, from), `seed ${seed}`).toBe(naive.at(a));
      expect(apply(naive.at(a), diff(reader, from, to)), `seed ${seed}`).toBe(naive.at(b));
    }
    expect(at(reader, reader.version())).toBe(reader.toString());

    const authors = naive.order().filter(({ gone }) => !gone);
    expect(
      blame(reader).flatMap(({ at, length, agent, seq }) =>
        Array.from({ length }, (_, k) => ({ at: at + k, agent, seq: seq + k })),
      ),
      `seed ${seed}`,
    ).toEqual(authors.map(({ v }, at) => ({ at, agent: naive.events[v]?.agent, seq: naive.events[v]?.seq })));

    let place = 0;
    for (const { v, gone } of naive.order()) {
      const { agent, seq } = naive.events[v] as Naive['events'][number];
      const behind = gone ? place : place + 1;
      expect(position(reader, { agent, seq, before: true }), `seed ${seed}`).toBe(place);
      expect(position(reader, { agent, seq }), `seed ${seed}`).toBe(behind);
      place = behind;
    }
    for (let at = 0; at <= reader.length; at++) {
      for (const side of ['left', 'right'] as const)
        expect(position(reader, anchor(reader, at, side))).toBe(at);
    }
  }
});

test('an anchor stays beside its code point', () => {
  const ann = new Replica('ann');
  ann.insert(0, 'hello 😀');
  const [start, behind, before, end] = [
    anchor(ann, 0, 'left'),
    anchor(ann, 5, 'left'),
    anchor(ann, 5, 'right'),
    anchor(ann, 7, 'right'),
  ];
  expect([start, behind, before, end]).toEqual([
    {},
    { agent: 'ann', seq: 4 },
    { agent: 'ann', seq: 5, before: true },
    { before: true },
  ]);
  const places = () => [start, behind, before, end].map((anchor) => position(ann, anchor));
  expect(places()).toEqual([0, 5, 5, 7]);
  ann.insert(5, ',');
  expect(places()).toEqual([0, 5, 6, 8]);
  ann.delete(3, 4);
  expect(places()).toEqual([0, 3, 3, 4]);
});

describe('what is no place, and no version, is bad_operation', () => {
  const ann = new Replica('ann');
  ann.insert(0, 'b');
  ann.insert(0, 'a');
  ann.delete(0, 1);
  const versions: Version[] = [
    { ann: [[1, 2]] },
    { ann: [[0, 4]] },
    { bob: [[0, 1]] },
    { ann: [[0, 2 ** 30]] },
    { ann: [[0, Number.POSITIVE_INFINITY]] },
    { ann: [[1, 0]] },
    {
      ann: [
        [1, 2],
        [0, 1],
      ],
    },
    { ann: [[0, 0.5]] },
    ...[null, 5, { ann: null }, { ann: [5] }, { ann: [['0', 1]] }, { ann: [[0]] }].map(
      (wrong) => wrong as never,
    ),
  ];
  const wrong: [string, () => unknown][] = [
    ['an anchor behind the end', () => anchor(ann, 2, 'left')],
    ['an anchor between two', () => anchor(ann, 0.5, 'left')],
    ['an anchor of nobody', () => position(ann, { agent: 'bob', seq: 0 })],
    ['an anchor of a deletion', () => position(ann, { agent: 'ann', seq: 2 })],
    ['an anchor that is not known', () => position(ann, { agent: 'ann', seq: 3 })],
    ['an anchor of half an event', () => position(ann, { agent: 'ann', seq: 0.5 } as Anchor)],
    ['code units behind the end', () => ann.toPosition(2)],
    ['a position behind the end', () => ann.toUnits(2)],
    ...versions.map((version): [string, () => unknown] => [
      `the version ${JSON.stringify(version)}`,
      () => at(ann, version),
    ]),
  ];
  test.each(wrong)('%s', (_, use) => {
    expect(use).toThrow(expect.objectContaining({ name: 'TextError', code: 'bad_operation' }));
  });
});

test('positions are told in UTF-16 code units, and back', () => {
  const replica = new Replica('ann');
  replica.insert(0, 'a😀é');
  expect([0, 1, 2, 3].map((at) => replica.toUnits(at))).toEqual([0, 1, 3, 4]);
  expect([0, 1, 2, 3, 4].map((units) => replica.toPosition(units))).toEqual([0, 1, 1, 2, 3]);
  expect([replica.slice(1, 2), replica.slice(1), replica.slice(-1, 99), replica.slice(2, 1)]).toEqual([
    '😀',
    '😀é',
    'a😀é',
    '',
  ]);
});
