import { TuttiError } from '../error.ts';

/** What the platform threw, as an error of the table. */
export function failed(error: unknown): TuttiError {
  const { name, message } = (error ?? {}) as Partial<Error>;
  const reason = [name, message].filter(Boolean).join(': ');
  return new TuttiError('storage_failed', reason && `What is to be kept could not be stored: ${reason}`);
}
