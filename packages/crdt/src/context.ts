import { type CountsPayload, listCounts, sameCounts } from './counts.ts';
import { compare } from './value.ts';

/** Operations that are known while some before them are not: ascending by replica id, then n. */
export type ApartPayload = [replicaId: string, ns: number[]][];

/**
 * Which operations are known: of each replica those up to a count, and those
 * that came apart, ahead of one that is missing. What closes up is folded into
 * the count, so that the context stays as small as the number of replicas.
 */
export class Context {
  readonly seen: Map<string, number>;
  readonly apart = new Map<string, Set<number>>();

  constructor(seen = new Map<string, number>()) {
    this.seen = seen;
  }

  has(id: string, n: number): boolean {
    return n <= (this.seen.get(id) ?? 0) || (this.apart.get(id)?.has(n) ?? false);
  }

  /** The highest operation known of the replica; 0 if none. */
  highest(id: string): number {
    let highest = this.seen.get(id) ?? 0;
    for (const n of this.apart.get(id) ?? []) if (n > highest) highest = n;
    return highest;
  }

  /** Returns whether it was not known. */
  add(id: string, n: number): boolean {
    if (this.has(id, n)) return false;
    const apart = this.apart.get(id);
    if (n === (this.seen.get(id) ?? 0) + 1) this.#raise(id, n, apart);
    else if (apart) apart.add(n);
    else this.apart.set(id, new Set([n]));
    return true;
  }

  /** Returns whether anything was not known. */
  join(other: Context): boolean {
    let changed = false;
    for (const [id, n] of other.seen) {
      if (n <= (this.seen.get(id) ?? 0)) continue;
      const apart = this.apart.get(id);
      for (const m of apart ?? []) if (m <= n) apart?.delete(m);
      this.#raise(id, n, apart);
      changed = true;
    }
    for (const [id, ns] of other.apart) for (const n of ns) changed = this.add(id, n) || changed;
    return changed;
  }

  equal(other: Context): boolean {
    if (!sameCounts(this.seen, other.seen) || this.apart.size !== other.apart.size) return false;
    for (const [id, ns] of this.apart) {
      const theirs = other.apart.get(id);
      if (theirs?.size !== ns.size) return false;
      for (const n of ns) if (!theirs.has(n)) return false;
    }
    return true;
  }

  payload(): { seen: CountsPayload; apart?: ApartPayload } {
    const seen = listCounts(this.seen);
    if (!this.apart.size) return { seen };
    const apart = [...this.apart].sort((a, b) => compare(a[0], b[0]));
    return { seen, apart: apart.map(([id, ns]) => [id, [...ns].sort((a, b) => a - b)]) };
  }

  #raise(id: string, n: number, apart: Set<number> | undefined): void {
    let seen = n;
    while (apart?.delete(seen + 1)) seen++;
    if (apart?.size === 0) this.apart.delete(id);
    this.seen.set(id, seen);
  }
}
