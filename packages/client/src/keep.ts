import { Keeper, type KeeperHost, type Life } from './keep/keeper.ts';
import { openStorage } from './storage/open.ts';
import type { Storage } from './storage/storage.ts';

export type { DeadLetter, OutboxEntry } from './keep/dead.ts';
export type { Keeper, KeeperHost, Life, OldEntry } from './keep/keeper.ts';

/**
 * What a client keeps beyond its life, loaded by those that keep anything.
 *
 * Goes on with what is kept in a storage, or in the platform's. Undefined if
 * the client to go on as is alive elsewhere.
 */
export async function begin(
  host: Omit<KeeperHost, 'storage' | 'owned'>,
  storage: Storage | undefined,
): Promise<{ keeper: Keeper; life: Life } | undefined> {
  const { name, timers, report } = host;
  const opened = storage ?? openStorage(name, { timers, onError: report });
  const owned = storage === undefined;
  const begun = await Keeper.begin({ ...host, storage: opened, owned });
  if (!begun && owned) opened.close();
  return begun;
}
