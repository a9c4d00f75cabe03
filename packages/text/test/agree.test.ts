import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addTo, Document, drawHistory } from './histories.ts';
import { Random } from './random.ts';

/** A history that follows from a seed and a number of steps, and the text that it comes to. */
interface Agreed {
  seed: number;
  steps: number;
  text: string;
}

const file = join(import.meta.dirname, '../../../conformance/text/histories.json');
const histories: Agreed[] = JSON.parse(readFileSync(file, 'utf8'));

test('Go and TypeScript come to the same texts', { timeout: 120_000 }, () => {
  expect(histories.length).toBeGreaterThan(300);
  for (const { seed, steps, text } of histories) {
    const document = new Document();
    const naive = drawHistory(new Random(seed), steps, (txn) => addTo(document.history, txn));
    document.fold();
    expect(document.text.toString(), `seed ${seed}`).toBe(text);
    expect(naive, `seed ${seed}`).toBe(text);
  }
});
