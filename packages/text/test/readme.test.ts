import { expect, test } from 'vitest';
import { Replica } from '../src/index.ts';
import { blame } from '../src/past.ts';
import { open, save } from '../src/saved.ts';
import { apply, op, transform, transformPosition } from '../src/transform.ts';

test("the README's replicas come to what it says", () => {
  const ann = new Replica('ann');
  const bob = new Replica('bob');
  ann.insert(0, 'hello');
  bob.merge(ann.since(bob.version()));
  ann.insert(5, '!');
  bob.replace(0, 1, 'J');
  expect(ann.merge(bob.since(ann.version()))).toEqual([[0, 1, 'J']]);
  bob.merge(ann.since(bob.version()));
  expect([ann.toString(), bob.toString()]).toEqual(['Jello!', 'Jello!']);
  ann.undo();
  expect(ann.toString()).toBe('Jello');
  ann.redo();
  expect(ann.toString()).toBe('Jello!');
  const opened = open('ann', save(ann));
  expect(opened.toString()).toBe('Jello!');
  expect(blame(opened)[0]).toEqual({ at: 0, length: 1, agent: 'bob', seq: 1 });
});

test("the README's operations come to what it says", () => {
  const a = op.insert(1, 'X');
  const b = op.delete(0, 2);
  expect(apply(apply('abc', a), transform(b, a, 'right'))).toBe('Xc');
  expect(apply(apply('abc', b), transform(a, b, 'left'))).toBe('Xc');
  expect(transformPosition(3, b, 'left')).toBe(1);
});
