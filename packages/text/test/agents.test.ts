import { expect, test } from 'vitest';
import { Agents } from '../src/agents.ts';

test('events are ordered by the names of their agents, and those of one by seq, however they came', () => {
  const agents = new Agents();
  const [emoji, low, high] = ['😀', 'a', '\uffff'].map((name) => agents.named(name)) as [
    number,
    number,
    number,
  ];
  agents.add(emoji, 5, 2); // events 0, 1
  agents.add(low, 0, 1); // 2
  agents.add(emoji, 0, 3); // 3, 4, 5
  agents.add(emoji, 3, 2); // 6, 7
  agents.add(high, 9, 1); // 8
  agents.add(low, 1, 1); // 9
  const events = Array.from({ length: 10 }, (_, v) => v);
  expect(events.toSorted((x, y) => agents.compare(x, y))).toEqual([2, 9, 8, 3, 4, 5, 6, 7, 0, 1]);
  expect(agents.named('a')).toBe(low);
});
