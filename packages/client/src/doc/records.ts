import type { ErrorCode } from '../codes.ts';
import { byteLength } from '../core/turn.ts';
import { decodeRecordCell, type Fields, lastWrite, overwritten, type RecordCell } from './cell.ts';
import { type Condition, decodeConditions, holds } from './condition.ts';
import { badOperation, check, equal, isObject, type Members, put } from './json.ts';
import { type Cells, type FoldEntry, mine, type Op, type Stamp, stamp, type Type } from './type.ts';

/** How many fields a record may have, with those that were removed since it was set (rule RECORDS-13). */
const maxFields = 1000;

/**
 * Records that a batch has made, which nobody else can see yet: it copies a
 * record at its first write to it, and changes the copy at the others.
 */
type Copies = Set<RecordCell>;

/** An operation on one record. */
interface Step {
  key: string;
  conditions: readonly Condition[];
  rejectUnseen: boolean;
  /** It concerns only what the operation's client wrote last. */
  own: boolean;
  /** It creates the record where there is none. */
  creates: boolean;
  /** Returns the record after it; null: it is gone; undefined: as before. */
  next(entry: FoldEntry, cell: RecordCell | undefined, copies: Copies): RecordCell | null | undefined;
}

/** The type records: keyed JSON objects, whose fields are last-write-wins in the order of the log (rules RECORDS). */
export const records: Type<RecordCell> = {
  name: 'records',

  decode(data): Op<RecordCell> {
    check(data);
    const ops: unknown = isObject(data) && data.op === 'batch' ? only(data, ['op', 'ops']).ops : [data];
    if (!Array.isArray(ops) || ops.length < 1 || ops.length > 500)
      throw badOperation('A batch has 1 to 500 operations.');
    const steps = ops.map(decodeStep);
    return {
      keys: [...new Set(steps.map((step) => step.key))],
      apply(entry, cells) {
        const copies: Copies = new Set();
        for (const step of steps) {
          const code = apply(step, entry, cells, step.rejectUnseen ? new Set() : copies);
          if (code) return code;
        }
        return undefined;
      },
    };
  },

  decodeCell: decodeRecordCell,

  writes: (cell) => [lastWrite(cell), ...Object.values(cell.writes ?? {})],

  same: (before, now) => (equal(before.fields, now.fields) ? { ...now, fields: before.fields } : undefined),
};

/** Asks first whether the record is there, then the conditions, then what is unseen (rule RECORDS-6). */
function apply(
  step: Step,
  entry: FoldEntry,
  cells: Cells<RecordCell>,
  copies: Copies,
): ErrorCode | undefined {
  const { key, own, creates } = step;
  const cell = cells.get(key);
  if (!cell && !creates && !own) return 'missing';
  if (!step.conditions.every((condition) => holds(condition, cell))) return 'precondition_failed';
  const next = cell || creates ? step.next(entry, cell, copies) : undefined;
  if (next === undefined) return undefined;
  if (step.rejectUnseen && overwritten(entry, cell, next ?? undefined).length) return 'overwrites_unseen';
  if (next && tooManyFields(next)) return 'limit_exceeded';
  cells.set(key, next ?? undefined);
  return undefined;
}

function tooManyFields({ fields, writes = {} }: RecordCell): boolean {
  const names = Object.keys(fields);
  const written = Object.keys(writes);
  return (
    names.length + written.length > maxFields &&
    names.length + written.filter((name) => !Object.hasOwn(fields, name)).length > maxFields
  );
}

/** What is wrong with an operation that no handle makes. */
const strange = 'It is no operation on records.';

/** Members that operations on one record have, beside those of their kind. */
const common = ['op', 'key', 'if', 'ifUnseen', 'own'];

