import type { Turn } from './turn.ts';

/** What the parts of the core see of the connection. */
export interface Link {
  readonly turn: Turn;
  /** Commands may be sent: the connection is up and its token has not expired. */
  ready(): boolean;
  /** From [0, 1). */
  random(): number;
  /** A command was refused since the token has expired. */
  tokenExpired(): void;
}
