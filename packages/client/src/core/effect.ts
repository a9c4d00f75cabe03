import type { TuttiError } from '../error.ts';
import type { ClientMessage, Entry, Page, PresenceChange, Snapshot, Watching } from '../protocol.ts';
import type { Kept } from './ledger.ts';
import type { Road } from './roads.ts';

/** The states of the connection. */
export type State = 'idle' | 'connecting' | 'live' | 'probing' | 'backoff' | 'parked' | 'closed';

export interface Status {
  state: State;
  /** In `connecting`, `live` and `probing`: how the server is reached. */
  road?: Road;
  /** In `backoff`: the number of the attempt to come. */
  attempt?: number;
  /** In `backoff`: when that attempt is made, on the core's clock. */
  until?: number;
  /** In `backoff` and `parked`: why, if it is known. */
  error?: TuttiError;
}

/** All that the core asks of its driver. */
export type Effect =
  | ({ kind: 'status' } & Status)
  | { kind: 'token' }
  | { kind: 'open'; road: Road }
  | { kind: 'try'; road: Road; token?: string }
  | { kind: 'send'; messages: ClientMessage[] }
  | { kind: 'shut'; code: number }
  | { kind: 'started'; handler: number; offset: number; term?: string; recovered: boolean }
  | ({ kind: 'snapshot'; handler: number; recovered: boolean } & Snapshot)
  | { kind: 'deliver'; handlers: number[]; topic: string; entry: Entry }
  | { kind: 'failed'; handler: number; error: TuttiError }
  | { kind: 'queued'; key: number }
  | { kind: 'sent'; key: number; seq: number }
  | { kind: 'doubtful'; key: number }
  | { kind: 'outdated'; key: number }
  | { kind: 'settled'; key: number; offset?: number; term?: string }
  | { kind: 'settled'; key: number; error: TuttiError; unconfirmed?: true }
  | { kind: 'page'; key: number; page: Page }
  | { kind: 'page'; key: number; error: TuttiError }
  | { kind: 'presence'; topic: string; message: Watching | PresenceChange }
  | { kind: 'unwatched'; topic: string; error: TuttiError }
  | { kind: 'entered'; key: number; error?: TuttiError }
  | { kind: 'left'; key: number }
  | { kind: 'expelled'; topic: string; error: TuttiError }
  | { kind: 'fault'; topic: string; error: TuttiError }
  | ({ kind: 'keep'; batch: number; gone?: number[] } & Kept)
  | { kind: 'wait'; until: number | null };
