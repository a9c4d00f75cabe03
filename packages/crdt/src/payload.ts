import { refuse } from './error.ts';
import { isReplicaId } from './id.ts';

const maxItems = 1_000_000;

/**
 * Reads a payload, which anybody may have made. What it returns is sound; else
 * it throws bad_payload, which says where.
 */
export class Reader {
  readonly replicaId: string;
  readonly #members: Record<string, unknown>;
  #items = 0;

  constructor(payload: unknown, required: string[], optional: string[] = []) {
    if (typeof payload !== 'object' || !payload || Array.isArray(payload)) refuse('payload', 'not an object');
    this.#members = payload as Record<string, unknown>;
    const names = ['replicaId', ...required];
    for (const name of names) if (!this.has(name)) refuse(name, 'missing');
    for (const name of Object.keys(payload))
      if (!names.includes(name) && !optional.includes(name)) refuse(name, 'an unknown member');
    this.replicaId = readId(this.get('replicaId'), 'replicaId');
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  get(name: string): unknown {
    return this.#members[name];
  }

  /** The items of a list. All lists of a payload together have at most 1,000,000. */
  list(value: unknown, where: string): unknown[] {
    if (!Array.isArray(value)) refuse(where, 'not an array');
    this.#items += value.length;
    if (this.#items > maxItems) refuse(where, `more than ${maxItems} items in the payload`);
    return value;
  }

  /** `[[replicaId, n], …]`, each id once. */
  counts(value: unknown, where: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [i, item] of this.list(value, where).entries()) {
      const at = `${where}[${i}]`;
      const [replicaId, n] = readTuple(item, 2, 2, at);
      const id = readId(replicaId, at);
      if (counts.has(id)) refuse(at, 'this replica id stands twice');
      counts.set(id, readCount(n, at));
    }
    return counts;
  }
}

export function readTuple(value: unknown, least: number, most: number, where: string): unknown[] {
  if (!Array.isArray(value)) refuse(where, 'not an array');
  if (value.length < least || value.length > most)
    refuse(where, `${value.length} items, not ${least === most ? least : `${least} or ${most}`}`);
  return value;
}

export function readId(value: unknown, where: string): string {
  if (!isReplicaId(value)) refuse(where, 'the replica id is not 1 to 64 of A-Z a-z 0-9 _ -');
  return value;
}

export function readCount(value: unknown, where: string, least = 1, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    refuse(where, `not a whole number of ${least} to ${most}`);
  return value as number;
}
