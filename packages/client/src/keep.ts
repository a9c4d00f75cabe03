import { begin as goOn } from './keep/begin.ts';
import { platformChannel } from './keep/channel.ts';
import type { Keeper, KeeperHost, Life } from './keep/keeper.ts';
import { openStorage } from './storage/open.ts';
import type { Storage } from './storage/storage.ts';

export type { DeadLetter, OutboxEntry } from './keep/dead.ts';
export type { Keeper, KeeperHost, Life } from './keep/keeper.ts';
export type { OldEntry } from './keep/revive.ts';
export type { DeadRow } from './keep/rows.ts';

/**
 * What a client keeps beyond its life, loaded by those that keep anything.
 *
 * Goes on with what is kept in a storage, which others close, or in the platform's.
 * Undefined if the client to go on as is alive elsewhere.
 */
export async function begin(
  host: Omit<KeeperHost, 'storage' | 'channel' | 'ended'>,
  given: Storage | undefined,
): Promise<{ keeper: Keeper; life: Life } | undefined> {
  const { name, timers, report } = host;
  const storage = given ?? openStorage(name, { timers, onError: report });
  const channel = given ? given.channel?.bind(given) : storage.durable ? platformChannel : undefined;
  const close = (): void => {
    if (!given) storage.close();
  };
  try {
    const begun = await goOn({ ...host, storage, channel, ended: () => close() });
    if (!begun) close();
    return begun;
  } catch (error) {
    close();
    throw error;
  }
}
