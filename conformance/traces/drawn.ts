import type { Entry, TextOp } from '@tutti/client';
import { range } from '../../packages/text/test/desk.ts';
import { Naive } from '../../packages/text/test/naive.ts';
import type { Random } from '../../packages/text/test/random.ts';
import { addOp } from '../../packages/text/test/replicas.ts';
import type { Recorded, Txn } from './recorded.ts';
import type { Score } from './score.ts';

/**
 * Makes the history of a log that some agents write, each behind the others by as
 * much as it likes, in an order of its own. `write` makes an agent's edit, which
 * has seen so many of each agent's.
 */
function draw(
  random: Random,
  agents: number,
  txns: number,
  write: (agent: number, seen: number[]) => TextOp,
): Recorded {
  const log: Txn[] = [];
  const bases = new Array<number>(agents).fill(0);
  const own: number[][] = Array.from({ length: agents }, () => []);
  for (let i = 0; i < txns; i++) {
    const agent = random.below(agents);
    const behind = i - (bases[agent] as number);
    if (random.below(3) === 0) (bases[agent] as number) += random.below(behind + 1);
    const base = bases[agent] as number;
    const seen = own.map((of, a) => (a === agent ? of.length : of.filter((txn) => txn < base).length));
    const parents = own.flatMap((of, a) => of[(seen[a] as number) - 1] ?? []);
    log.push({ agent, parents, patches: write(agent, seen) });
    own[agent]?.push(i);
  }
  return { endContent: '', numAgents: agents, txns: shuffled(random, log) };
}

/** Transactions in another order, in which each still stands behind those that it follows. */
function shuffled(random: Random, txns: readonly Txn[]): Txn[] {
  const places = new Map<number, number>();
  const all: Txn[] = [];
  while (all.length < txns.length) {
    const i = random.below(txns.length);
    const txn = txns[i] as Txn;
    const parents = txn.parents.flatMap((parent) => places.get(parent) ?? []);
    if (places.has(i) || parents.length < txn.parents.length) continue;
    places.set(i, all.push({ ...txn, parents }) - 1);
  }
  return all;
}

/**
 * A history of agents who often insert at one place. What stands where depends on
 * the names of those who write, so nothing is deleted: how long a text is does not.
 */
export function drawCrowded(random: Random, agents: number, txns: number): Recorded {
  const lengths: number[][] = Array.from({ length: agents }, () => [0]);
  return draw(random, agents, txns, (agent, seen) => {
    const length = seen.reduce((sum, n, a) => sum + (lengths[a]?.[n] as number), 0);
    const inserted = random.of(['a', 'é', '漢', '😀b', 'xyz']);
    lengths[agent]?.push((lengths[agent]?.at(-1) as number) + [...inserted].length);
    return [[random.of([0, length >> 1, length, random.below(length + 1)]), 0, inserted]];
  });
}

/** What the entries of a log make of the text of a history, one code point at a time. */
export function naively({ txns }: Recorded, { notes }: Score, log: readonly Entry[]): string {
  const naive = new Naive();
  const ends = [0];
  const own = new Map<string, number[]>();
  for (const [i, { txn, base }] of notes.entries()) {
    const { client = '' } = log[i] as Entry;
    const mine = own.get(client) ?? [];
    const start = naive.events.length;
    addOp(naive, client, mine.length, [...range(0, ends[base] as number), ...mine], txns[txn]?.patches ?? []);
    own.set(client, [...mine, ...range(start, naive.events.length)]);
    ends.push(naive.events.length);
  }
  return String(naive);
}

/**
 * A history of agents who write and delete between marks, each behind one of its
 * own. So nobody inserts where another does, and the end is what each meant.
 */
export function drawRooms(random: Random, agents: number, txns: number): Recorded {
  const rooms = Array.from({ length: agents }, () => '');
  const lengths: number[][] = rooms.map(() => [0]);
  const marks = '|'.repeat(agents);
  const drawn = draw(random, agents, txns, (agent, seen) => {
    const start =
      agent + 1 + seen.slice(0, agent).reduce((sum, n, a) => sum + (lengths[a]?.[n] as number), 0);
    const room = [...(rooms[agent] as string)];
    const at = random.below(room.length + 1);
    const n = random.below(Math.min(3, room.length - at) + 1);
    const inserted = n > 0 && random.below(2) === 0 ? '' : random.of(['a', 'é', '漢', '😀b', 'xyz']);
    room.splice(at, n, ...inserted);
    rooms[agent] = room.join('');
    lengths[agent]?.push(room.length);
    return [[start + at, n, inserted]];
  });
  const first: Txn = { agent: 0, parents: [], patches: [[0, 0, marks]] };
  const behind = drawn.txns.map((txn) => ({
    ...txn,
    parents: [0, ...txn.parents.map((parent) => parent + 1)],
  }));
  return { ...drawn, endContent: rooms.map((room) => `|${room}`).join(''), txns: [first, ...behind] };
}
