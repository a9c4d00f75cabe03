import type { Timers } from '../alarm.ts';
import type { Transport, TransportEvents } from '../transport.ts';

/** How a hub reaches its server. */
export interface Line {
  /** Whose it is, as the server is to know them. */
  readonly user: string;
  open(events: TransportEvents): Transport;
  readonly timers: Timers;
  /** Milliseconds, by a clock that never goes back. */
  now(): number;
  /** Draws from [0, 1). */
  random(): number;
}
