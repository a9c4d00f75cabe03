import type { ClientMessage, ClientProof, ServerMessage } from '../protocol.ts';

/** A tab as its hub sees it: it is spoken to as a server speaks. */
export interface Tab {
  say(message: ServerMessage): void;
  /** Its connection is gone, with that close code, or 0. Nothing is said after it. */
  lost(code: number): void;
  /** The hub cannot carry it: it is to connect by itself. Nothing is said after it. */
  alone(): void;
}

export type Hello = ClientMessage & { type: 'hello' };

/** How a seat ends: its tab is to go alone, has lost its connection, or is told by a last message. */
export type End = 'alone' | { code: number } | (ServerMessage & { type: 'close' });

/** The place of a tab at a hub, for one connection of the tab. */
export class Seat {
  readonly hello: Hello;
  /** Of its client. */
  readonly proof: ClientProof;
  /** Of its client, once it has been let in. */
  id: string | undefined;
  /** It has left, or was told to. */
  gone = false;
  /** When it was last spoken to. */
  said = 0;
  /** The number of the reader of each topic. */
  readonly topics = new Map<string, number>();
  readonly #tab: Tab;
  readonly #now: () => number;

  constructor(tab: Tab, hello: Hello, proof: ClientProof, now: () => number) {
    this.#tab = tab;
    this.hello = hello;
    this.proof = proof;
    this.#now = now;
  }

  say(message: ServerMessage): void {
    if (this.gone) return;
    this.said = this.#now();
    this.#tab.say(message);
  }

  end(how: End): void {
    if (this.gone) return;
    this.gone = true;
    if (how === 'alone') this.#tab.alone();
    else if ('code' in how) this.#tab.lost(how.code);
    else this.#tab.say(how);
  }
}
