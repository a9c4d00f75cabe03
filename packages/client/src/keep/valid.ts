import { TuttiError } from '../error.ts';
import type { Entry, Snapshot } from '../protocol.ts';
import type { ClientRow, CopyRow, DeadRow, EntryRow, IndexRow, TopicRow } from './rows.ts';
import type { News } from './siblings.ts';

type Members = Record<string, unknown>;

const isObject = (row: unknown): row is Members => typeof row === 'object' && row !== null;
const isText = (value: unknown): value is string => typeof value === 'string';
const isTime = (value: unknown): value is number => Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const maybe = (is: (value: unknown) => boolean, value: unknown): boolean => value === undefined || is(value);

/** What can be read of a row that may be of another version, or damaged; each throws `storage_failed`. */
export const read = {
  client: (row: unknown): ClientRow =>
    checked(row, (r) => isText(r.secret) && isTime(r.taken) && isCount(r.run) && isTime(r.used)),

  topic: (row: unknown): TopicRow =>
    checked(row, (r) => isCount(r.last) && Array.isArray(r.voids) && r.voids.every(isRange)),

  entry: (row: unknown): EntryRow => checked(row, isEntry),

  dead: (row: unknown): DeadRow =>
    checked(row, (r) => isText(r.topic) && isTime(r.made) && isObject(r.error) && isText(r.error.code)),

  index: (row: unknown): IndexRow => checked(row, (r) => isCount(r.bytes) && isTime(r.used)),

  copy: (row: unknown): CopyRow => checked(row, (r) => isText(r.doc) && isPlace(r.snapshot)),

  tail: (row: unknown): Entry => checked(row, isPlace),
};

/** Reads rows by one of these; what cannot be read is told, and left alone. */
export function readable<T>(
  rows: readonly (readonly [key: string, row: unknown])[],
  as: (row: unknown) => T,
  report: (error: unknown) => void,
): [key: string, row: T][] {
  return rows.flatMap(([key, row]) => {
    try {
      return [[key, as(row)] as [string, T]];
    } catch (error) {
      report(error);
      return [];
    }
  });
}

function checked<T>(row: unknown, fits: (members: Members) => boolean): T {
  if (isObject(row) && fits(row)) return row as T;
  throw new TuttiError(
    'storage_failed',
    'What is stored cannot be read: it is damaged, or of another version.',
  );
}

function isRange(range: unknown): boolean {
  return Array.isArray(range) && range.length === 2 && range.every(isCount);
}

function isEntry(r: Members): boolean {
  return (
    isText(r.topic) &&
    isTime(r.made) &&
    isCount(r.bytes) &&
    r.data !== undefined &&
    maybe(isText, r.doc) &&
    maybe(isCount, r.seq) &&
    maybe(isObject, r.place) &&
    maybe(areSeen, r.seen)
  );
}

/** What can be read of what a sibling tells, whose page may be of another version; undefined: nothing. */
export function readNews(said: unknown): News | undefined {
  if (!isObject(said) || !isText(said.client) || !maybe(isText, said.id) || !Array.isArray(said.fates))
    return undefined;
  return { ...(said as unknown as News), fates: said.fates.filter(isFate) };
}

function isFate(fate: unknown): boolean {
  if (!isObject(fate) || !isText(fate.row)) return false;
  const { entry, at, upTo } = fate;
  return maybe((e) => isObject(e) && isEntry(e), entry) && maybe(isCount, at) && maybe(isCount, upTo);
}

/** Whether they are operations of siblings that were shown. */
function areSeen(value: unknown): boolean {
  const isSeen = (seen: unknown): boolean =>
    isObject(seen) &&
    isText(seen.row) &&
    isText(seen.client) &&
    isCount(seen.base) &&
    seen.data !== undefined;
  return Array.isArray(value) && value.every(isSeen);
}

/** Whether something stands at a place that a log can have. */
function isPlace(value: unknown): value is Members & Pick<Snapshot, 'offset'> {
  return (
    isObject(value) &&
    isCount(value.offset) &&
    maybe((term) => isText(term) && /^[\w-]{11}$/.test(term), value.term)
  );
}
