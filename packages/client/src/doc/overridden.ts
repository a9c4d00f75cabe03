import { lastWrite, overwritten, type RecordCell } from './cell.ts';
import { freeze, own } from './json.ts';
import type { Folded } from './replica.ts';
import { type Stamp, stamp } from './type.ts';

/** A field's value that was overwritten or removed by an operation whose author had not seen it (rule RECORDS-10). */
export interface Overridden {
  readonly key: string;
  readonly field: string;
  /** What the field held. */
  readonly before: unknown;
  /** The write that was overridden. */
  readonly lost: { readonly offset: number; readonly client?: string };
  /** The write that did it. */
  readonly won: { readonly offset: number; readonly client?: string };
}

export function overridden({ entry, cells }: Folded<RecordCell>): Overridden[] {
  return cells.flatMap(([key, before, after]) =>
    overwritten(entry, before, after).map((field) => ({
      key,
      field,
      before: freeze(own(before?.fields, field)),
      lost: party(lastWrite(before as RecordCell, field)),
      won: party(stamp(entry)),
    })),
  );
}

function party([offset, client]: Stamp): { offset: number; client?: string } {
  return client === undefined ? { offset } : { offset, client };
}
