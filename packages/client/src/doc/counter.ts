import { TuttiError } from '../error.ts';
import { badOperation, isObject } from './json.ts';
import type { Op, Type } from './type.ts';

/** The type counter: one number, to which each add counts once (rules COUNTER). Its cell is at the key "". */
export const counter: Type<number> = {
  name: 'counter',

  decode(data): Op<number> {
    if (!isObject(data) || data.op !== 'add' || Object.keys(data).length !== 2)
      throw badOperation('An operation on a counter is {"op": "add", "n": a whole number}.');
    const n = data.n as number;
    if (!Number.isSafeInteger(n) || n === 0)
      throw badOperation('n is a whole number, not 0, within ±(2^53-1).');
    return {
      keys: [''],
      apply(_, cells) {
        const sum = (cells.get('') ?? 0) + n;
        if (!Number.isSafeInteger(sum)) return 'out_of_range';
        cells.set('', sum);
        return undefined;
      },
    };
  },

  decodeCell(json): number {
    if (!Number.isSafeInteger(json))
      throw new TuttiError('bad_message', "A counter's cell is a whole number.");
    return json as number;
  },

  same: (before, now) => (before === now ? now : undefined),
};
