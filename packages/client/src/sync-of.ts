import { type Syncing, type SyncStatus, unlessSame } from './sync.ts';

const worst = ['offline', 'blocked', 'syncing', 'synced'] as const;

/**
 * Several sources as one, such as a client and a network: what waits is added
 * up, the state is that of the one that is worst off (`offline`, `blocked`,
 * `syncing`, `synced`), and all is durable only if each is.
 */
export function syncOf(...sources: readonly Syncing[]): Syncing {
  let last: SyncStatus | undefined;
  const current = (): SyncStatus => {
    const all = sources.map((source) => source.sync);
    const sum = (member: 'pending' | 'blocked'): number => all.reduce((n, one) => n + one[member], 0);
    const status: SyncStatus = {
      state: worst.find((state) => all.some((one) => one.state === state)) ?? 'synced',
      pending: sum('pending'),
      blocked: sum('blocked'),
      lost: all.some((one) => one.lost),
      durable: all.every((one) => one.durable),
    };
    last = unlessSame(status, last);
    return last;
  };
  return {
    get sync() {
      return current();
    },
    onSync(listener) {
      let told = current();
      const look = (): void => {
        const status = current();
        if (status === told) return;
        told = status;
        listener(status);
      };
      const stops = sources.map((source) => source.onSync(look));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
