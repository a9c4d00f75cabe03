import type { Seen } from '../document.ts';
import type { Else, From, PageRequest, ServerMessage } from '../protocol.ts';
import type { Kept } from './ledger.ts';
import type { Road } from './roads.ts';

/** A handler that joins a topic. */
export interface Join {
  handler: number;
  topic: string;
  from?: From;
  else?: Else;
  /** It reads the topic as a document of this type; `from` is a position or absent. */
  doc?: string;
}

/** An entry to publish. */
export interface Publish {
  key: number;
  topic: string;
  name?: string;
  /** The entry's own key. */
  entryKey?: string;
  /** It is an operation of a document, made on it as at this offset. */
  base?: number;
  /** Of an operation: what its words mean hangs on those before it, so that they are amended when one of those goes. */
  positional?: boolean;
  /** It is not sent before it is released, or a connection has waited for that for 10 s. */
  waits?: boolean;
  /** It is stored with it, and is not sent. */
  seen?: readonly Seen[];
  /** A JSON value that nobody changes any more. */
  data: unknown;
  /** Length of the data's JSON in bytes. */
  bytes: number;
  /** Milliseconds; 0 or absent: none. */
  timeout?: number;
}

/** New words for a positional operation that is not settled. */
export interface Amend {
  key: number;
  base: number;
  seen?: readonly Seen[];
  data: unknown;
  /** Length of the data's JSON in bytes. */
  bytes: number;
}

/** All that can happen to a client. Times are milliseconds of any clock that never goes back. */
export type Input =
  | { kind: 'connect' }
  | { kind: 'token'; token: string }
  | { kind: 'tokenFailed'; message: string }
  | { kind: 'opened' }
  | { kind: 'message'; message: ServerMessage }
  | { kind: 'aside'; message: ServerMessage }
  | { kind: 'lost'; code: number }
  | { kind: 'wake'; network?: boolean }
  | { kind: 'tried'; road: Road; ok: boolean }
  | { kind: 'tick' }
  | ({ kind: 'subscribe' } & Join)
  | { kind: 'unsubscribe'; handler: number }
  | ({ kind: 'publish' } & Publish)
  | ({ kind: 'amend' } & Amend)
  | { kind: 'release'; key: number; base: number }
  | { kind: 'abort'; key: number }
  | ({ kind: 'history'; key: number; topic: string } & PageRequest)
  | ({ kind: 'restore' } & Kept)
  | { kind: 'kept'; batch: number }
  | { kind: 'unkept' }
  | { kind: 'watch'; topic: string }
  | { kind: 'unwatch'; topic: string }
  | { kind: 'enter'; key: number; topic: string; state?: unknown }
  | { kind: 'update'; topic: string; state?: unknown }
  | { kind: 'leave'; key?: number; topic: string }
  | { kind: 'signal'; topic: string; name: string; data?: unknown }
  | { kind: 'away' }
  | { kind: 'close' };
