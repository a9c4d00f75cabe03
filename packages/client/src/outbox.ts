import type { DeadLetter, Keeper, OutboxEntry } from './keep.ts';
import { Listeners } from './listeners.ts';
import type { Entry } from './protocol.ts';

/** What an outbox needs of its client. */
export interface OutboxHost {
  keeper(): Keeper | undefined;
  /** That, and those of the clients that send what dead ones have left. */
  keepers(): readonly Keeper[];
  /** Publishes an entry, or makes an operation; throws if that cannot be. */
  again(letter: DeadLetter, data: unknown): void;
  report(error: unknown): void;
}

/**
 * What a client has not settled yet, and what has become of it when nobody was
 * there to be told (rules OUT). Empty where nothing is kept.
 */
export class Outbox {
  readonly #host: OutboxHost;
  readonly #listeners: Listeners<[]>;

  /** Use `client.outbox`. */
  constructor(host: OutboxHost) {
    this.#host = host;
    this.#listeners = new Listeners(host.report);
  }

  /** Whether it outlives the page. */
  get durable(): boolean {
    return this.#host.keeper()?.durable ?? false;
  }

  /** What this page has not settled, also of pages that are gone, in the order in which it was made. */
  get entries(): readonly OutboxEntry[] {
    const all = this.#host.keepers().flatMap(({ entries }) => entries);
    return all.sort((a, b) => a.time - b.time);
  }

  /** Entries of a former life of the page that have no effect. They stay until `retry` or `discard`. */
  get dead(): readonly DeadLetter[] {
    return this.#host.keeper()?.letters ?? [];
  }

  /** Makes a dead letter a new entry, with other data if that is given. Throws if that cannot be. */
  retry(id: string, data?: Entry['data']): void {
    const letter = this.dead.find((dead) => dead.id === id);
    if (!letter) return;
    this.#host.again(letter, data ?? letter.data);
    this.discard(id);
  }

  discard(id: string): void {
    this.#host.keeper()?.discard(id);
  }

  /** Calls a function when any of it has changed; returns a function that ends it. */
  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** For the client alone. */
  changed(): void {
    this.#listeners.tell();
  }
}
