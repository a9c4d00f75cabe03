import type { Snapshot } from '../protocol.ts';
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
  /** Up to where those who read the topic as a document have all been told its log; Infinity if nobody does. */
  seen(topic: string): number;
  /** The topic's document is told as it is at an offset; if it is not recovered, of a log that is another one. */
  rebase(topic: string, newest: number, recovered: boolean, seqs: Snapshot['seqs']): void;
  /** The server's log and this client's do not agree: the connection ends, and all goes on from its position. */
  disagree(): void;
  /** A command was refused since the token has expired. */
  tokenExpired(): void;
}
