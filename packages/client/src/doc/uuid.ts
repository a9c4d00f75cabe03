/**
 * Makes UUIDs of version 7 (RFC 9562): those of one generator ascend, by the
 * millisecond and, within one, by a counter of 12 bits that starts at random
 * in its lower half (section 6.2, method 1). Now is in milliseconds since 1970.
 */
export class UUIDs {
  readonly #now: () => number;
  #time = 0;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  next(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(10));
    const now = Math.floor(this.#now());
    if (now > this.#time || this.#count === 0xfff) {
      this.#time = Math.max(now, this.#time + 1);
      this.#count = (((bytes[8] as number) << 8) | (bytes[9] as number)) & 0x7ff;
    } else {
      this.#count++;
    }
    bytes[0] = ((bytes[0] as number) & 0x3f) | 0x80;
    const time = hex(this.#time, 12);
    const node = Array.from(bytes.subarray(0, 8), (byte) => hex(byte, 2)).join('');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(this.#count, 3)}-${node.slice(0, 4)}-${node.slice(4)}`;
  }
}

function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, '0');
}
