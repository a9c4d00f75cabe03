import { lastWrite, type RecordCell } from './cell.ts';
import { badOperation, equal, isObject, type Members, own } from './json.ts';

/** What must hold of a record, or of one of its fields, for an operation to be applied (rule RECORDS-6). */
export type Condition = { field?: string } & (
  | { equals: unknown }
  | { is: 'absent' | 'present' }
  | { unchangedSince: number }
);

export function decodeConditions(data: unknown): readonly Condition[] {
  if (data === undefined) return [];
  if (!Array.isArray(data) || data.length > 16) throw badOperation('if is a list of up to 16 conditions.');
  for (const condition of data) {
    const { field = '', ...rest }: Members = isObject(condition) ? condition : {};
    const [[name, value] = [], ...others] = Object.entries(rest);
    if (typeof field !== 'string' || others.length || !fits(name, value))
      throw badOperation(
        'A condition is {field?} with one of equals, is: "absent" or "present", unchangedSince: offset.',
      );
  }
  return data;
}

function fits(name: string | undefined, value: unknown): boolean {
  switch (name) {
    case 'equals':
      return true;
    case 'is':
      return value === 'absent' || value === 'present';
    case 'unchangedSince':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    default:
      return false;
  }
}

export function holds(condition: Condition, cell: RecordCell | undefined): boolean {
  const { field } = condition;
  const value = field === undefined ? cell?.fields : own(cell?.fields, field);
  if ('is' in condition) return (value === undefined) === (condition.is === 'absent');
  if (value === undefined || !cell) return false;
  if ('equals' in condition) return equal(value, condition.equals);
  const { unchangedSince } = condition;
  if (field !== undefined) return lastWrite(cell, field)[0] <= unchangedSince;
  return [cell.at, ...Object.values(cell.writes ?? {}).map(([offset]) => offset)].every(
    (o) => o <= unchangedSince,
  );
}
