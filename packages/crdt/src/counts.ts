import { CrdtError } from './error.ts';
import { compare } from './value.ts';

/** How much each replica counted, ascending by replica id. */
export type CountsPayload = [replicaId: string, n: number][];

/** How much each replica counted. Only the replica itself raises its own count. */
export class Counts {
  readonly byId = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Raises one count; returns what it is then. Throws out_of_range. */
  add(id: string, n: number): number {
    if (!Number.isSafeInteger(n) || n < 1)
      throw new CrdtError('bad_value', 'the amount is not a whole number of 1 to 2^53−1');
    inRange(this.#total + n);
    const count = (this.byId.get(id) ?? 0) + n;
    this.byId.set(id, count);
    this.#total += n;
    return count;
  }

  /** Throws out_of_range if the sum would be with these joined. */
  check(counts: Map<string, number>): void {
    let total = this.#total;
    for (const [id, n] of counts) total += Math.max(0, n - (this.byId.get(id) ?? 0));
    inRange(total);
  }

  join(counts: Map<string, number>): boolean {
    const before = this.#total;
    for (const [id, n] of counts) {
      const mine = this.byId.get(id) ?? 0;
      if (n <= mine) continue;
      this.byId.set(id, n);
      this.#total += n - mine;
    }
    return this.#total > before;
  }
}

/** Whether a has counted more of the replica than b. */
export function isAhead(a: Map<string, number>, b: Map<string, number>, replicaId: string): boolean {
  return (a.get(replicaId) ?? 0) > (b.get(replicaId) ?? 0);
}

/** As a payload has it. */
export function listCounts(counts: Map<string, number>): CountsPayload {
  return [...counts].sort((a, b) => compare(a[0], b[0]));
}

export function sameCounts(a: Map<string, number>, b: Map<string, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [id, n] of a) if (b.get(id) !== n) return false;
  return true;
}

function inRange(total: number): void {
  if (total > Number.MAX_SAFE_INTEGER) throw new CrdtError('out_of_range', 'the sum would pass 2^53−1');
}
