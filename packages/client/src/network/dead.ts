import type { ErrorCode } from '../codes.ts';
import type { TuttiError } from '../error.ts';
import { RejectedError } from './attempt.ts';
import { isRow, type Row } from './request.ts';

/** A request that failed for good when nobody was there to be told. */
export interface DeadLetter extends Omit<Row, 'owner'> {
  /** Why; with the answer's HTTP status and body, if there was one. */
  readonly error: { code: ErrorCode; message: string; status?: number; body?: string };
}

/** The dead letter of a request. */
export function deadLetter({ owner: _, ...row }: Row, error: TuttiError): DeadLetter {
  const { code, message } = error;
  const answer = error instanceof RejectedError && { status: error.status, body: error.body };
  return { ...row, error: { code, message, ...answer } };
}

/** Whether what was stored is a dead letter. */
export function isDeadLetter(value: unknown): value is DeadLetter {
  const { error } = (value ?? {}) as Partial<DeadLetter>;
  return isRow({ owner: '', ...(value as object) }) && typeof error?.code === 'string';
}
