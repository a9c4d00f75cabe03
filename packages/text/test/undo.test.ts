import { expect, test } from 'vitest';
import { Replica } from '../src/index.ts';
import { clone } from '../src/saved.ts';
import { op } from '../src/transform.ts';
import { Random } from './random.ts';
import { pull, scribble } from './replicas.ts';

test('TEXT-10 undo takes back what oneself did, and nobody else, each in its place', () => {
  const ann = new Replica('ann');
  const bob = new Replica('bob');
  const exchange = () => {
    pull(ann, bob);
    pull(bob, ann);
  };
  const is = (text: string) => expect(ann.toString()).toBe(text);
  ann.insert(0, 'hello world');
  exchange();
  ann.delete(2, 7); // "held"
  bob.insert(5, ','); // in what was deleted
  bob.delete(6, 2); // " w", which ann deleted too
  bob.edit(op.insert(0, 'Oh, ')); // before it
  exchange();
  is('Oh, he,ld');
  expect([ann.canUndo, ann.canRedo]).toEqual([true, false]);
  ann.undo();
  is('Oh, hello,orld');
  expect([ann.canUndo, ann.canRedo]).toEqual([true, true]);
  ann.redo();
  is('Oh, he,ld');
  ann.undo();
  exchange();
  is('Oh, hello,orld');
  bob.insert(7, 'XX');
  exchange();
  is('Oh, helXXlo,orld');
  ann.undo(); // of the first: only what is still there of her own
  is('Oh, XX,');
  exchange();
  expect(bob.toString()).toBe(ann.toString());
  ann.redo();
  is('Oh, helXXlo,orld');
  expect(ann.undo().length).toBeGreaterThan(0);
  expect(ann.undo()).toEqual([]);
  expect(ann.canUndo).toBe(false);
});

test('TEXT-10 what an edit does after an undo cannot be redone over', () => {
  const ann = new Replica('ann');
  ann.insert(0, 'a');
  ann.undo();
  expect(ann.canRedo).toBe(true);
  ann.insert(0, 'b');
  expect(ann.canRedo).toBe(false);
  expect([ann.redo(), ann.toString()]).toEqual([[], 'b']);
});

test('TEXT-10 all undone, nothing is left of one, and all of another; all redone, it is as it was', {
  timeout: 60_000,
}, () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const [ann, bob, alone] = [new Replica('ann'), new Replica('bob'), new Replica('bob alone')];
    for (let steps = 5 + random.below(20); steps > 0; steps--) {
      scribble(random, ann);
      // Bob writes what nobody touches.
      bob.insert(bob.length, 'B');
      alone.insert(alone.length, 'B');
      if (random.below(3) === 0) pull(ann, bob);
    }
    pull(ann, bob);
    const text = ann.toString();
    while (ann.canUndo) ann.undo();
    expect(ann.toString(), `seed ${seed}`).toBe(alone.toString());
    while (ann.canRedo) ann.redo();
    expect(ann.toString(), `seed ${seed}, redone`).toBe(text);
    pull(bob, ann);
    expect(bob.toString()).toBe(text);
  }
});

test('TEXT-10 at least the last thousand edits can be undone, and a clone has none', () => {
  const ann = new Replica('ann');
  for (let i = 0; i < 2500; i++) ann.insert(i, String(i % 10));
  expect(clone(ann, 'bob').canUndo).toBe(false);
  let undone = 0;
  for (; ann.canUndo; undone++) ann.undo();
  expect(undone).toBeGreaterThanOrEqual(1000);
  expect(undone).toBeLessThanOrEqual(2000);
  expect(ann.length).toBe(2500 - undone);
});
