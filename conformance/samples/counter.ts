import { GCounter } from '@tutti/crdt';

/** A counter that goes to other devices as text, by whatever way there is. */
export class Visits {
  readonly #counter = new GCounter();
  increment = (n = 1) => this.#counter.increment(n);
  value = () => this.#counter.value;
  merge = (other: Visits) => this.#counter.merge(other.#counter);
  toPayload = () => JSON.stringify(this.#counter.payload());
  fromPayload = (text: string) => this.#counter.applyPayload(JSON.parse(text));
}
