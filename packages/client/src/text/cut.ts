import { type Op, runesOf, type Splice } from '@tutti/text/log';

/** How many splices an operation has at most; the server takes more. */
const mostSplices = 1000;

/**
 * Cuts an operation into several, each of which has about so many bytes of JSON
 * at most, as has what takes it back, and sees those before it.
 */
export function cut(op: Op, most: number): Op[] {
  const all: Splice[][] = [];
  let last: Splice[] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const splice of op) {
    for (const piece of pieces(splice, most)) {
      const size = bytesOf(piece);
      if (bytes + size > most || last.length === mostSplices) {
        last = [];
        all.push(last);
        bytes = 0;
      }
      last.push(piece);
      bytes += size + Math.min(piece[1] * 4, most);
    }
  }
  return all;
}

/** About how many bytes of JSON a splice has, and not fewer. */
export function bytesOf([at, n, text]: Splice): number {
  let bytes = `[${at},${n},""],`.length;
  for (const rune of text) bytes += bytesOfRune(rune);
  return bytes;
}

function bytesOfRune(rune: string): number {
  const code = rune.codePointAt(0) as number;
  if (code < 0x20) return 6;
  if (code < 0x80) return rune === '"' || rune === '\\' ? 2 : 1;
  return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** A splice as several, which insert so many bytes at most, and delete what could be put back so. */
function* pieces([at, n, text]: Splice, most: number): Iterable<Splice> {
  const mostDeleted = Math.ceil(most / 4);
  let deleted = n;
  for (; deleted > mostDeleted; deleted -= mostDeleted) yield [at, mostDeleted, ''];
  if (text.length * 6 <= most) {
    yield [at, deleted, text];
    return;
  }
  let position = at;
  let from = 0;
  let bytes = 0;
  for (let unit = 0; unit < text.length; ) {
    const rune = String.fromCodePoint(text.codePointAt(unit) as number);
    const size = bytesOfRune(rune);
    if (bytes + size > most && unit > from) {
      const piece = text.slice(from, unit);
      yield [position, deleted, piece];
      position += runesOf(piece);
      deleted = 0;
      from = unit;
      bytes = 0;
    }
    bytes += size;
    unit += rune.length;
  }
  yield [position, deleted, text.slice(from)];
}
