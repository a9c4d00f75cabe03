import { type Encoded, encode } from '../encode.ts';
import { Document, type Host } from './document.ts';
import type { Mutating, Mutation } from './mutation.ts';
import { type Folded, Replica } from './replica.ts';
import type { Op, Type } from './type.ts';

/** A mutation to be. */
export interface Draft<L> {
  /** Those that it is about, as far as that is known of one that is refused. */
  keys: readonly string[];
  /** Returns the operation, or throws a TuttiError that says why there is none. */
  make(): unknown;
  /** Throws unless the application's schema takes the operation. */
  check?(op: unknown): void;
  /** What is shown at the keys after it. */
  local(keys: readonly string[]): L;
}

/** A document that is made of cells. */
export class Cells<C> extends Document<Replica<C>, Folded<C>> {
  #made = 0;

  /** `left` is called when it is used no more, or has ended. */
  constructor(host: Host, topic: string, type: Type<C>, left: () => void) {
    super(host, topic, new Replica(type), left);
  }

  /** The mutations of a key that are not settled, in order. */
  mutationsOn(key: string): Mutation[] {
    return this.replica.pendingOn(key).flatMap((k) => this.mutating(k)?.mutation ?? []);
  }

  /**
   * Applies an operation, unless something is wrong with it: that is the
   * mutation's error then, nothing is changed and nothing sent.
   */
  mutate<L>({ keys, make, check, local }: Draft<L>, timeout?: number): Mutating<L> {
    let op: Op<C>;
    let encoded: Encoded;
    let mutating: Mutating<L>;
    try {
      this.check();
      encoded = encode(make());
      op = this.state.type.decode(encoded.data);
      check?.(encoded.data);
    } catch (error) {
      mutating = this.refuse(error, keys, local(keys));
      this.tell();
      return mutating;
    }
    const { replica } = this;
    const key = ++this.#made;
    this.take(replica.mutate(key, op));
    mutating = this.send(key, op.keys, local(op.keys), timeout, encoded);
    this.tell();
    return mutating;
  }

  protected override news(folded: Folded<C>): void {
    const { own, cells } = folded;
    if (own !== undefined) this.mutating(own)?.folded(cells);
    this.later(() => this.folded.tell(folded));
  }
}
