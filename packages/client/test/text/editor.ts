import { expect } from 'vitest';
import type { TextHandle } from '../../src/index.ts';

/** What an editor shows that is told the changes of a text and nothing else; each must make what is shown then. */
export function editor(text: TextHandle): () => string {
  let shown = [...text.value];
  text.onChange(({ op }) => {
    for (const [at, n, inserted] of op) shown.splice(at, n, ...inserted);
    expect(shown.join('')).toBe(text.value);
    shown = [...text.value];
  });
  return () => shown.join('');
}
