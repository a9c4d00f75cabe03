import { TuttiError } from '../error.ts';
import { badOperation, canonical, check, isObject } from './json.ts';
import { isStamp, type Op, type Stamp, saw, stamp, type Type } from './type.ts';

/** How many adds of one element that knew nothing of each other are kept (rule SET-4). */
const maxTags = 10_000;

/**
 * The type set: JSON values of which concurrent adds win (rules SET). The key
 * of an element is its canonical JSON, its cell the tags of the adds that hold.
 */
export const set: Type<readonly Stamp[]> = {
  name: 'set',

  decode(data): Op<readonly Stamp[]> {
    if (
      !isObject(data) ||
      (data.op !== 'add' && data.op !== 'remove') ||
      !Array.isArray(data.values) ||
      Object.keys(data).length !== 2
    )
      throw badOperation('An operation on a set is {"op": "add" or "remove", "values": […]}.');
    const { op, values } = data;
    if (values.length < 1 || values.length > 1000)
      throw badOperation('An operation on a set has 1 to 1,000 values.');
    check(values);
    const keys = [...new Set(values.map(canonical))];
    return {
      keys,
      apply(entry, cells) {
        for (const key of keys) {
          const unseen = (cells.get(key) ?? []).filter((write) => !saw(entry, write));
          if (op === 'add' && unseen.push(stamp(entry)) > maxTags) return 'limit_exceeded';
          cells.set(key, unseen.length ? unseen : undefined);
        }
        return undefined;
      },
    };
  },

  decodeCell(json, key): readonly Stamp[] {
    if (!isCanonical(key) || !Array.isArray(json) || !json.length || !json.every(isStamp))
      throw new TuttiError(
        'bad_message',
        "A set's cell is the element's canonical JSON with a list of tags.",
      );
    return json;
  },

  writes: (cell) => cell,

  same: (_, now) => now,
};

function isCanonical(text: string): boolean {
  try {
    return canonical(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}
