import type { Options } from '../options.ts';
import type { WebSocketClass } from '../socket.ts';
import { type Conditions, Dice } from './conditions.ts';
import { simulatedFetch } from './fetch.ts';
import { type Cuts, simulatedSocket } from './socket.ts';

export type { Conditions } from './conditions.ts';

/** A network between clients and a real server. */
export interface Simulation {
  /** For `connect`: the client then goes through this network. */
  readonly options: Pick<Options, 'WebSocket' | 'fetch'>;
  /** Changes some conditions and leaves the others. */
  set(conditions: Conditions): void;
  /** Cuts all connections, once. */
  cut(): void;
}

/** What is simulated over; the platform's own if absent. */
export interface Platform {
  WebSocket?: WebSocketClass;
  fetch?: typeof fetch;
  /** Draws from [0, 1). */
  random?(): number;
}

/**
 * Makes a network that fails on request, to see in a browser or a test how an
 * application copes:
 *
 *     const network = simulate({ latency: 200 });
 *     const client = connect(url, network.options);
 *     network.set({ offline: true });
 */
export function simulate(conditions: Conditions = {}, platform: Platform = {}): Simulation {
  const own = globalThis as { WebSocket?: WebSocketClass; fetch: typeof fetch };
  const dice = new Dice({ ...conditions }, platform.random ?? Math.random);
  const cuts: Cuts = new Set();
  const Socket = platform.WebSocket ?? own.WebSocket;
  const cut = (): void => {
    for (const one of [...cuts]) one();
  };
  return {
    options: {
      ...(Socket && { WebSocket: simulatedSocket(Socket, dice, cuts) }),
      fetch: simulatedFetch(platform.fetch ?? own.fetch.bind(globalThis), dice, cuts),
    },
    set(changed) {
      dice.conditions = { ...dice.conditions, ...changed };
      if (dice.conditions.offline) cut();
    },
    cut,
  };
}
