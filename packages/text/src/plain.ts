import { damaged, Reader, utf8, Writer } from './bytes.ts';
import { maxLength } from './history.ts';

// A text is saved so that it can be read fast: its length in bytes, and if that
// is not 0, whether it stands there as it is (0) or as Huffman codes (1): then
// the length of each byte's code, two in a byte, how many bytes of codes there
// are, and the codes, the highest bit first.

/** How many bits a code has at most. */
const longest = 12;

/** Bytes whose codes begin alike, and how often they occur. */
interface Tree {
  count: number;
  bytes: number[];
}

export function writePlain(out: Writer, text: string): void {
  const bytes = utf8(text);
  out.number(bytes.length);
  if (text === '') return;
  const lengths = codeLengths(bytes);
  const starts = places(lengths);
  const codes = new Writer();
  let buffer = 0;
  let held = 0;
  for (const byte of bytes) {
    const n = lengths[byte] as number;
    buffer = (buffer << n) | ((starts[byte] as number) >> (longest - n));
    for (held += n; held >= 8; held -= 8) codes.byte(buffer >>> (held - 8));
  }
  if (held > 0) codes.byte(buffer << (8 - held));
  const size = codes.written.length;
  if (size + 160 >= bytes.length) {
    out.byte(0);
    out.bytes(bytes);
    return;
  }
  out.byte(1);
  for (let i = 0; i < 256; i += 2) out.byte((lengths[i] as number) | ((lengths[i + 1] as number) << 4));
  out.number(size);
  out.bytes(codes.written);
}

/** Reads what writePlain wrote. */
export function readPlain(from: Reader): string {
  const n = from.number(4 * maxLength);
  if (n === 0) return '';
  if (from.number(1) === 0) return from.text(n);
  const lengths = new Uint8Array(256);
  for (const [i, two] of from.bytes(128).entries()) lengths.set([two & 15, two >> 4], 2 * i);
  const data = from.bytes(from.number(from.left));
  if (n > 8 * data.length || lengths.some((length) => length > longest)) throw damaged();
  // Of the code that some bits begin with: the byte, and how many bits it has.
  const table = new Uint16Array(1 << longest);
  for (const [byte, place] of places(lengths).entries()) {
    const length = lengths[byte] as number;
    if (length > 0) table.fill((byte << 4) | length, place, place + (1 << (longest - length)));
  }
  const bytes = new Uint8Array(n);
  let buffer = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (; held < longest; held += 8) buffer = (buffer << 8) | (data[at++] ?? 0);
    const entry = table[(buffer >>> (held - longest)) & ((1 << longest) - 1)] as number;
    if (entry === 0) throw damaged();
    bytes[i] = entry >> 4;
    held -= entry & 15;
  }
  if (at - (held >> 3) > data.length) throw damaged();
  return new Reader(bytes).text(n);
}

/**
 * How long the codes of a Huffman code are, for bytes of which there is one at
 * least (0: the byte does not occur), none longer than longest. Of trees that
 * are equally rare those of lower bytes are joined first, and bytes before
 * joined ones.
 */
function codeLengths(bytes: Uint8Array): Uint8Array {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) (counts[byte] as number)++;
  for (;;) {
    const lengths = new Uint8Array(256);
    const trees = counts.map((count, byte) => ({ count, bytes: [byte] })).filter(({ count }) => count > 0);
    if (trees.length === 1) lengths[bytes[0] as number] = 1;
    while (trees.length > 1) {
      const [a, b] = trees.sort((a, b) => a.count - b.count).splice(0, 2) as [Tree, Tree];
      const joined = [...a.bytes, ...b.bytes];
      for (const byte of joined) (lengths[byte] as number)++;
      trees.push({ count: a.count + b.count, bytes: joined });
    }
    if (Math.max(...lengths) <= longest) return lengths;
    for (const [byte, count] of counts.entries()) counts[byte] = (count + 1) >> 1;
  }
}

/**
 * Where the codes of each byte are among all of longest bits that begin with
 * them: shorter ones first, and of one length those of lower bytes.
 */
function places(lengths: Uint8Array): Uint16Array {
  const places = new Uint16Array(256);
  let next = 0;
  for (let n = 1; n <= longest; n++) {
    for (let byte = 0; byte < 256; byte++) {
      if (lengths[byte] !== n) continue;
      places[byte] = next;
      next += 1 << (longest - n);
    }
  }
  if (next > 1 << longest) throw damaged();
  return places;
}
