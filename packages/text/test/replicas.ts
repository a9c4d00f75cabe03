import { expect } from 'vitest';
import type { Op, Replica, Splice } from '../src/index.ts';
import type { Change } from '../src/saved.ts';
import { apply } from '../src/transform.ts';
import { addToNaive, drawHistory, type Txn } from './histories.ts';
import type { Naive } from './naive.ts';
import type { Random } from './random.ts';

/** Makes a random change. */
export function scribble(random: Random, replica: Replica): void {
  const { length } = replica;
  const at = random.below(length + 1);
  const kind = random.below(6);
  if (kind < 2 && at < length) replica.delete(at, 1 + random.below(Math.min(4, length - at)));
  else if (kind === 2 && at < length) replica.replace(at, 1, 'é😀');
  else if (kind === 3 && at > 2) for (let i = 1; i <= 3; i++) replica.delete(at - i, 1);
  else for (let i = 0, n = 1 + random.below(3); i < n; i++) replica.insert(at + i, random.of([...'abc漢']));
}

/** Merges an update, and checks what is told of it. */
export function merge(replica: Replica, update: Uint8Array): Op {
  const before = replica.toString();
  const op = replica.merge(update);
  expect(apply(before, op)).toBe(replica.toString());
  return op;
}

/** Gives a replica all that another has. */
export function pull(replica: Replica, from: Replica): Op {
  return merge(replica, from.since(replica.version()));
}

/** The transactions of a random history as changes, and its text by the naive engine. */
export function drawChanges(random: Random, steps: number): { changes: Change[]; txns: Txn[]; text: string } {
  const owners: { agent: string; seq: number }[] = []; // of each event
  const changes: Change[] = [];
  const txns: Txn[] = [];
  const text = drawHistory(random, steps, (txn) => {
    const parents = txn.parents.map((v) => owners[v] as { agent: string; seq: number });
    for (let v = txn.span[0]; v < txn.span[1]; v++) {
      owners.push({ agent: txn.agent, seq: txn.seqStart + v - txn.span[0] });
    }
    changes.push({ agent: txn.agent, seq: txn.seqStart, parents, op: txn.ops });
    txns.push(txn);
  });
  return { changes, txns, text };
}

/** Puts values into a random order. */
export function shuffled<T>(random: Random, values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, key: random.below(2 ** 30) }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** A random operation on a text of so many code points. */
export function drawOp(random: Random, length: number): Op {
  const op: Splice[] = [];
  let now = length;
  for (let splices = random.below(4); splices > 0; splices--) {
    const at = random.of([0, now, now >> 1, random.below(now + 1)]);
    const deleted = random.below(3) === 0 ? random.below(Math.min(4, now - at) + 1) : 0;
    const inserted = deleted === 0 || random.below(3) === 0 ? random.of(['a', 'bc', 'é漢', '😀']) : '';
    now += [...inserted].length - deleted;
    op.push([at, deleted, inserted]);
  }
  return op;
}

/** Adds an operation's events to the naive engine. */
export function addOp(naive: Naive, agent: string, seq: number, parents: readonly number[], op: Op): void {
  const { length } = naive.events;
  addToNaive(naive, { span: [length, length], parents: [...parents], agent, seqStart: seq, ops: [...op] });
}
