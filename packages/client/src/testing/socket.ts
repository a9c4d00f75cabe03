import type { WebSocketClass, WebSocketLike } from '../socket.ts';
import type { Dice } from './conditions.ts';
import { acknowledges, messages, sift } from './frames.ts';
import { Lane } from './lane.ts';

type Listener = (event: { data?: unknown; code?: number }) => void;

/** What cuts every open connection. */
export type Cuts = Set<() => void>;

/** A class of WebSockets that go through the simulated network. */
export function simulatedSocket(Real: WebSocketClass, dice: Dice, cuts: Cuts): WebSocketClass {
  return class implements WebSocketLike {
    readonly #listeners = new Map<string, Listener[]>();
    readonly #up = new Lane(dice);
    readonly #down = new Lane(dice);
    #real: WebSocketLike | undefined;
    readonly #cut = (): void => {
      if (!cuts.delete(this.#cut)) return;
      this.#up.close();
      this.#down.close();
      this.#real?.close();
      queueMicrotask(() => this.#tell('close', { code: 1006 }));
    };

    constructor(url: string, protocols: string) {
      cuts.add(this.#cut);
      this.#up.carry(() => {
        if (this.#lost()) return;
        const real = new Real(url, protocols);
        this.#real = real;
        real.addEventListener('open', () => this.#arrive('open', {}));
        real.addEventListener('message', ({ data }) => this.#arrive('message', { data }));
        real.addEventListener('error', () => {});
        real.addEventListener('close', ({ code }) =>
          this.#down.carry(() => {
            if (cuts.delete(this.#cut)) this.#tell('close', { code });
          }),
        );
      });
    }

    addEventListener(type: string, listener: Listener): void {
      this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    }

    send(text: string): void {
      const { pass, answers } = sift(messages(text), dice.conditions.reject);
      if (pass.length || !answers.length)
        this.#up.carry(() => {
          if (!this.#lost()) this.#real?.send(answers.length ? JSON.stringify(pass) : text);
        });
      for (const answer of answers)
        this.#up.carry(() => this.#arrive('message', { data: JSON.stringify(answer) }));
    }

    close(code?: number): void {
      cuts.delete(this.#cut);
      this.#down.close();
      this.#up.carry(() => this.#real?.close(code));
    }

    /** Whether the network took what was under way; then the connection is gone. */
    #lost(): boolean {
      const { offline, loss } = dice.conditions;
      if (!offline && !dice.happens(loss)) return false;
      this.#cut();
      return true;
    }

    #arrive(type: string, event: { data?: unknown }): void {
      this.#down.carry(() => {
        const ack = type === 'message' && typeof event.data === 'string' && acknowledges(event.data);
        if (this.#lost()) return;
        if (ack && dice.happens(dice.conditions.ackLoss)) this.#cut();
        else this.#tell(type, event);
      });
    }

    #tell(type: string, event: { data?: unknown; code?: number }): void {
      for (const listener of this.#listeners.get(type) ?? []) listener(event);
    }
  };
}
