import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addTo, addToNaive, Document, type Txn } from './histories.ts';
import { Naive } from './naive.ts';
import { Random } from './random.ts';
import { reordered } from './reordered.ts';

/** A history, and the text that every engine comes to. */
interface Vector {
  name: string;
  txns: Txn[];
  endContent: string;
}

const folder = join(import.meta.dirname, '../../../conformance/text');

function fold(txns: Txn[]) {
  const naive = new Naive();
  const whole = new Document();
  const steps = new Document();
  for (const txn of txns) {
    addToNaive(naive, txn);
    addTo(whole.history, txn);
    addTo(steps.history, txn);
    steps.fold();
  }
  whole.fold();
  return { naive: naive.toString(), whole: whole.text.toString(), steps: steps.text.toString() };
}

describe.each(['vectors.json', 'drawn.json'])('%s', (file) => {
  const vectors: Vector[] = JSON.parse(readFileSync(join(folder, file), 'utf8'));

  test.each(vectors.map((vector, i) => ({ ...vector, i })))('$name', { timeout: 60_000 }, (vector) => {
    const { txns, endContent, i } = vector;
    const want = { naive: endContent, whole: endContent, steps: endContent };
    expect(fold(txns)).toEqual(want);
    expect(fold(reordered(txns, new Random(i))), 'in another order').toEqual(want);
  });
});
