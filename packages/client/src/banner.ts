export { defineStatusElement, type StatusElement } from './banner/element.ts';
export type { BannerMessages } from './banner/messages.ts';
export { type BannerOptions, mountBanner } from './banner/mount.ts';
export type { Syncing, SyncStatus } from './sync.ts';
