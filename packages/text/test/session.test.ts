import { expect, test } from 'vitest';
import { Desk } from './desk.ts';
import { Random } from './random.ts';

test('clients that pipeline, are rejected, cut off, open anew, undo and redo show what the naive engine does', {
  timeout: 300_000,
}, () => {
  for (let seed = 0; seed < 150; seed++) {
    const desk = new Desk(new Random(seed), true);
    desk.work(120);
    desk.rest();
  }
});

test('TEXT-8 sessions go on past the bars of a long log', { timeout: 120_000 }, () => {
  for (let seed = 0; seed < 3; seed++) {
    const desk = new Desk(new Random(seed), false);
    while (desk.log.length < 1500) desk.work(200);
    desk.rest();
    expect(desk.fold.bar).toBeGreaterThanOrEqual(1024);
  }
});
