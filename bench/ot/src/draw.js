/** Numbers that look random and follow from a seed (mulberry32 by Tommy Ettinger). */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 on, and less than n. */
  below(n) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  }
}

/** No code point twice, so that a text tells what was done to it. */
const alphabet = [...'aé😀d漢f𝄞he\u0301🎉k'];

/** A text of 0 to 12 code points. */
export const drawText = (random) => alphabet.slice(0, random.below(alphabet.length + 1)).join('');

const word = (random, letters) => letters.splice(0, 1 + random.below(2)).join('');

/** One to four splices of a text of so many code points, each of which sees those before it. */
export function drawSplices(random, length, letters) {
  const op = [];
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(length + 1);
    const n = random.below(2) * random.below(Math.min(4, length - at) + 1);
    const text = n === 0 || random.below(2) === 0 ? word(random, letters) : '';
    op.push([at, n, text]);
    length += [...text].length - n;
  }
  return op;
}

/** Components over a text of so many code points, with insertions in front of, within and behind deletions. */
export function drawComponents(random, length, letters) {
  const components = [];
  for (let rest = length; rest > 0 && components.length < 12; ) {
    const n = 1 + random.below(Math.min(3, rest));
    if (random.below(3) === 0) components.push(word(random, letters));
    components.push(random.below(2) === 0 ? n : { d: n });
    rest -= n;
  }
  if (random.below(2) === 0) components.push(word(random, letters));
  return components;
}
