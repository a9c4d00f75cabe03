import { CrdtError, type CrdtErrorCode } from './error.ts';

const maxDepth = 64;

/** A JSON value as a replica keeps it: its own frozen copy, comparable by its canonical text. */
export interface Value<T = unknown> {
  readonly data: T;
  /** RFC 8785. */
  readonly text: string;
}

/**
 * Makes a value of what was given. A member that is undefined is left out, as
 * JSON.stringify does; what else JSON cannot say is refused with the code.
 */
export function toValue<T>(data: unknown, code: CrdtErrorCode, where: string): Value<T> {
  try {
    const text = canonical(data, 0);
    const own = typeof data === 'object' ? freeze(JSON.parse(text)) : data === 0 ? 0 : data;
    return { data: own as T, text };
  } catch (error) {
    if (typeof error !== 'string') throw error;
    throw new CrdtError(code, `${where}: ${error}`);
  }
}

/** A string as a key may be: without lone surrogates. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** The order of canonical JSON: by UTF-16 code units. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The canonical text; throws the reason, a string, if there is none. */
function canonical(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      if (!isWellFormed(value)) throw 'a string with a lone surrogate';
      return JSON.stringify(value);
    case 'number':
      if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) throw 'a number that is not within ±(2^53−1)';
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (depth === maxDepth) throw `nested deeper than ${maxDepth}`;
      return Array.isArray(value) ? canonicalArray(value, depth + 1) : canonicalObject(value, depth + 1);
    default:
      throw `not JSON: ${typeof value}`;
  }
}

function canonicalArray(items: unknown[], depth: number): string {
  let text = '';
  for (let i = 0; i < items.length; i++) text += (i ? ',' : '') + canonical(items[i], depth);
  return `[${text}]`;
}

function canonicalObject(object: object, depth: number): string {
  const prototype = Object.getPrototypeOf(object);
  if (prototype && Object.getPrototypeOf(prototype)) throw 'an object of a class';
  const members: string[] = [];
  for (const [name, value] of Object.entries(object).sort((a, b) => compare(a[0], b[0])))
    if (value !== undefined) members.push(`${canonical(name, depth)}:${canonical(value, depth)}`);
  return `{${members}}`;
}

function freeze<T>(data: T): T {
  if (typeof data === 'object' && data) for (const item of Object.values(Object.freeze(data))) freeze(item);
  return data;
}
