import { TextError } from './error.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is thrown for bytes that nobody can have written. */
export function damaged(): TextError {
  return new TextError('bad_update', 'What came is damaged.');
}

/** The UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Reads numbers and texts from bytes that may be damaged: then it throws a
 * TextError. Numbers are varints as of Go's encoding/binary.
 */
export class Reader {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#data.length - this.#at;
  }

  /** A number from 0 to most, which is below 2^53. */
  number(most: number): number {
    let value = 0;
    for (let i = 0, unit = 1; i < 10; i++, unit *= 128) {
      const byte = this.#data[this.#at++] ?? 128;
      value += (byte & 127) * unit;
      if (byte < 128 && value <= most) return value;
      if (byte < 128) break;
    }
    throw damaged();
  }

  /** A number from -2^31 up to 2^31. */
  signed(): number {
    const value = this.number(0xffff_ffff);
    return (value >>> 1) ^ -(value & 1);
  }

  /** The next n bytes, which are not copied. */
  bytes(n: number): Uint8Array {
    if (n > this.left) throw damaged();
    this.#at += n;
    return this.#data.subarray(this.#at - n, this.#at);
  }

  /** A text of n bytes. */
  text(n: number): string {
    const bytes = this.bytes(n);
    try {
      return decoder.decode(bytes);
    } catch {
      throw damaged();
    }
  }
}

/** Writes what a Reader reads, into bytes that grow. */
export class Writer {
  #data = new Uint8Array(64);
  #length = 0;

  /** A byte: the lowest 8 bits of a number. */
  byte(byte: number): void {
    this.#room(1);
    this.#data[this.#length++] = byte;
  }

  /** A number from 0 up to 2^32. */
  number(value: number): void {
    let rest = value;
    for (; rest > 127; rest >>>= 7) this.byte(rest | 128);
    this.byte(rest);
  }

  /** A number from -2^31 up to 2^31. */
  signed(value: number): void {
    this.number(((value << 1) ^ (value >> 31)) >>> 0);
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#data.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A text, without its length. */
  text(text: string): void {
    this.bytes(utf8(text));
  }

  /** All that was written, until more is. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#data.subarray(0, this.#length);
  }

  #room(n: number): void {
    const length = this.#length + n;
    if (length <= this.#data.length) return;
    const larger = new Uint8Array(Math.max(length, 2 * this.#data.length));
    larger.set(this.#data);
    this.#data = larger;
  }
}
