import { damaged, Reader, utf8, type Writer } from './bytes.ts';
import { maxLength } from './history.ts';

// A text is saved so that it can be read fast: its length in bytes, and if that
// is not 0, whether it stands there as it is (0) or as Huffman codes (1): then
// the length of each byte's code, two in a byte, how many bytes of codes there
// are, and the codes, the highest bit first.

/** How many bits a code has at most. */
const longest = 12;

export function writePlain(out: Writer, text: string): void {
  const bytes = utf8(text);
  out.number(bytes.length);
  if (text === '') return;
  const lengths = codeLengths(bytes);
  const codes = places(lengths).map((place, byte) => place >> (longest - (lengths[byte] as number)));
  let bits = 0;
  for (const byte of bytes) bits += lengths[byte] as number;
  const size = (bits + 7) >> 3;
  const packed = size + 160 < bytes.length;
  out.byte(Number(packed));
  if (!packed) {
    out.bytes(bytes);
    return;
  }
  for (let i = 0; i < 256; i += 2) out.byte((lengths[i] as number) | ((lengths[i + 1] as number) << 4));
  out.number(size);
  let buffer = 0;
  let held = 0;
  for (const byte of bytes) {
    buffer = (buffer << (lengths[byte] as number)) | (codes[byte] as number);
    held += lengths[byte] as number;
    for (; held >= 8; held -= 8) out.byte((buffer >>> (held - 8)) & 255);
  }
  if (held > 0) out.byte((buffer << (8 - held)) & 255);
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
    const symbols = [...counts.keys()].filter((byte) => counts[byte] as number);
    symbols.sort((a, b) => (counts[a] as number) - (counts[b] as number));
    // The trees: those of one byte, and then the joined ones, both ascending.
    const trees = symbols.map((byte) => counts[byte] as number);
    const above: number[] = [];
    let leaf = 0;
    let joined = symbols.length;
    const rarest = (): number => {
      const first = leaf < symbols.length && !((trees[joined] as number) < (trees[leaf] as number));
      const tree = first ? leaf++ : joined++;
      above[tree] = trees.length;
      return trees[tree] as number;
    };
    while (trees.length < 2 * symbols.length - 1) trees.push(rarest() + rarest());
    const lengths = new Uint8Array(256);
    const depths = trees.map(() => 0);
    for (let tree = trees.length - 2; tree >= 0; tree--) {
      depths[tree] = (depths[above[tree] as number] as number) + 1;
    }
    for (const [i, byte] of symbols.entries()) lengths[byte] = Math.max(1, depths[i] as number);
    if (Math.max(...lengths) <= longest) return lengths;
    for (const byte of symbols) counts[byte] = ((counts[byte] as number) + 1) >> 1;
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
