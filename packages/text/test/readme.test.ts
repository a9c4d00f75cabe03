import { expect, test } from 'vitest';
import { History, Rope } from '../src/index.ts';

test("the README's example comes to what it says", () => {
  const history = new History();
  const text = new Rope();
  const [ann, bob] = [history.agents.named('ann'), history.agents.named('bob')];
  history.graph.add(0, []);
  history.agents.add(ann, 0, 5);
  history.insert(0, 'hello', 5);
  history.graph.add(5, []);
  history.agents.add(bob, 0, 1);
  history.insert(0, '!', 1);
  const version = history.walk([], 0, 0, (at, n, inserted) => {
    if (n > 0) text.remove(at, n);
    else text.insert(at, inserted, inserted.length);
  });
  expect(text.toString()).toBe('hello!');
  expect(version).toEqual([4, 5]);
});
