import { TextError } from './error.ts';

/** The platform looks for it faster than a loop does, and in most texts need not even read them. */
const surrogate = /[\ud800-\udfff]/;
/** From so many code units on that is worth asking. */
const long = 64;

/**
 * How many code points a text has.
 *
 * @throws TextError if it is none, or has half of a surrogate pair: that is no
 * code point, and two halves that came together would be one.
 */
export function runesOf(text: string): number {
  if (typeof text !== 'string') throw new TextError('bad_operation', 'A text is a string.');
  const units = text.length;
  if (units >= long && !surrogate.test(text)) return units;
  let runes = units;
  for (let i = 0; i < units; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit > 0xdbff || !isLow(text.charCodeAt(i + 1))) {
      throw new TextError('bad_operation', `Half of a surrogate pair at ${i}.`);
    }
    runes--;
    i++;
  }
  return runes;
}

/** The code unit behind n code points of a text that has so many in all, from a code unit on; behind the end if it has fewer. */
export function behind(text: string, from: number, n: number, all: number): number {
  if (text.length === all) return from + n;
  let unit = from;
  for (let rest = n; rest > 0; rest--) unit += isHigh(text.charCodeAt(unit)) ? 2 : 1;
  return unit;
}

/** Whether a UTF-16 code unit is the second of a pair. */
export function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Whether a UTF-16 code unit is the first of a pair. */
export function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Orders texts by their code points, as UTF-8 is ordered; UTF-16 has some pairs the other way round. */
export function compareRunes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Puts surrogates behind all other code units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
