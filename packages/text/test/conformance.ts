import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** The values of a file that both languages check, of which there are so many at least. */
export function read<T>(name: string, atLeast: number): T[] {
  const file = join(import.meta.dirname, '../../../conformance/text', name);
  const values: T[] = JSON.parse(readFileSync(file, 'utf8'));
  expect(values.length).toBeGreaterThanOrEqual(atLeast);
  return values;
}
