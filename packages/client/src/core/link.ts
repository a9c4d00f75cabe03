import type { Turn } from './turn.ts';

/** What the parts of the core see of the connection. */
export interface Link {
  readonly turn: Turn;
  /** Commands may be sent: the connection is up and its token has not expired. */
  ready(): boolean;
  /** From [0, 1). */
  random(): number;
  /** The topic is open as a document on this connection. */
  open(topic: string): boolean;
  /** The topic's document is one whose authors can have seen the log up to there alone. */
  rebase(topic: string, newest: number): void;
  /** The server's log and this client's do not agree: the connection ends, and all goes on from its position. */
  disagree(): void;
  /** A command was refused since the token has expired. */
  tokenExpired(): void;
}
