import type { Patch, Txn } from './histories.ts';
import type { Random } from './random.ts';

/** A history in transactions of one event. */
function eachEvent(txns: readonly Txn[]): Txn[] {
  const events: Txn[] = [];
  for (const { parents, agent, seqStart, ops } of txns) {
    let follows = parents;
    let seq = seqStart;
    const add = (op: Patch): void => {
      const v = events.length;
      events.push({ span: [v, v + 1], parents: follows, agent, seqStart: seq, ops: [op] });
      follows = [v];
      seq++;
    };
    for (const [at, n, text] of ops) {
      for (let i = 0; i < n; i++) add([at, 1, '']);
      for (const [i, rune] of [...text].entries()) add([at + i, 0, rune]);
    }
  }
  return events;
}

/**
 * A history event by event, in another order in which each follows its parents:
 * mostly along a branch, and now and then on another.
 */
export function reordered(txns: readonly Txn[], random: Random): Txn[] {
  const events = eachEvent(txns);
  /** How many parents of each are not there yet. */
  const missing = events.map((event) => event.parents.length);
  const children: number[][] = events.map(() => []);
  for (const [v, event] of events.entries()) for (const p of event.parents) children[p]?.push(v);
  const ready = [...events.keys()].filter((v) => missing[v] === 0);
  /** The number that each has in the result. */
  const now = new Map<number, number>();
  const result: Txn[] = [];
  while (ready.length > 0) {
    const i = random.below(8) === 0 ? random.below(ready.length) : ready.length - 1;
    const v = ready.splice(i, 1)[0] as number;
    const event = events[v] as Txn;
    const at = result.length;
    now.set(v, at);
    const parents = event.parents.map((p) => now.get(p) as number).sort((a, b) => a - b);
    result.push({ ...event, span: [at, at + 1], parents });
    for (const child of children[v] as number[]) {
      missing[child] = (missing[child] as number) - 1;
      if (missing[child] === 0) ready.push(child);
    }
  }
  return result;
}
