import type { Options } from '../options.ts';
import type { WebSocketClass } from '../socket.ts';
import { type Conditions, Dice } from './conditions.ts';
import { simulatedFetch } from './fetch.ts';
import { Judge } from './frames.ts';
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
 *
 * Throws a RangeError for a latency below 0 and a likelihood that is none.
 */
export function simulate(conditions: Conditions = {}, platform: Platform = {}): Simulation {
  const own = globalThis as { WebSocket?: WebSocketClass; fetch: typeof fetch };
  const dice = new Dice(checked(conditions), platform.random ?? Math.random);
  const judge = new Judge();
  const cuts: Cuts = new Set();
  const Socket = platform.WebSocket ?? own.WebSocket;
  const cut = (): void => {
    for (const one of [...cuts]) one();
  };
  return {
    options: {
      ...(Socket && { WebSocket: simulatedSocket(Socket, dice, judge, cuts) }),
      fetch: simulatedFetch(platform.fetch ?? own.fetch.bind(globalThis), dice, judge, cuts),
    },
    set(changed) {
      dice.conditions = { ...dice.conditions, ...checked(changed) };
      if (dice.conditions.offline) cut();
    },
    cut,
  };
}

function checked(conditions: Conditions): Conditions {
  const { latency = 0, loss = 0, ackLoss = 0 } = conditions;
  for (const [name, value] of Object.entries({ loss, ackLoss }))
    if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} is from 0 to 1, not ${value}.`);
  const [least, most] = typeof latency === 'number' ? [latency, latency] : latency;
  if (!(least >= 0 && least <= most && most < Infinity))
    throw new RangeError(`latency is milliseconds from 0, or two of them, not ${latency}.`);
  return conditions;
}
