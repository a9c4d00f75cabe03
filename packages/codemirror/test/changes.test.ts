import { ChangeSet } from '@codemirror/state';
import { describe, expect, test } from 'vitest';
import { type Op, Replica } from '../../text/src/index.ts';
import { apply } from '../../text/src/transform.ts';
import { Random } from '../../text/test/random.ts';
import { points, toChanges, toDoc, toOp, toShow } from '../src/changes.ts';

const letters = ['a', 'b', '\n', '\r', 'é', '😀', '𝄞'];

function write(random: Random, most: number): string {
  return Array.from({ length: random.below(most) }, () => random.of(letters)).join('');
}

function draw(random: Random, length: number, splices: number): Op {
  let now = length;
  return Array.from({ length: splices }, () => {
    const at = random.below(now + 1);
    const n = random.below(Math.min(now - at, 4) + 1);
    const inserted = write(random, 4);
    now += points(inserted) - n;
    return [at, n, inserted] as const;
  });
}

function textOf(value: string): Replica {
  const text = new Replica('ann');
  text.insert(0, value);
  return text;
}

test('an operation does to a document what it does to a text', () => {
  for (let seed = 0; seed < 3_000; seed++) {
    const random = new Random(seed);
    const value = write(random, 30);
    const op = draw(random, points(value), random.below(6));
    const changes = toChanges(op, toDoc(value), points(value));
    expect(changes.apply(toDoc(value)).toString()).toBe(apply(value, op));
  }
});

test('changes of a document do to a text what they do to it', () => {
  for (let seed = 0; seed < 3_000; seed++) {
    const random = new Random(seed);
    const value = write(random, 30);
    const text = textOf(value);
    const unit = () => text.toUnits(random.below(text.length + 1));
    const specs = Array.from({ length: random.below(5) }, () => {
      const [from, to] = [unit(), unit()].sort((a, b) => a - b) as [number, number];
      return { from, to, insert: toDoc(write(random, 4)) };
    });
    const doc = toDoc(value);
    const one = specs.map((spec) => ChangeSet.of(spec, doc.length));
    const all = one.reduce((sum, change) => sum.compose(change.map(sum)), ChangeSet.empty(doc.length));
    expect(apply(value, toOp(all, text))).toBe(all.apply(doc).toString());
  }
});

describe('the operation of a change', () => {
  test('is one splice a place, from the beginning to the end', () => {
    const changes = ChangeSet.of(
      [
        { from: 0, insert: 'x' },
        { from: 2, to: 4, insert: 'yy' },
        { from: 5, to: 6 },
      ],
      6,
    );
    expect(toOp(changes, textOf('😀😀ab'))).toEqual([
      [0, 0, 'x'],
      [2, 1, 'yy'],
      [5, 1, ''],
    ]);
  });

  test('has no half of a pair in it', () => {
    expect(toOp(ChangeSet.of({ from: 0, insert: 'a\ud83d' }, 0), textOf(''))).toEqual([[0, 0, 'a\ufffd']]);
  });
});

test('ten thousand splices in a large document with emoji in it', () => {
  const value = 'all is well 😀\n'.repeat(50_000);
  const op: Op = Array.from({ length: 10_000 }, (_, i) => [i * 65, 1, 'xy']);
  expect(toChanges(op, toDoc(value), points(value)).apply(toDoc(value)).toString()).toBe(apply(value, op));
});

test('a document that is another becomes the text by what differs', () => {
  expect(toShow(toDoc('one two three'), 'one 2 three')).toMatchObject({ from: 4, to: 7, insert: toDoc('2') });
  expect(toShow(toDoc('aa'), 'aaa')).toMatchObject({ from: 2, to: 2 });
  const same = toShow(toDoc('a\nb'), 'a\nb');
  expect([same.from, same.to, same.insert.length]).toEqual([3, 3, 0]);
});
