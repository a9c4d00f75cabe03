import type { ErrorCode } from '../codes.ts';
import { byteLength } from '../core/turn.ts';
import { decodeRecordCell, type Fields, lastWrite, type RecordCell } from './cell.ts';
import { type Condition, decodeConditions, holds } from './condition.ts';
import { badOperation, check, equal, isObject, type Members, own } from './json.ts';
import { type Cells, type FoldEntry, mine, type Op, type Stamp, saw, stamp, type Type } from './type.ts';

/** How many fields a record may have, with those that were removed since it was set (rule RECORDS-13). */
const maxFields = 1000;

/** An operation on one record. */
interface Step {
  key: string;
  apply(entry: FoldEntry, cells: Cells<RecordCell>): ErrorCode | undefined;
}

interface Guards {
  conditions: readonly Condition[];
  rejectUnseen: boolean;
  /** Only what the operation's client wrote last. */
  own: boolean;
}

/** The type records: keyed JSON objects, whose fields are last-write-wins in the order of the log (rules RECORDS). */
export const records: Type<RecordCell> = {
  name: 'records',

  decode(data): Op<RecordCell> {
    if (!isObject(data)) throw badOperation('An operation is an object.');
    check(data);
    if (data.op !== 'batch') {
      const step = decodeStep(data);
      return { keys: [step.key], apply: step.apply };
    }
    const { ops } = members(data, ['op', 'ops']);
    if (!Array.isArray(ops) || ops.length < 1 || ops.length > 500)
      throw badOperation('A batch has 1 to 500 operations.');
    const steps = ops.map(decodeStep);
    return {
      keys: [...new Set(steps.map((step) => step.key))],
      apply(entry, cells) {
        for (const step of steps) {
          const code = step.apply(entry, cells);
          if (code) return code;
        }
        return undefined;
      },
    };
  },

  decodeCell: decodeRecordCell,

  same: (before, now) => (equal(before.fields, now.fields) ? { ...now, fields: before.fields } : undefined),
};

const guardMembers = ['if', 'ifUnseen', 'own'];

function decodeStep(data: unknown): Step {
  if (!isObject(data)) throw badOperation('An operation is an object.');
  switch (data.op) {
    case 'set':
      return decodeSet(members(data, ['op', 'key', 'value', ...guardMembers]));
    case 'patch':
      return decodePatch(members(data, ['op', 'key', 'set', 'unset', ...guardMembers]));
    case 'delete':
      return decodeDelete(members(data, ['op', 'key', ...guardMembers]));
    default:
      throw badOperation('op is "set", "patch", "delete" or "batch".');
  }
}

function decodeSet(data: Members): Step {
  const key = decodeKey(data);
  const guards = decodeGuards(data);
  const fields = data.value;
  if (!isObject(fields)) throw badOperation('value is an object.');
  const tooMany = Object.keys(fields).length > maxFields;
  return {
    key,
    apply(entry, cells) {
      const cell = cells.get(key);
      const code = failed(guards, cell);
      if (code || (cell && guards.own)) return code;
      if (cell && unseen(guards, entry, cell)) return 'overwrites_unseen';
      if (tooMany) return 'limit_exceeded';
      const { offset, client } = entry;
      cells.set(key, { fields, at: offset, ...(client !== undefined && { by: client }) });
      return undefined;
    },
  };
}

function decodePatch(data: Members): Step {
  const key = decodeKey(data);
  const guards = decodeGuards(data);
  const { set = {}, unset = [] } = data;
  if (!isObject(set) || !Array.isArray(unset) || !unset.every((field) => typeof field === 'string'))
    throw badOperation('set is an object, unset a list of fields.');
  const names = Object.keys(set);
  if (names.length + unset.length === 0) throw badOperation('A patch writes or removes a field.');
  if (new Set([...names, ...unset]).size < names.length + unset.length)
    throw badOperation('No field stands in a patch twice.');
  return {
    key,
    apply(entry, cells) {
      const cell = cells.get(key);
      const code = failed(guards, cell, 'missing');
      if (code || !cell) return code;
      const may = (field: string): boolean => !guards.own || mine(entry, lastWrite(cell, field));
      const written = guards.own ? names.filter(may) : names;
      const removed = unset.filter((field) => Object.hasOwn(cell.fields, field) && may(field));
      return write(
        entry,
        cells,
        key,
        cell,
        guards,
        written.length < names.length ? pick(set, written) : set,
        removed,
      );
    },
  };
}

