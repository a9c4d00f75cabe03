import { lastWrite, type RecordCell } from './cell.ts';
import type { Folded } from './replica.ts';
import { saw } from './type.ts';

/** A field's value that was overwritten or removed by an operation whose author had not seen it (rule RECORDS-10). */
export interface Overridden {
  readonly key: string;
  readonly field: string;
  /** What the field held. */
  readonly value: unknown;
  /** Who had written it, and at which offset. */
  readonly written: { readonly offset: number; readonly client?: string };
  /** Who overwrote it. */
  readonly by: { readonly offset: number; readonly client?: string };
}

export function overridden({ entry, cells }: Folded<RecordCell>): Overridden[] {
  const found: Overridden[] = [];
  for (const [key, before, after] of cells) {
    if (!before) continue;
    for (const [field, value] of Object.entries(before.fields)) {
      const write = lastWrite(before, field);
      if (saw(entry, write)) continue;
      if (after && lastWrite(after, field)[0] !== entry.offset) continue;
      found.push({ key, field, value, written: party(write), by: party([entry.offset, entry.client]) });
    }
  }
  return found;
}

function party([offset, client]: readonly [number, (string | undefined)?]): {
  offset: number;
  client?: string;
} {
  return client === undefined ? { offset } : { offset, client };
}
