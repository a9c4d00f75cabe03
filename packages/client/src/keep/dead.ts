import type { TuttiError } from '../error.ts';
import type { DeadRow } from './rows.ts';

/** An entry that the server has not settled yet. */
export interface OutboxEntry {
  readonly topic: string;
  readonly name?: string;
  /** Of an operation: the type of the document. */
  readonly doc?: string;
  readonly data: unknown;
  /** When it was made, in milliseconds since 1970. */
  readonly time: number;
  /** It may have been sent. */
  readonly sent: boolean;
}

/** An entry of a former life of the page that has no effect: the server rejected it, or it could not be sent. */
export interface DeadLetter extends Omit<OutboxEntry, 'sent'> {
  readonly id: string;
  /** The entry's own key. */
  readonly key?: string;
  readonly error: TuttiError;
}

/** What is told of an entry, dead or not, by its row. */
export function told({ topic, name, doc, data, made }: Omit<DeadRow, 'error'>): Omit<OutboxEntry, 'sent'> {
  return {
    topic,
    ...(name !== undefined && { name }),
    ...(doc !== undefined && { doc }),
    data,
    time: made,
  };
}
