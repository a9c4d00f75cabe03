import { Counts, type CountsPayload, isAhead, listCounts, sameCounts } from './counts.ts';
import { Reader } from './payload.ts';
import { Replica } from './replica.ts';

export interface PNCounterPayload {
  replicaId: string;
  added: CountsPayload;
  removed: CountsPayload;
}

type State = Record<'added' | 'removed', Map<string, number>>;

/** A counter that goes up and down: what was added less what was removed, each up to 2^53−1. */
export class PNCounter extends Replica<PNCounterPayload, State> {
  readonly #added = new Counts();
  readonly #removed = new Counts();

  get value(): number {
    return this.#added.total - this.#removed.total;
  }

  /** Adds n, a whole number of at least 1. */
  increment(n = 1): PNCounterPayload {
    const { replicaId } = this;
    const count = this.#added.add(replicaId, n);
    this.changed();
    return { replicaId, added: [[replicaId, count]], removed: [] };
  }

  /** Takes n off, a whole number of at least 1. */
  decrement(n = 1): PNCounterPayload {
    const { replicaId } = this;
    const count = this.#removed.add(replicaId, n);
    this.changed();
    return { replicaId, added: [], removed: [[replicaId, count]] };
  }

  payload(): PNCounterPayload {
    const { added, removed } = this.state();
    return { replicaId: this.replicaId, added: listCounts(added), removed: listCounts(removed) };
  }

  equal(other: PNCounter): boolean {
    const [mine, theirs] = [this.state(), other.state()];
    return sameCounts(mine.added, theirs.added) && sameCounts(mine.removed, theirs.removed);
  }

  protected read(payload: unknown): State {
    const reader = new Reader(payload, ['added', 'removed']);
    return {
      added: reader.counts(reader.get('added'), 'added'),
      removed: reader.counts(reader.get('removed'), 'removed'),
    };
  }

  protected state(): State {
    return { added: this.#added.byId, removed: this.#removed.byId };
  }

  protected isReused({ added, removed }: State): boolean {
    const { replicaId } = this;
    return isAhead(added, this.#added.byId, replicaId) || isAhead(removed, this.#removed.byId, replicaId);
  }

  protected override checkSum({ added, removed }: State): void {
    this.#added.check(added);
    this.#removed.check(removed);
  }

  protected join({ added, removed }: State): boolean {
    const more = this.#added.join(added);
    return this.#removed.join(removed) || more;
  }
}
