import { expect, test } from 'vitest';
import { apply, op, Replica, transform } from '../src/index.ts';

test("the README's examples come to what they say", () => {
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
  const a = op.insert(1, 'X');
  const b = op.delete(0, 2);
  expect(apply(apply('abc', a), transform(b, a, 'right'))).toBe('Xc');
});
