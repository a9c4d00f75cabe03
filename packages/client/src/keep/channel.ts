import type { Channel } from '../storage/storage.ts';

/** Joins one of the platform's channels, where there are any. */
export function platformChannel(name: string, heard: (message: unknown) => void): Channel | undefined {
  if (typeof BroadcastChannel !== 'function') return undefined;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => heard(data);
  (channel as { unref?(): void }).unref?.();
  return { say: (message) => channel.postMessage(message), close: () => channel.close() };
}
