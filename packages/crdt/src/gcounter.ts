import { Counts, type CountsPayload, isAhead, listCounts, sameCounts } from './counts.ts';
import { Reader } from './payload.ts';
import { Replica } from './replica.ts';

export interface GCounterPayload {
  replicaId: string;
  counts: CountsPayload;
}

/** A counter that only grows. Each replica counts for itself; the value is the sum. */
export class GCounter extends Replica<GCounterPayload, Map<string, number>> {
  readonly #counts = new Counts();

  get value(): number {
    return this.#counts.total;
  }

  /** Adds n, a whole number of at least 1. */
  increment(n = 1): GCounterPayload {
    const { replicaId } = this;
    const count = this.#counts.add(replicaId, n);
    this.changed();
    return { replicaId, counts: [[replicaId, count]] };
  }

  payload(): GCounterPayload {
    return { replicaId: this.replicaId, counts: listCounts(this.#counts.byId) };
  }

  equal(other: GCounter): boolean {
    return sameCounts(this.#counts.byId, other.#counts.byId);
  }

  protected read(payload: unknown): Map<string, number> {
    const reader = new Reader(payload, ['counts']);
    return reader.counts(reader.get('counts'), 'counts');
  }

  protected state(): Map<string, number> {
    return this.#counts.byId;
  }

  protected isReused(counts: Map<string, number>): boolean {
    return isAhead(counts, this.#counts.byId, this.replicaId);
  }

  protected override checkSum(counts: Map<string, number>): void {
    this.#counts.check(counts);
  }

  protected join(counts: Map<string, number>): boolean {
    return this.#counts.join(counts);
  }
}
