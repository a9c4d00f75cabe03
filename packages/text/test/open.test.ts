import { describe, expect, test } from 'vitest';
import { anchor, position } from '../src/anchor.ts';
import { crc32 } from '../src/crc.ts';
import { Replica } from '../src/index.ts';
import { at, blame } from '../src/past.ts';
import { clone, open, save } from '../src/saved.ts';
import { Random } from './random.ts';
import { pull, scribble } from './replicas.ts';

/** A replica that has edited with others. */
function drawn(random: Random): Replica {
  const all = ['ann', 'bob', 'cy'].map((agent) => new Replica(agent)) as [Replica, Replica, Replica];
  for (let steps = random.below(40); steps > 0; steps--) {
    if (random.below(4) === 0) pull(random.of(all), random.of(all));
    else scribble(random, random.of(all));
  }
  for (const other of all) pull(all[0], other);
  return all[0];
}

test('a text that was saved is opened with all that happened, and goes on', { timeout: 120_000 }, () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const replica = drawn(random);
    const saved = save(replica);
    const back = open('opener', saved);
    expect(back.toString(), `seed ${seed}`).toBe(replica.toString());
    expect(back.length).toBe(replica.length);
    expect(save(back), `seed ${seed}, before its history was read`).toEqual(saved);
    expect(back.version()).toEqual(replica.version());
    expect(save(back), `seed ${seed}, and when it was`).toEqual(saved);
    expect(back.since({})).toEqual(replica.since({}));
    expect(blame(back)).toEqual(blame(replica));
    expect(back.canUndo).toBe(false);
    for (let i = 0; i < 3; i++) {
      scribble(random, back);
      scribble(random, replica);
    }
    back.undo();
    pull(replica, back);
    pull(back, replica);
    expect(back.toString(), `seed ${seed}, after more`).toBe(replica.toString());
    const third = open('third', save(back));
    expect(third.toString()).toBe(replica.toString());
    expect(third.version()).toEqual(replica.version());
  }
});

describe('its history is read when it is needed first', () => {
  const replica = drawn(new Random(8));
  const last = replica.length - 1;
  test.each<[string, (replica: Replica) => void]>([
    ['an insertion', (r) => r.insert(1, 'x')],
    ['a deletion', (r) => r.delete(last, 1)],
    ['an operation', (r) => r.edit([[0, 1, 'é']])],
    ['an update', (r) => void pull(r, open('other', saved({ insert: 'y' })))],
    ['a copy', (r) => clone(r, 'copy').insert(0, 'z')],
    ['an anchor', (r) => expect(position(r, anchor(r, last, 'left'))).toBe(last)],
    ['the text as it was', (r) => expect(at(r, {})).toBe('')],
  ])('by %s', (_, use) => {
    const [opened, kept] = [open('opener', save(replica)), clone(replica, 'opener')];
    use(opened);
    use(kept);
    expect(opened.toString()).toBe(kept.toString());
    expect(opened.since({})).toEqual(kept.since({}));
  });

  /** What was saved by one who did more. */
  function saved({ insert }: { insert: string }): Uint8Array {
    const more = clone(replica, 'more');
    more.insert(0, insert);
    return save(more);
  }
});

test('bytes that change later, or are given away, are no matter', () => {
  const replica = drawn(new Random(3));
  const saved = save(replica);
  const back = open('opener', saved);
  saved.fill(0);
  save(back).fill(0);
  expect(back.version()).toEqual(replica.version());
});

test('a damaged history is told by whoever needs it, and the text is as it was', () => {
  const saved = save(drawn(new Random(5)));
  const body = saved.length - 4;
  for (let i = body - 20; i < body; i++) saved[i] = 255;
  new DataView(saved.buffer).setUint32(body, crc32(saved.subarray(0, body)), true);
  const back = open('opener', saved);
  const text = back.toString();
  const bad = expect.objectContaining({ name: 'TextError', code: 'bad_update' });
  expect(() => back.insert(0, 'x')).toThrow(bad);
  expect(() => back.version()).toThrow(bad);
  expect(back.toString()).toBe(text);
  expect(save(back)).toEqual(saved);
  expect(() => open('opener', saved.subarray(1))).toThrow(bad);
  expect(() => open('', save(drawn(new Random(5))))).toThrow(bad);
});
