import { TuttiError } from '../error.ts';
import type { Cells, Draft } from './cells.ts';
import { Handle } from './handle.ts';
import type { Mutating, MutationOptions } from './mutation.ts';
import type { Folded } from './replica.ts';

/** A handle on a document that is made of cells. */
export abstract class CellsHandle<C> extends Handle<Cells<C>, Folded<C>> {
  protected mutate<L>(draft: Draft<L>, options: MutationOptions | undefined): Mutating<L> {
    const make = (): unknown => {
      if (this.status === 'closed') throw new TuttiError('closed');
      return draft.make();
    };
    return this.document.mutate({ ...draft, make }, options?.timeout ?? this.timeout);
  }
}
