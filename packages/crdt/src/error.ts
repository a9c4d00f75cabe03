/** Why something was refused. Whatever is refused has changed nothing. */
export type CrdtErrorCode =
  /** A payload has not the shape of its type; the message says where. */
  | 'bad_payload'
  /** A value, key or amount that was given to an operation cannot be kept. */
  | 'bad_value'
  /** Another instance lives, or lived, under this instance's replica id. Call `renew()`, then merge again. */
  | 'replica_reused'
  /** A payload was stamped further ahead of the local clock than `maxSkew`. */
  | 'clock_skew'
  /** A count or a sum would pass 2^53−1. */
  | 'out_of_range';

/** The one kind of error that this library makes. Branch on `code`; show `message` to developers. */
export class CrdtError extends Error {
  override readonly name = 'CrdtError';
  readonly code: CrdtErrorCode;

  constructor(code: CrdtErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Refuses a payload. Where is a path in it, such as `counts[2]`. */
export function refuse(where: string, what: string): never {
  throw new CrdtError('bad_payload', `${where}: ${what}`);
}
