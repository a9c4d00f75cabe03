import { LWWRegister, MVRegister, ORSet, PNCounter } from '@tutti/crdt';

/** One device: CRDTs of four types under one replica id. */
export class Device {
  readonly name: string;
  readonly #options = { newReplicaId: () => this.#id };
  #id: string;
  readonly parts;

  constructor(name: string) {
    this.name = name;
    this.#id = newId(name);
    this.parts = {
      counter: new PNCounter(this.#options),
      set: new ORSet<string>(this.#options),
      latest: new LWWRegister<string>(this.#options),
      all: new MVRegister<string>(this.#options),
    };
  }

  get id(): string {
    return this.parts.counter.replicaId;
  }

  /** All that the device has, as JSON. */
  payload(): Record<string, unknown> {
    return Object.fromEntries(this.#each().map(([name, part]) => [name, part.payload()]));
  }

  /** Takes in what another device has. What is known already changes nothing. */
  apply(payload: Record<string, unknown>): void {
    for (const [name, part] of this.#each()) part.applyPayload(payload[name]);
  }

  /** Goes on with a copy, as from a restored backup: under the id that is in it. */
  restore(payload: Record<string, unknown>): void {
    for (const [name, part] of this.#each()) part.resume(payload[name]);
  }

  renew(): void {
    this.#id = newId(this.name);
    for (const [, part] of this.#each()) part.renew();
  }

  onChange(listener: () => void): () => void {
    const stops = this.#each().map(([, part]) => part.onChange(listener));
    return () => stops.forEach((stop) => void stop());
  }

  #each() {
    return Object.entries(this.parts);
  }
}

/** 64 bits at random, behind a name for the reader's sake. */
function newId(name: string): string {
  const bits = [...crypto.getRandomValues(new Uint32Array(2))];
  return `${name}-${bits.map((n) => n.toString(36)).join('')}`;
}
