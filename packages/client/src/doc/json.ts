import { TuttiError } from '../error.ts';

/** A JSON object. It may have any name as its own member, `__proto__` too. */
export type Members = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function own<V>(object: Readonly<Record<string, V>> | undefined, name: string): V | undefined {
  return object && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Sets a member, whatever its name. */
export function put<V>(object: Record<string, V>, name: string, value: V): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

export function badOperation(message: string): TuttiError {
  return new TuttiError('bad_operation', message);
}

/** Throws bad_operation unless a fold can keep the value: its numbers are exact, its texts whole (rule DOC-22). */
export function check(value: unknown): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      throw badOperation('A number is finite, and a whole one within ±(2^53-1).');
  } else if (typeof value === 'string') {
    if (/\p{Cs}/u.test(value)) throw badOperation('A text holds a lone surrogate.');
  } else if (Array.isArray(value)) {
    for (const element of value) check(element);
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      check(name);
      check(value[name]);
    }
  }
}

/** The canonical JSON (RFC 8785) of a JSON value that was checked. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

/** Whether two JSON values have the same canonical JSON. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((element, i) => equal(element, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]))
  );
}

/** Freezes a JSON value with all that is in it; what is frozen already costs nothing. */
export function freeze<V>(value: V): V {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const name of Object.keys(value)) freeze((value as Members)[name]);
  }
  return value;
}

/** Compares texts by their bytes in UTF-8; those of JavaScript compare by UTF-16. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
