import type { Client, Entry, Mutation, Options, TextHandle, TextOp } from '@tutti/client';
import { expect } from 'vitest';
import { Link } from './link.ts';
import type { Recorded } from './recorded.ts';
import type { Note, Score } from './score.ts';

/** How many edits a player makes before the server has taken them: a client sends no more than 64. */
const mostUntaken = 32;

/** The clients that play a history. */
export class Band {
  readonly players: readonly Player[];
  /** What the server has sent to any of them. */
  readonly log: Entry[] = [];
  readonly #waiting = new Set<() => void>();

  /** `enter` makes a client. */
  constructor(topic: string, { clients }: Score, enter: (options: Options) => Client) {
    this.players = Array.from({ length: clients }, () => {
      const link = new Link((entry) => this.#arrived(entry));
      return new Player(enter({ WebSocket: link.WebSocket }), topic, link);
    });
  }

  /** Plays a score; returns how many edits were made before a bar and taken behind it. */
  async play({ txns }: Recorded, { notes }: Score): Promise<number> {
    await Promise.all(this.players.map(({ text }) => text.ready));
    let late = 0;
    for (const [i, { client, txn, base, bar }] of notes.entries()) {
      const player = this.players[client] as Player;
      const goesOn = (note?: Note): boolean => note?.client === client && note.bar === bar;
      if (!goesOn(notes[i - 1]) || (bar === 0 && i % mostUntaken === 0)) await this.#taken(i);
      if (bar > 0) player.link.hold();
      await player.link.pass(base);
      player.edit(txns[txn]?.patches ?? []);
      if (bar === 0) continue;
      late++;
      if (goesOn(notes[i + 1])) continue;
      await player.link.pass(bar);
      player.link.release();
    }
    await this.#taken(notes.length);
    return late;
  }

  /** Lets all see so much of the log; returns when they do. */
  async see(n: number): Promise<void> {
    await Promise.all(this.players.map(({ link }) => link.pass(n)));
  }

  /** The text at each. */
  get shown(): string[] {
    return this.players.map(({ text }) => text.value);
  }

  /** Sees that the log says of each entry what the score does: whose it is, and what its author had seen. */
  audit({ notes }: Score): void {
    expect(this.log.map(({ client, base }, i) => [client, notes[i]?.bar ? 'any' : base])).toEqual(
      notes.map(({ client, base, bar }) => [this.players[client]?.client.id, bar ? 'any' : base]),
    );
  }

  /** Waits until the server has taken n entries. */
  async #taken(n: number): Promise<void> {
    while (this.log.length < n) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #arrived(entry: Entry): void {
    this.log[entry.offset - 1] = entry;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A client that plays its part. */
class Player {
  readonly client: Client;
  readonly text: TextHandle;
  readonly link: Link;
  #last: Mutation<void> | undefined;

  constructor(client: Client, topic: string, link: Link) {
    this.client = client;
    this.text = client.text(topic);
    this.link = link;
  }

  /** Makes an edit that is an operation of its own, and is sent. */
  edit(op: TextOp): void {
    const mutation = this.text.edit(op);
    if (mutation.status !== 'sent') throw mutation.error ?? new Error(`An edit is ${mutation.status}.`);
    if (mutation === this.#last) throw new Error('Two transactions are one operation.');
    this.#last = mutation;
  }
}
