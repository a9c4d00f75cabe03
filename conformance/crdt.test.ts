import { readFileSync } from 'node:fs';
import { connect } from '@tutti/client';
import { type CrdtError, GCounter, type GCounterPayload } from '@tutti/crdt';
import { expect, test, vi } from 'vitest';
import { Visits } from './samples/counter.ts';
import { address, builtServer } from './server.ts';

const startServer = builtServer();

test('the counter is the one of the guide', () => {
  const guide = readFileSync('docs/guides/crdt.md', 'utf8');
  expect(guide).toContain(readFileSync('conformance/samples/counter.ts', 'utf8').trim());
});

test('CRDT-4 CRDT-9 two devices count offline, and agree after they have exchanged payloads', () => {
  const [a, b] = [new Visits(), new Visits()];
  a.increment();
  a.increment();
  b.increment();
  const [ofA, ofB] = [a.toPayload(), b.toPayload()];
  for (let i = 0; i < 3; i++) {
    a.fromPayload(ofB);
    b.fromPayload(ofA);
    a.merge(b);
    a.fromPayload(a.toPayload());
  }
  expect([a.value(), b.value()]).toEqual([3, 3]);
});

test('CRDT-2 a damaged payload changes nothing', () => {
  const visits = new Visits();
  visits.increment();
  for (const count of ['-1', '0.5', '9007199254740992', 'null', '"1"']) {
    const damaged = `{"replicaId":"a","counts":[["a",${count}]]}`;
    expect(() => visits.fromPayload(damaged)).toThrow(expect.objectContaining<Partial<CrdtError>>({ code: 'bad_payload' }));
  }
  expect(visits.value()).toBe(1);
});

test('CRDT-4 through a topic, with deltas', async () => {
  const url = address(await startServer());
  const clients = [0, 1].map(() => connect(url));
  const counters = clients.map((client) => {
    const counter = new GCounter();
    const topic = client.topic<GCounterPayload>('visits:home');
    topic.subscribe((payload) => counter.applyPayload(payload), { from: 'earliest' });
    return { counter, increment: (n: number) => topic.publish(counter.increment(n)) };
  });
  await Promise.all([counters[0]?.increment(1), counters[0]?.increment(1), counters[1]?.increment(1)]);
  await vi.waitFor(() => expect(counters.map(({ counter }) => counter.value)).toEqual([3, 3]));
  for (const client of clients) client.close();
});
