import { type ErrorCode, rows } from './codes.ts';

/** An error as the wire tells it. */
export interface ErrorBody {
  code: ErrorCode;
  message?: string;
  retryable?: boolean;
  retryAfter?: number;
}

/**
 * The one kind of error that this library makes. Branch on `code`; show
 * `message` to developers.
 */
export class TuttiError extends Error {
  override readonly name = 'TuttiError';
  readonly code: ErrorCode;
  /** The same thing may succeed later without a change. */
  readonly retryable: boolean;
  /** The server asks to wait this long, in milliseconds, before trying again. */
  readonly retryAfter?: number;

  constructor(code: ErrorCode, message?: string, retryable?: boolean, retryAfter?: number) {
    const row = rows.find((r) => r[0] === code);
    super(message || row?.[3] || code);
    this.code = code;
    this.retryable = retryable ?? row?.[2] ?? false;
    if (retryAfter) this.retryAfter = retryAfter;
  }

  static from(e: ErrorBody): TuttiError {
    return new TuttiError(e.code, e.message, e.retryable, e.retryAfter);
  }
}

/** An error as the wire tells it. */
export function bodyOf({ code, message, retryable, retryAfter }: TuttiError): ErrorBody {
  return { code, message, retryable, ...(retryAfter && { retryAfter }) };
}

/** The error that a WebSocket close code stands for; undefined if it stands for none. */
export function errorOfClose(code: number): TuttiError | undefined {
  const row = code ? rows.find((r) => r[1] === code) : undefined;
  return row && new TuttiError(row[0]);
}
