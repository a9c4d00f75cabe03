import { damaged, Writer } from './bytes.ts';

// The numbers and texts of a saved history are packed with an adaptive binary
// range coder, as LZMA's (Pavlov): each bit is coded by how likely it has been in
// its context so far.

const chanceBits = 11;
/** How fast a chance follows. */
const moveBits = 4;
const topBits = 1 << 24;
/** Bytes that are read behind the end, of an end that is right. */
const most = 8;

// Where in a context the chances of a number are: of how many bits it has, of
// each behind its highest three, and, by how many it has, of those three.
const low = 64;
const high = 128;
const all = high + 33 * 8;

/**
 * Packs values, or unpacks them by the same steps: then it returns others than
 * it is given. Each context, a small number, has chances of its own.
 */
export class Coder {
  readonly #out = new Writer();
  /** By context: how likely each bit is 0, of 1 << chanceBits. */
  readonly #chances: Uint16Array[] = [];
  /** What is unpacked, and how much of it was read. */
  readonly #packed: Uint8Array | undefined;
  #at = 0;
  /** Where the range of what is possible begins, or, while it unpacks, how far in it what was packed is. */
  #low = 0;
  #width = 0xffff_ffff;

  /** Unpacks bytes, or, without any, packs. It throws a TextError if there are too few. */
  constructor(packed?: Uint8Array) {
    this.#packed = packed;
    if (packed !== undefined) for (let i = 0; i < 4; i++) this.#pull(packed);
  }

  /**
   * Codes a number of n bits, the highest first, each by what those before it
   * were. Its chances are those of a context from some place on.
   */
  bits(context: number, n: number, value: number, from = 0): number {
    this.#chances[context] ??= new Uint16Array(all).fill(1 << (chanceBits - 1));
    const chances = this.#chances[context];
    const packed = this.#packed;
    let at = 1;
    for (let i = n - 1; i >= 0; i--) {
      const chance = chances[from + at] as number;
      const bound = (this.#width >>> chanceBits) * chance;
      const bit = packed === undefined ? (value >>> i) & 1 : Number(this.#low >= bound);
      if (bit === 0) {
        this.#width = bound;
        chances[from + at] = chance + (((1 << chanceBits) - chance) >> moveBits);
      } else {
        this.#low += packed === undefined ? bound : -bound;
        this.#width -= bound;
        chances[from + at] = chance - (chance >> moveBits);
      }
      at = 2 * at + bit;
      while (this.#width < topBits) {
        this.#width *= 256;
        if (packed === undefined) this.#push();
        else this.#pull(packed);
      }
    }
    return at - (1 << n);
  }

  /** Codes a number below 2^32. */
  number(context: number, value: number): number {
    const size = Math.min(32, this.bits(context, 6, 32 - Math.clz32(value)));
    if (size < 2) return size;
    const head = Math.min(size - 1, 3);
    let rest = size - 1 - head;
    let result = (1 << head) | this.bits(context, head, value >>> rest, high + 8 * size);
    while (--rest >= 0) result = 2 * result + this.bits(context, 1, value >>> rest, low + rest);
    return result;
  }

  /** Codes a number that may be negative, of 32 bits. */
  signed(context: number, value: number): number {
    const folded = this.number(context, ((value << 1) ^ (value >> 31)) >>> 0);
    return (folded >>> 1) ^ -(folded & 1);
  }

  /** Ends the packing, and returns all. */
  done(): Uint8Array {
    for (let i = 0; i < 4; i++) this.#push();
    return this.#out.written;
  }

  #push(): void {
    if (this.#low > 0xffff_ffff) {
      const { written } = this.#out;
      let i = written.length - 1;
      while (written[i] === 255) written[i--] = 0;
      (written[i] as number)++;
    }
    this.#out.byte(this.#low >>> 24);
    this.#low = (this.#low & 0xff_ffff) * 256;
  }

  #pull(packed: Uint8Array): void {
    if (this.#at >= packed.length + most) throw damaged();
    this.#low = this.#low * 256 + (packed[this.#at++] ?? 0);
  }
}
