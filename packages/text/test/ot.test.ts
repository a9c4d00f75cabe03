import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Op } from '../src/op.ts';
import { apply, transform } from '../src/transform.ts';

interface Pair {
  text: string;
  a: Op;
  b: Op;
  left: Op;
  right: Op;
  ab: string;
}

const file = join(import.meta.dirname, '../../../conformance/text/ot.json');

// No code point occurs twice in their texts, so two operations that make the same text have done the same.
test('concurrent operations are transformed as ot-text-unicode does', () => {
  const pairs: Pair[] = JSON.parse(readFileSync(file, 'utf8'));
  expect(pairs.length).toBeGreaterThan(300);
  for (const { text, a, b, left, right, ab } of pairs) {
    const about = JSON.stringify({ text, a, b });
    for (const op of [left, transform(a, b, 'left')]) expect(apply(apply(text, b), op), about).toBe(ab);
    for (const op of [right, transform(b, a, 'right')]) expect(apply(apply(text, a), op), about).toBe(ab);
  }
});
