import type { Timers } from '../alarm.ts';
import type { Transport, TransportEvents } from '../transport.ts';

/** How a hub reaches its server. */
export interface Line {
  open(events: TransportEvents): Transport;
  readonly timers: Timers;
  /** Milliseconds, by a clock that never goes back. */
  now(): number;
  /** Draws from [0, 1). */
  random(): number;
}
