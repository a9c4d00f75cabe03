import { CellsHandle } from './cells-handle.ts';
import type { Mutation, MutationOptions } from './mutation.ts';

/** A number to which each add counts once. Use `client.counter(topic)`. */
export class CounterHandle extends CellsHandle<number> {
  get value(): number {
    return this.document.replica.get('') ?? 0;
  }

  /** Adds a whole number that is not 0. */
  add(n = 1, options?: MutationOptions): Mutation<number> {
    const draft = { keys: [''], make: () => ({ op: 'add', n }), local: () => this.value };
    return this.mutate(draft, options).mutation;
  }
}
