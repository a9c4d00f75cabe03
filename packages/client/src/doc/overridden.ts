import { lastWrite, overwritten, type RecordCell } from './cell.ts';
import { own } from './json.ts';
import type { Folded } from './replica.ts';
import { type Stamp, stamp } from './type.ts';

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
  return cells.flatMap(([key, before, after]) =>
    overwritten(entry, before, after).map((field) => ({
      key,
      field,
      value: own(before?.fields, field),
      written: party(lastWrite(before as RecordCell, field)),
      by: party(stamp(entry)),
    })),
  );
}

function party([offset, client]: Stamp): { offset: number; client?: string } {
  return client === undefined ? { offset } : { offset, client };
}
