import { expect, test } from 'vitest';
import { Content } from '../src/content.ts';
import { Random } from './random.ts';

test('what was inserted is read at any place, while more comes and is taken back', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed);
    const content = new Content();
    const runs: string[][] = [];
    for (let step = 0; step < 300; step++) {
      const kind = random.below(8);
      if (kind === 0 || runs.length === 0) {
        content.begin();
        runs.push([]);
      }
      if (kind < 2) {
        const text = Array.from({ length: 1 + random.below(30) }, () => random.of([...'aé漢😀']));
        content.append(text.join(''));
        runs.at(-1)?.push(...text);
      }
      if (kind === 2 && runs.length > 1 && random.below(4) === 0) {
        runs.pop();
        content.truncate(runs.length, runs.flat().join('').length);
      }
      const i = random.below(runs.length);
      const run = runs[i] as string[];
      const from = random.below(run.length + 1);
      const n = random.below(run.length - from + 1);
      expect(content.text(i, from, n, run.length)).toBe(run.slice(from, from + n).join(''));
    }
    expect(content.length).toBe(runs.flat().join('').length);
  }
});
