import { TuttiError } from '../error.ts';
import { isObject, own } from './json.ts';
import { type FoldEntry, isStamp, type Stamp, saw } from './type.ts';

/** The fields of a record. */
export type Fields = Readonly<Record<string, unknown>>;

/** The cell of a record. */
export interface RecordCell {
  readonly fields: Fields;
  /** Of the operation that set the record as a whole. */
  readonly at: number;
  readonly by?: string;
  /** Of the fields that were written or removed since. */
  readonly writes?: Readonly<Record<string, Stamp>>;
}

/** The last write of a field, or of the record as a whole. */
export function lastWrite(cell: RecordCell, field?: string): Stamp {
  const write = field === undefined ? undefined : own(cell.writes, field);
  return write ?? (cell.by === undefined ? [cell.at] : [cell.at, cell.by]);
}

/** The fields that an entry overwrote or removed without that its author had seen their last write. */
export function overwritten(
  entry: FoldEntry,
  before: RecordCell | undefined,
  after: RecordCell | undefined,
): string[] {
  if (!before) return [];
  return Object.keys(before.fields).filter((field) => {
    const last = lastWrite(before, field);
    return (
      last[0] !== entry.offset && !saw(entry, last) && (!after || lastWrite(after, field)[0] !== last[0])
    );
  });
}

export function decodeRecordCell(json: unknown): RecordCell {
  if (
    isObject(json) &&
    isObject(json.fields) &&
    Number.isSafeInteger(json.at) &&
    (json.by === undefined || typeof json.by === 'string') &&
    (json.writes === undefined || (isObject(json.writes) && Object.values(json.writes).every(isStamp)))
  )
    return json as unknown as RecordCell;
  throw new TuttiError('bad_message', "A record's cell is {fields, at, by?, writes?}.");
}
