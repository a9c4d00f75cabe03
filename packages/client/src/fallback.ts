import { Exchange } from './fallback/exchange.ts';
import type { Platform } from './fallback/post.ts';
import type { Transport, TransportEvents } from './transport.ts';

/**
 * The roads without WebSocket, loaded when one is first needed. It imports
 * types alone, so that it stays one small module beside the client's.
 *
 * Opens a transport to the server whose paths begin with the url.
 */
export function open(
  road: 'sse' | 'poll',
  url: string,
  platform: Platform,
  events: TransportEvents,
): Transport {
  return new Exchange(road, url, platform, events);
}
