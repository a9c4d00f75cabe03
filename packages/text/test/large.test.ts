import { expect, test } from 'vitest';
import type { History } from '../src/history.ts';
import { Rope } from '../src/rope.ts';
import { Document } from './histories.ts';
import { Random } from './random.ts';

// Histories that are too long for the naive engine, and whose trees have several levels.

const letters = [...'abc漢😀'];

/** One branch: so many edits at random places from one position to another, which are the ends at first. */
interface Branch {
  agent: string;
  parents: number[];
  edits: number;
  from: number;
  to: number;
}

/** Adds a branch to a history, says what each edit is, and returns its last event. */
function add(
  history: History,
  random: Random,
  { agent, parents, edits, from, to }: Branch,
  seq = 0,
  tell: (at: number, text: string) => void = () => {},
): number {
  const start = history.end;
  let end = to;
  history.graph.add(start, parents);
  for (let i = 0; i < edits; i++) {
    const at = from + random.below(end - from);
    if (random.below(3) > 0) {
      const text = random.of(letters);
      history.insert(at, text, 1);
      tell(at, text);
      end++;
    } else {
      history.remove(at, 1);
      tell(at, '');
      end--;
    }
  }
  history.agents.add(history.agents.named(agent), seq, edits);
  return history.end - 1;
}

function begin(history: History, length: number): void {
  history.graph.add(0, []);
  history.agents.add(history.agents.named('base'), 0, length);
  history.insert(0, 'x'.repeat(length), length);
}

test('two branches, each in its half of the text, are put one behind the other', () => {
  const merged = new Document();
  begin(merged.history, 4000);
  const halves = [new Rope('x'.repeat(2000)), new Rope('x'.repeat(2000))] as const;
  for (const [i, half] of halves.entries()) {
    const from = 2000 * i;
    const branch = { agent: `agent${i}`, parents: [3999], edits: 8000, from, to: from + 2000 };
    add(merged.history, new Random(i), branch, 0, (at, text) => {
      if (text === '') half.remove(at - from, 1);
      else half.insert(at - from, text, 1);
    });
  }
  merged.fold();
  expect(merged.text.toString() === halves.join('')).toBe(true);
});

test('branches that meet come to the same text in any order, at once and in parts', () => {
  const texts = [false, true].flatMap((swapped) => {
    const parts = new Document();
    const { history } = parts;
    begin(history, 1000);
    const heads: Record<string, number> = {};
    const branches = { a: 1, b: 2 };
    for (const [agent, seed] of Object.entries(branches).sort(() => (swapped ? -1 : 1))) {
      const branch = { agent, parents: [999], edits: 3000, from: 0, to: 1000 };
      heads[agent] = add(history, new Random(seed), branch);
      parts.fold();
    }
    const { a, b } = heads as { a: number; b: number };
    const both = {
      agent: 'c',
      parents: [a, b].sort((x, y) => x - y),
      edits: 3000,
      from: 0,
      to: parts.text.runes,
    };
    const alone = { agent: 'a', parents: [a], edits: 3000, from: 0, to: 300 };
    const later = [() => add(history, new Random(3), both), () => add(history, new Random(4), alone, 3000)];
    for (const next of swapped ? later.reverse() : later) {
      next();
      parts.fold();
    }
    const whole = new Document(history);
    whole.fold();
    return [parts.text.toString(), whole.text.toString()];
  });
  expect(texts[0]?.length).toBeGreaterThan(4000);
  expect(texts.map((text) => text === texts[0])).toEqual([true, true, true, true]);
});
