import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Replica } from '../../src/doc/replica.ts';
import { types } from './types.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function used(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test('SIBLING-2 what waits for what a sibling has pending takes no memory for each pair of the two', () => {
  const n = 2000;
  const replica = new Replica(types.records);
  const data = (x: number): unknown => ({ op: 'patch', key: 'shape', set: { x } });
  replica.identify('c');
  replica.entries([{ offset: 1, base: 0, data: { op: 'set', key: 'shape', value: {} } }]);
  const rows = Array.from({ length: n }, (_, x) => `row ${x}`);
  const told = rows.map((row, x) => ({ row, client: 's', operation: { data: data(x), base: 1, made: x } }));
  const before = used();
  replica.beside(told, false);
  for (let key = 1; key <= n; key++) replica.mutate(key, replica.type.decode(data(n + key)));
  expect(used() - before).toBeLessThan(2 ** 23);
  expect([1, n].map((key) => replica.waits(key))).toEqual([true, true]);
  const gone = rows.map((row) => ({ row, client: 's' }));
  expect(replica.beside(gone.slice(1), false).released).toEqual([]);
  expect(replica.beside(gone.slice(0, 1), false).released).toHaveLength(n);
});
