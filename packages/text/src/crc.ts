import { damaged, Reader, type Writer } from './bytes.ts';
import { TextError } from './error.ts';

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 && 0xedb88320);
  return crc;
});

/** The CRC-32 (IEEE) of bytes. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] as number)) & 255] as number);
  }
  return ~crc >>> 0;
}

/** All that was written, and behind it its CRC-32, little-endian. */
export function seal(out: Writer): Uint8Array<ArrayBuffer> {
  const crc = crc32(out.written);
  for (let shift = 0; shift < 32; shift += 8) out.byte(crc >>> shift);
  return out.written.slice();
}

/**
 * Reads what was sealed, from behind its magic on: three letters that name it,
 * and its version.
 *
 * @throws TextError if the seal is broken, or the magic another; what it should
 * have been is told by its name.
 */
export function unseal(data: Uint8Array, magic: string, name: string): Reader {
  const body = data.length - 4;
  for (let i = 0; i < 4; i++) {
    if (body >= 4 && data[i] === magic.charCodeAt(i)) continue;
    throw new TextError(
      'bad_update',
      i < 3 ? `It is no ${name}.` : `The ${name} was written by another version.`,
    );
  }
  const crc = new DataView(data.buffer, data.byteOffset + body).getUint32(0, true);
  if (crc !== crc32(data.subarray(0, body))) throw damaged();
  return new Reader(data.subarray(4, body));
}
