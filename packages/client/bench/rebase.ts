/**
 * How long a client takes to fold what is pending anew when remote changes
 * arrive: 1,000 pending patches over 1,000 remote ones, in one frame, on 10,000
 * records.
 *
 *     npm run bench --workspace packages/client
 */
import { records } from '../src/doc/records.ts';
import { Replica } from '../src/doc/replica.ts';
import type { LogEntry } from '../src/doc/state.ts';

const size = 10_000;
const pending = 1_000;
const remote = 1_000;
const runs = Number(process.argv[2] ?? 50);

const key = (i: number): string => `record-${i}`;

const cells = Array.from({ length: size }, (_, i) => {
  const fields = { text: `Record ${i}`, done: false, order: `a${i}`, tags: ['x', 'y'], count: i };
  return [key(i), { fields, at: i + 1, by: 'bob' }] as [string, unknown];
});

/** Patches of records that are so far apart, from one on. */
function patches(n: number, first: number, distance: number, value: object): object[] {
  return Array.from({ length: n }, (_, i) => ({
    op: 'patch',
    key: key((first + i * distance) % size),
    set: value,
  }));
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function measure(name: string, own: object[], theirs: object[]): void {
  const times: number[] = [];
  let touched = 0;
  let folded = 0;
  for (let run = 0; run < runs; run++) {
    const replica = new Replica(records);
    replica.identify('ann');
    replica.snapshot({ offset: size, cells: structuredClone(cells) }, true);
    own.forEach((data, i) => {
      const op = records.decode(structuredClone(data));
      const counted = {
        keys: op.keys,
        apply: (...args: Parameters<typeof op.apply>) => {
          folded++;
          return op.apply(...args);
        },
      };
      replica.mutate(i + 1, counted);
    });
    const entries = theirs.map((data, i): LogEntry => {
      const offset = size + 1 + i;
      return { offset, client: 'bob', seq: i + 1, base: offset - 1, data: structuredClone(data) };
    });
    folded = 0;
    globalThis.gc?.();
    const begin = performance.now();
    const { keys } = replica.entries(entries);
    times.push(performance.now() - begin);
    touched = keys.length;
  }
  const figures = [median(times).toFixed(2), Math.max(...times).toFixed(2), touched, folded];
  console.log(`| ${name} | ${figures.join(' | ')} |`);
}

console.log(`${pending} pending, ${remote} remote, ${size} records; ${runs} runs, Node ${process.version}\n`);
console.log(
  '| remote changes | median, ms | longest, ms | shown cells changed | pending operations folded again |',
);
console.log('|---|---|---|---|---|');
const done = { done: true };
const text = { text: 'new', count: 1 };
measure(
  'one on each record that one is pending on',
  patches(pending, 0, 10, done),
  patches(remote, 0, 10, text),
);
measure('two on each of half of these', patches(pending, 0, 10, done), patches(remote, 0, 20, text));
measure('none on such a record', patches(pending, 0, 10, done), patches(remote, 5, 10, text));
measure(
  'all, and all that is pending, on one record',
  patches(pending, 0, 0, done),
  patches(remote, 0, 0, text),
);
const batches = Array.from({ length: 10 }, (_, i) => ({ op: 'batch', ops: patches(100, i * 99, 1, done) }));
measure(
  'one on each; pending are ten batches of 100, each sharing records with the next',
  batches,
  patches(remote, 0, 10, text),
);