function decodeDelete(data: Members): Step {
  const key = decodeKey(data);
  const guards = decodeGuards(data);
  return {
    key,
    apply(entry, cells) {
      const cell = cells.get(key);
      const code = failed(guards, cell, 'missing');
      if (code || !cell) return code;
      if (guards.own) {
        const names = Object.keys(cell.fields);
        const removed = names.filter((field) => mine(entry, lastWrite(cell, field)));
        if (removed.length < names.length || !mine(entry, lastWrite(cell)))
          return write(entry, cells, key, cell, guards, {}, removed);
      }
      if (unseen(guards, entry, cell)) return 'overwrites_unseen';
      cells.set(key, undefined);
      return undefined;
    },
  };
}

/** Writes and removes fields of a record. */
function write(
  entry: FoldEntry,
  cells: Cells<RecordCell>,
  key: string,
  cell: RecordCell,
  guards: Guards,
  set: Fields,
  removed: readonly string[],
): ErrorCode | undefined {
  const changed = [...Object.keys(set), ...removed];
  if (!changed.length) return undefined;
  if (unseen(guards, entry, cell, changed)) return 'overwrites_unseen';
  const fields: Record<string, unknown> = { ...cell.fields, ...set };
  for (const field of removed) delete fields[field];
  const writes: Record<string, Stamp> = { ...cell.writes };
  for (const field of changed) put(writes, field, stamp(entry));
  if (count(fields, writes) > maxFields) return 'limit_exceeded';
  cells.set(key, { ...cell, fields, writes });
  return undefined;
}

/** How many fields a record has, with those that were removed. */
function count(fields: Fields, writes: Fields): number {
  let n = Object.keys(fields).length;
  if (n + Object.keys(writes).length > maxFields)
    for (const field of Object.keys(writes)) if (!Object.hasOwn(fields, field)) n++;
  return n;
}

/** Takes the operation's members; throws bad_operation if it has others. */
function members(data: Members, names: readonly string[]): Members {
  for (const name of Object.keys(data))
    if (!names.includes(name))
      throw badOperation(`An operation of this kind has no member ${JSON.stringify(name)}.`);
  return data;
}

function decodeKey(data: Members): string {
  const { key } = data;
  if (typeof key !== 'string' || !key || byteLength(key) > 255 || /\p{Cc}/u.test(key))
    throw badOperation('A key has 1 to 255 bytes of UTF-8 without control characters.');
  return key;
}

function decodeGuards(data: Members): Guards {
  const { ifUnseen, own: onlyOwn } = data;
  if (ifUnseen !== undefined && ifUnseen !== 'reject') throw badOperation('ifUnseen is "reject".');
  if (onlyOwn !== undefined && onlyOwn !== true) throw badOperation('own is true.');
  return {
    conditions: decodeConditions(data.if),
    rejectUnseen: ifUnseen === 'reject',
    own: onlyOwn === true,
  };
}

/** Which of its conditions an operation fails; it may need the record. */
function failed(guards: Guards, cell: RecordCell | undefined, without?: ErrorCode): ErrorCode | undefined {
  if (!cell && without && !guards.own) return without;
  return guards.conditions.every((condition) => holds(condition, cell)) ? undefined : 'precondition_failed';
}

/** Whether an operation is to be rejected that overwrites or removes these fields, or all. */
function unseen(
  guards: Guards,
  entry: FoldEntry,
  cell: RecordCell,
  fields: readonly string[] = Object.keys(cell.fields),
): boolean {
  return (
    guards.rejectUnseen &&
    fields.some((field) => {
      if (!Object.hasOwn(cell.fields, field)) return false;
      const last = lastWrite(cell, field);
      return last[0] !== entry.offset && !saw(entry, last);
    })
  );
}

function pick(fields: Fields, names: readonly string[]): Fields {
  const picked: Record<string, unknown> = {};
  for (const name of names) put(picked, name, own(fields, name));
  return picked;
}

/** Sets a member, whatever its name. */
function put<V>(object: Record<string, V>, name: string, value: V): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}
