import type { ClientMessage, ServerMessage } from '../protocol.ts';
import type { Claims } from './claims.ts';

/** A MessagePort or a BroadcastChannel. */
export interface Port {
  postMessage(message: unknown): void;
  // biome-ignore lint/suspicious/noExplicitAny: the event types of the two have no common base
  onmessage: ((event: any) => void) | null;
  close(): void;
}

/** What a tab asks a host for. */
export interface Opening extends Claims {
  /** Of the server. */
  url: string;
  /** The name of a lock that the tab holds as long as it is there, and of its port. */
  lock: string;
}

/** What a tab says; the hub is the one that has answered it. */
export type FromTab = { hub: string } & (
  | { say: ClientMessage[] }
  /** Is to be answered by the same, at once. */
  | { ask: true }
  | { bye: true }
);

/** What a hub says. The first is `here`; after `lost` and `alone` nothing comes. */
export type FromHub = { hub: string } & (
  | { here: true }
  | { hear: ServerMessage }
  | { ask: true }
  | { lost: number }
  | { alone: true }
);
