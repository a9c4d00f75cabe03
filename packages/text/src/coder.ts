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

// The chances of a number: of how many bits it has, of each behind its highest
// three, and, by how many it has, of those three.
const low = 64;
const high = 128;
const all = high + 33 * 8;

/** Packs values, or unpacks them by the same steps: then it returns others than it is given. */
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
  /** Bytes that a carry may still change: one, and behind it those that are 255. */
  #cache = 0;
  #ahead = 1;

  /** Unpacks bytes, or, without any, packs. It throws a TextError if there are too few. */
  constructor(packed?: Uint8Array) {
    this.#packed = packed;
    if (packed !== undefined) for (let i = 0; i < 4; i++) this.#pull(packed);
  }

  /** Codes a number of n bits, at most 8. Each context, a small number, has chances of its own. */
  tree(context: number, n: number, value: number): number {
    return this.#tree(this.#in(context), 0, n, value);
  }

  /** Codes a number below 2^32. */
  number(context: number, value: number): number {
    const chances = this.#in(context);
    const size = Math.min(32, this.#tree(chances, 0, 6, 32 - Math.clz32(value)));
    if (size < 2) return size;
    const head = Math.min(size - 1, 3);
    let rest = size - 1 - head;
    let result = (1 << head) | this.#tree(chances, high + 8 * size, head, value >>> rest);
    while (--rest >= 0) result = 2 * result + this.#bit(chances, low + rest, (value >>> rest) & 1);
    return result;
  }

  /** Codes a number that may be negative, of 32 bits. */
  signed(context: number, value: number): number {
    const folded = this.number(context, ((value << 1) ^ (value >> 31)) >>> 0);
    return (folded >>> 1) ^ -(folded & 1);
  }

  /** Ends the packing, and returns all. */
  done(): Uint8Array {
    for (let i = 0; i < 5; i++) this.#push();
    return this.#out.written.subarray(1);
  }

  #in(context: number): Uint16Array {
    this.#chances[context] ??= new Uint16Array(all).fill(1 << (chanceBits - 1));
    return this.#chances[context];
  }

  /** The highest bit first, each by what those before it were. */
  #tree(chances: Uint16Array, from: number, n: number, value: number): number {
    let at = 1;
    for (let i = n - 1; i >= 0; i--) at = (at << 1) | this.#bit(chances, from + at, (value >>> i) & 1);
    return at - (1 << n);
  }

  #bit(chances: Uint16Array, i: number, bit: number): number {
    const packed = this.#packed;
    const chance = chances[i] as number;
    const bound = (this.#width >>> chanceBits) * chance;
    const coded = packed === undefined ? bit : Number(this.#low >= bound);
    if (coded === 0) {
      this.#width = bound;
      chances[i] = chance + (((1 << chanceBits) - chance) >> moveBits);
    } else {
      this.#low += packed === undefined ? bound : -bound;
      this.#width -= bound;
      chances[i] = chance - (chance >> moveBits);
    }
    while (this.#width < topBits) {
      this.#width *= 256;
      if (packed === undefined) this.#push();
      else this.#pull(packed);
    }
    return coded;
  }

  #push(): void {
    const carry = Number(this.#low > 0xffff_ffff);
    if (carry === 1 || this.#low < 0xff00_0000) {
      for (let byte = this.#cache; this.#ahead > 0; this.#ahead--) {
        this.#out.byte((byte + carry) & 255);
        byte = 255;
      }
      this.#cache = (this.#low >>> 24) & 255;
    }
    this.#ahead++;
    this.#low = (this.#low & 0xff_ffff) * 256;
  }

  #pull(packed: Uint8Array): void {
    if (this.#at >= packed.length + most) throw damaged();
    this.#low = this.#low * 256 + (packed[this.#at++] ?? 0);
  }
}
