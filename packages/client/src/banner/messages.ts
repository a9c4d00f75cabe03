import type { SyncStatus } from '../sync.ts';

/** What a banner says, of so many changes. */
export interface BannerMessages {
  /** Nothing can be sent; n wait, and `blocked` of the status beside. */
  offline(n: number, status: SyncStatus): string;
  /** The connection was there and has been gone for 5 s; n wait. */
  lost(n: number, status: SyncStatus): string;
  /** n are on their way. */
  syncing(n: number, status: SyncStatus): string;
  /** n wait for the application or its user. */
  blocked(n: number, status: SyncStatus): string;
}

const changes = (n: number): string => (n === 1 ? '1 change' : `${n} changes`);

const failed = (n: number): string => `${changes(n)} could not be sent.`;

const later = (n: number, { blocked, durable }: SyncStatus): string =>
  (n ? ` ${changes(n)} will be sent later.` : '') +
  (blocked ? ` ${failed(blocked)}` : '') +
  (n && !durable ? ' Keep this page open.' : '');

export const english: BannerMessages = {
  offline: (n, status) => `You are offline.${later(n, status)}`,
  lost: (n, status) => `The connection is lost.${later(n, status)}`,
  syncing: (n) => `Sending ${changes(n)}…`,
  blocked: failed,
};

/** The text for a status; empty if all is well. */
export function bannerText(status: SyncStatus, messages: BannerMessages): string {
  const { state, pending, blocked, lost } = status;
  switch (state) {
    case 'synced':
      return '';
    case 'syncing':
      return messages.syncing(pending, status);
    case 'blocked':
      return messages.blocked(blocked, status);
    case 'offline':
      return messages[lost ? 'lost' : 'offline'](pending, status);
    default:
      return state satisfies never;
  }
}
