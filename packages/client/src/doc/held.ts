import type { Snapshot } from '../protocol.ts';
import type { Acknowledgement } from '../publication.ts';

/** What tells whether a document may hold an operation. */
export interface Sent {
  client?: string | undefined;
  /** The seq under which it may have been sent. */
  seq?: number | undefined;
  base: number;
  /** The answer, if there was one. */
  place?: Acknowledgement | undefined;
}

/** Of the clients that are known: up to which seq the confirmed document holds their entries. */
export class Held {
  readonly #seqs = new Map<string, number>();
  /** The user's clients on this device, by their ids. */
  readonly #device = new Set<string>();
  /** The offset of the snapshot by which the confirmed document began. */
  #begun = 0;

  /** The document begins anew by a snapshot. */
  begin({ offset, seqs = [] }: Pick<Snapshot, 'offset' | 'seqs'>): void {
    this.#begun = offset;
    this.#seqs.clear();
    for (const [client, seq] of seqs) {
      this.know(client);
      this.#seqs.set(client, seq);
    }
  }

  /** It is one of the user's on this device. */
  know(client: string): void {
    this.#device.add(client);
  }

  /** A snapshot was made for this client, and has told all that there is of it. */
  told(client: string): void {
    if (!this.#seqs.has(client)) this.#seqs.set(client, 0);
  }

  /** The document holds an entry. */
  add({ client, seq }: { client?: string; seq?: number }): void {
    if (client !== undefined && seq !== undefined) this.#seqs.set(client, seq);
  }

  /** Whether it holds an entry of a client, as far as is known. */
  has(client: string, seq = Infinity): boolean {
    return seq <= (this.#seqs.get(client) ?? 0);
  }

  /** Whether the snapshot by which it has just begun holds an operation. */
  holds({ client = '', seq = Infinity, place }: Omit<Sent, 'base'>, recovered: boolean): boolean {
    const newest = this.#seqs.get(client) ?? 0;
    return seq <= newest || (recovered && newest === 0 && took({ place }, this.#begun));
  }

  /** Whether it may hold an operation, as far as is known, when it reaches up to an offset. */
  may({ client = '', seq, base, place }: Sent, offset: number): boolean {
    if (place) return took({ place }, offset);
    return seq !== undefined && seq <= (this.#seqs.get(client) ?? (base < this.#begun ? Infinity : 0));
  }

  /** Those of the user's clients on this device, for a snapshot. */
  list(): NonNullable<Snapshot['seqs']> {
    return [...this.#seqs].filter(([client]) => this.#device.has(client));
  }
}

/** Of so many entries it is remembered where they are. */
const mostRemembered = 1024;

/** Notes where in the log something is, and forgets the oldest of what is too much. */
export function remember<K>(places: Map<K, number>, by: K, offset: number): void {
  places.set(by, offset);
  for (const [oldest] of places) {
    if (places.size <= mostRemembered) break;
    places.delete(oldest);
  }
}

/** Whether the server has told that it took an operation, at an offset up to this one. */
export function took({ place }: Pick<Sent, 'place'>, offset: number): boolean {
  return (place?.offset ?? Infinity) <= offset;
}
