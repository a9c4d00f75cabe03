import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { TextOp } from '@tutti/client';
import { Replica } from '@tutti/text';
import { type Change, type Event, mergeChanges } from '@tutti/text/saved';
import type { Score } from './score.ts';

/** A history of what several wrote at once: transactions whose positions are of the text that their parents make. */
export interface Recorded {
  kind?: string;
  endContent: string;
  numAgents: number;
  txns: Txn[];
}

export interface Txn {
  parents: number[];
  agent: number;
  patches: TextOp;
}

/** The histories of concurrent writing in a folder, by their names. */
export function readRecorded(folder: string): [name: string, history: Recorded][] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json.gz'))
    .map((file): [string, Recorded] => {
      const json = gunzipSync(readFileSync(join(folder, file))).toString();
      return [file.slice(0, -'.json.gz'.length), JSON.parse(json) as Recorded];
    })
    .filter(([, { kind }]) => kind === 'concurrent');
}

/** How many code points an operation deletes and inserts. */
export const eventsOf = (op: TextOp): number =>
  op.reduce((sum, [, n, text]) => sum + n + [...text].length, 0);

/** What the transactions of a score make: of a whole history the end that was recorded. */
export function endOf({ txns, endContent }: Recorded, { notes }: Score): string {
  const played = new Set(notes.map(({ txn }) => txn));
  const whole = txns.every(({ patches }, i) => played.has(i) || eventsOf(patches) === 0);
  return whole ? endContent : merged(txns, played);
}

/** What some transactions make without a server and its log. */
function merged(txns: readonly Txn[], played: ReadonlySet<number>): string {
  const seqs = new Map<number, number>();
  const last: Event[] = []; // of each transaction
  const ends: number[][] = []; // those played that each comes to
  const changes: Change[] = [];
  for (const [i, { agent, parents, patches }] of txns.entries()) {
    const behind = [...new Set(parents.flatMap((parent) => ends[parent] ?? []))];
    if (!played.has(i)) {
      ends.push(eventsOf(patches) === 0 ? behind : []);
      continue;
    }
    const seq = seqs.get(agent) ?? 0;
    const change = {
      agent: `agent ${agent}`,
      seq,
      parents: behind.map((end) => last[end] as Event),
      op: patches,
    };
    changes.push(change);
    seqs.set(agent, seq + eventsOf(patches));
    last[i] = { agent: change.agent, seq: seq + eventsOf(patches) - 1 };
    ends.push([i]);
  }
  const replica = new Replica('reader');
  mergeChanges(replica, changes);
  return String(replica);
}
