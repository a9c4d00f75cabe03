import type { ClientMessage } from '../protocol.ts';
import type { Line } from './line.ts';
import { Seat, type Tab } from './seat.ts';
import { Upstream } from './upstream.ts';

/** What a tab has of a hub. */
export interface Place {
  /** The first message is hello. */
  hear(messages: readonly ClientMessage[]): void;
  leave(): void;
}

/**
 * Carries the tabs of one user over one connection (rules TABS). To each tab it
 * speaks the protocol as the server does, to the server as a client; what a
 * tab keeps to be exact is its own, so a hub can end at any moment, and the tabs
 * find another or do without.
 */
export class Hub {
  readonly #line: Line;
  #upstream: Upstream | undefined;

  constructor(line: Line) {
    this.#line = line;
  }

  /** A tab opens a connection. */
  join(tab: Tab): Place {
    let seat: Seat | undefined;
    return {
      hear: (messages) => {
        const [hello, ...rest] = messages;
        if (seat) return this.#upstream?.take(seat, messages);
        const [proof, ...others] = (hello?.type === 'hello' && hello.clients) || [];
        if (hello?.type !== 'hello' || !proof || others.length || rest.length) return tab.alone();
        seat = new Seat(tab, hello, proof, () => this.#line.now());
        this.#admit(seat);
      },
      leave: () => {
        if (seat) this.#upstream?.leave(seat);
      },
    };
  }

  /** Ends the connection; its tabs have lost theirs. */
  close(): void {
    this.#upstream?.close();
  }

  #admit(seat: Seat): void {
    if (!this.#upstream) {
      const upstream: Upstream = new Upstream(this.#line, (left) => {
        if (this.#upstream === upstream) this.#upstream = undefined;
        for (const next of left) this.#admit(next);
      });
      this.#upstream = upstream;
    }
    this.#upstream.admit(seat);
  }
}
