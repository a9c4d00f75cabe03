import type { Status, Syncing, SyncStatus } from '@tutti/client';
import { useCallback, useSyncExternalStore } from 'react';
import type { Connection } from './connection.ts';
import { useConnection, useConnectionIfAny } from './provider.ts';

const idle: Status = { state: 'idle' };
const synced: SyncStatus = { state: 'synced', pending: 0, blocked: 0, lost: false, durable: false };

/** How the connection is; `idle` on a server, and before there is a client. */
export function useStatus(): Status {
  const connection = useConnection();
  const subscribe = useCallback(
    (listener: () => void) => connection.follow((client) => client.onStatus(listener)),
    [connection],
  );
  return useSyncExternalStore(
    subscribe,
    () => connection.client.value?.status ?? idle,
    () => idle,
  );
}

/**
 * Whether what was done here has arrived: of what is given, a network or
 * several sources together, or else of the provider's client.
 */
export function useSyncStatus(source?: Syncing): SyncStatus {
  const connection = useConnectionIfAny();
  const subscribe = useCallback(
    (listener: () => void) => follow(source, connection, (syncing) => syncing.onSync(listener)),
    [source, connection],
  );
  return useSyncExternalStore(
    subscribe,
    () => (source ?? connection?.client.value)?.sync ?? synced,
    () => synced,
  );
}

/** Follows a source, or else the client of a connection. */
export function follow(
  source: Syncing | undefined,
  connection: Connection | undefined,
  how: (syncing: Syncing) => () => void,
): () => void {
  if (source) return how(source);
  return connection ? connection.follow(how) : () => {};
}
