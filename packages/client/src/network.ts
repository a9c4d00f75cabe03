import { Network } from './network/network.ts';
import { type NetworkOptions, networkSettings } from './network/options.ts';
import { openStorage } from './storage/open.ts';

/**
 * Watches the network, and keeps what waits for it. It needs no tutti server:
 *
 *     const network = createNetwork({ probe: '/healthz' });
 *     await network.post('/api/notes', { text: 'also from a tunnel' });
 */
export function createNetwork(options: NetworkOptions = {}): Network {
  const settings = networkSettings(options);
  const { timers, onError } = settings;
  return new Network(settings, options.storage ?? openStorage('tutti-network', { timers, onError }));
}

export type { Timers } from './alarm.ts';
export type { ErrorCode } from './codes.ts';
export { TuttiError } from './error.ts';
export { RejectedError } from './network/attempt.ts';
export type { DeadLetter } from './network/dead.ts';
export type { Network, NetworkStatus } from './network/network.ts';
export type { NetworkOptions } from './network/options.ts';
export type { NetworkInit } from './network/request.ts';
export { type IndexedDBOptions, indexedDBStorage } from './storage/indexeddb.ts';
export { memoryStorage } from './storage/memory.ts';
export type { Change, Channel, Storage } from './storage/storage.ts';
export type { Syncing, SyncStatus } from './sync.ts';
export { syncOf } from './sync-of.ts';
export { guardUnload } from './unload.ts';
