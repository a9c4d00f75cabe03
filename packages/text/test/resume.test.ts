import { expect, test } from 'vitest';
import type { Op } from '../src/index.ts';
import { type Entry, type Kept, resume, TextSession } from '../src/log.ts';
import { op } from '../src/transform.ts';

// That a session which goes on from what was kept shows what the naive engine
// does, in every state, is in session.test.ts.

const entry = (offset: number, client: string, base: number, change: Op): Entry => ({
  offset,
  client,
  base,
  op: change,
});

test('a session goes on where it was, with the keys that it had', () => {
  const before = new TextSession('ann');
  before.open({ text: 'abc', bar: 4, length: 3, log: [] }, () => false, true);
  const snapshot = before.snapshot();
  const key = before.local(op.insert(3, 'd'));
  before.acknowledge(key);
  const entries = [entry(5, 'bob', 4, op.delete(0, 1))];
  for (const one of entries) before.receive(one);
  before.local(op.insert(0, 'x'));

  const kept = { client: 'ann', ...(snapshot && { snapshot }), entries, pending: before.pending };
  const { session, unfit } = resume(JSON.parse(JSON.stringify(kept)));
  expect([session.text, session.pending, session.offset, unfit]).toEqual(['xbcd', before.pending, 5, []]);
  expect(session.receive(entry(6, 'ann', 4, op.insert(3, 'd')), key)).toMatchObject({
    op: [],
    confirmed: key,
  });
  session.undo();
  expect(session.text).toBe('bcd');
});

test('what is pending may be older than the snapshot, as long as its bar is not', () => {
  const log = [
    { client: 'bob', base: 3, op: op.delete(0, 2) },
    { client: 'ann', base: 3, op: op.insert(4, 'X') },
  ];
  const kept: Kept = {
    client: 'ann',
    snapshot: { text: 'cdX', bar: 3, length: 4, log },
    entries: [],
    pending: [{ key: 7, base: 3, op: [[3, 2, 'Y']], acknowledged: false }],
  };
  const { session, unfit } = resume(kept);
  expect([session.text, session.offset, unfit]).toEqual(['cY', 5, []]);
  expect(session.pending).toEqual(kept.pending);
});

test('what does not fit is told, and the rest goes on', () => {
  const none = { client: '', entries: [] };
  const pending = (key: number, base: number, change: Op) => ({ key, base, op: change, acknowledged: false });
  const { session, unfit } = resume({
    ...none,
    pending: [
      pending(1, 0, op.insert(0, 'a')),
      pending(2, 0, op.insert(9, 'b')),
      pending(3, 0, op.insert(1, 'c')),
      pending(4, 3, op.insert(0, 'd')),
    ],
  });
  expect([session.text, unfit]).toEqual(['ac', [2, 4]]);
  expect(
    resume({ ...none, snapshot: { text: 'a', bar: 3, length: 1, log: [] }, pending: [pending(1, 2, [])] })
      .unfit,
  ).toEqual([1]);
});

test('there is no snapshot while something older than the newest entry is pending', () => {
  const session = new TextSession('ann');
  const key = session.local(op.insert(0, 'a'));
  expect(session.snapshot()).toEqual({ text: '', bar: 0, length: 0, log: [] });
  session.receive(entry(1, 'bob', 0, op.insert(0, 'b')));
  expect(session.snapshot()).toBeUndefined();
  session.receive(entry(2, 'ann', 0, op.insert(0, 'a')), key);
  expect(session.snapshot()?.text).toBe('ab');
});