function decodeStep(data: unknown): Step {
  if (!isObject(data)) throw badOperation(strange);
  const { op, key, if: conditions, ifUnseen, own } = data;
  if (typeof key !== 'string' || !key || byteLength(key) > 255 || /\p{Cc}/u.test(key))
    throw badOperation('A key has 1 to 255 bytes of UTF-8 without control characters.');
  if ((ifUnseen !== undefined && ifUnseen !== 'reject') || (own !== undefined && own !== true))
    throw badOperation(strange);
  const step = {
    key,
    conditions: decodeConditions(conditions),
    rejectUnseen: ifUnseen !== undefined,
    own: own !== undefined,
    creates: op === 'set',
  };
  switch (op) {
    case 'set':
      return { ...step, next: decodeSet(only(data, [...common, 'value']), step.own) };
    case 'patch':
      return { ...step, next: decodePatch(only(data, [...common, 'set', 'unset']), step.own) };
    case 'delete':
      only(data, common);
      return { ...step, next: step.own ? deleteOwn : () => null };
    default:
      throw badOperation(strange);
  }
}

/** Takes an operation's members; throws bad_operation if it has others. */
function only(data: Members, names: readonly string[]): Members {
  if (!Object.keys(data).every((name) => names.includes(name))) throw badOperation(strange);
  return data;
}

function checkNames(names: readonly string[]): void {
  if (names.some((name) => name.length > 85 && byteLength(name) > 255))
    throw badOperation("A field's name has up to 255 bytes of UTF-8.");
}

function decodeSet({ value }: Members, own: boolean): Step['next'] {
  if (!isObject(value)) throw badOperation('A record is an object.');
  checkNames(Object.keys(value));
  return ({ offset, client }, cell) => {
    if (cell && own) return undefined;
    return { fields: value, at: offset, ...(client !== undefined && { by: client }) };
  };
}

function decodePatch({ set = {}, unset = [] }: Members, own: boolean): Step['next'] {
  if (!isObject(set) || !Array.isArray(unset) || !unset.every((field) => typeof field === 'string'))
    throw badOperation(strange);
  const names = Object.keys(set);
  const all = [...names, ...unset];
  if (!all.length) throw badOperation('A patch writes or removes a field.');
  checkNames(all);
  if (new Set(all).size < all.length) throw badOperation('No field stands in a patch twice.');
  return (entry, cell, copies) => {
    if (!own) return write(entry, cell, set, unset, copies);
    const may = (field: string): boolean => !!cell && mine(entry, lastWrite(cell, field));
    const kept = Object.fromEntries(Object.entries(set).filter(([field]) => may(field)));
    return write(entry, cell, kept, unset.filter(may), copies);
  };
}

/** Removes the fields that the client wrote last, and the record if it had set it and no other is left. */
function deleteOwn(
  entry: FoldEntry,
  cell: RecordCell | undefined,
  copies: Copies,
): RecordCell | null | undefined {
  const names = Object.keys(cell?.fields ?? {});
  const removed = names.filter((field) => cell && mine(entry, lastWrite(cell, field)));
  if (cell && removed.length === names.length && mine(entry, lastWrite(cell))) return null;
  return write(entry, cell, {}, removed, copies);
}

/** The record with fields written and removed; undefined if there is nothing to do. */
function write(
  entry: FoldEntry,
  cell: RecordCell | undefined,
  set: Fields,
  unset: readonly string[],
  copies: Copies,
): RecordCell | undefined {
  if (!cell) return undefined;
  const removed = unset.filter((field) => Object.hasOwn(cell.fields, field));
  const names = Object.keys(set);
  if (!names.length && !removed.length) return undefined;
  const next = copies.has(cell) ? cell : { ...cell, fields: { ...cell.fields }, writes: { ...cell.writes } };
  copies.add(next);
  const fields = next.fields as Record<string, unknown>;
  const writes = next.writes as Record<string, Stamp>;
  for (const field of names) put(fields, field, set[field]);
  for (const field of removed) delete fields[field];
  for (const field of [...names, ...removed]) put(writes, field, stamp(entry));
  return next;
}
