import type { ErrorCode } from '../../src/codes.ts';
import type { RecordCell } from '../../src/doc/cell.ts';
import { counter } from '../../src/doc/counter.ts';
import { canonical } from '../../src/doc/json.ts';
import { records } from '../../src/doc/records.ts';
import { set } from '../../src/doc/set.ts';
import type { Cells, FoldEntry, Type, TypeName } from '../../src/doc/type.ts';
import { TuttiError } from '../../src/error.ts';

/** The types by name, each as if its cells were of any kind. */
export const types = { counter, set, records } as unknown as Record<TypeName, Type<unknown>>;

/** Applies one entry, by copying all cells: slow, and plainly right. */
export function fold(
  type: Type<unknown>,
  cells: Map<string, unknown>,
  entry: FoldEntry,
  data: unknown,
): { cells: Map<string, unknown>; error?: ErrorCode } {
  const next = new Map(cells);
  const view: Cells<unknown> = {
    get: (key) => next.get(key),
    set: (key, cell) => void (cell === undefined ? next.delete(key) : next.set(key, cell)),
  };
  try {
    const error = type.decode(data).apply(entry, view);
    return error ? { cells, error } : { cells: next };
  } catch (error) {
    if (error instanceof TuttiError) return { cells, error: error.code };
    throw error;
  }
}

/** The value of a document. */
export function valueAs(type: TypeName, cells: ReadonlyMap<string, unknown>): unknown {
  switch (type) {
    case 'counter':
      return cells.get('') ?? 0;
    case 'set':
      return [...cells.keys()].sort().map((key) => JSON.parse(key));
    case 'records':
      return Object.fromEntries([...cells].map(([key, cell]) => [key, (cell as RecordCell).fields]));
    default:
      return type satisfies never;
  }
}

/** Cells as text, in the order of their keys. */
export function print(cells: Iterable<readonly [string, unknown]>): string[] {
  return [...cells].map((pair) => canonical(pair)).sort();
}
