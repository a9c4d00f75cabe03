import { afterEach, expect, test, vi } from 'vitest';
import { Connection } from '../src/connection.ts';
import { Lease } from '../src/lease.ts';
import { Stage } from './stage.tsx';

afterEach(() => vi.unstubAllGlobals());

function setUp() {
  const stage = new Stage();
  const connection = new Connection(new Lease(stage.connect, (client) => client.close()));
  const open = (options = {}) =>
    connection.shared('records', 'records:todos', options, (client) =>
      client.records('records:todos', options),
    );
  return { stage, open, close: connection.client.retain() };
}

test('a listener is told of what it follows alone', async () => {
  const { stage, open, close } = setUp();
  const told: string[] = [];
  const stops = (['all', 'status', 'key a', 'key b'] as const).map((channel) =>
    open().listen(channel, () => told.push(channel)),
  );
  await stage.pass();
  expect(told).toEqual(['status']);
  told.length = 0;
  stage.server.append('records:todos', { op: 'set', key: 'a', value: {} });
  await stage.pass();
  expect(told).toEqual(['key a', 'all']);
  for (const stop of [...stops, close]) stop();
  await stage.pass();
  expect(stage.clients.map(({ status }) => status.state)).toEqual(['closed']);
});

test('who wants the same shares it, and who wants another thing does not', async () => {
  const { open } = setUp();
  const [shared, ordered] = [open(), open({ order: 'place' })];
  expect([open(), open({ order: 'place' })]).toEqual([shared, ordered]);
  expect(open()).toBe(shared);
  expect(ordered).not.toBe(shared);
});

test('on a server nothing is kept of what was rendered', () => {
  vi.stubGlobal('window', undefined);
  const { open } = setUp();
  expect(open()).not.toBe(open());
});
