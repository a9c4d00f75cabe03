import { expect, test } from 'vitest';
import { type Op, Replica, type Version } from '../src/index.ts';
import { excise } from '../src/log.ts';
import { type Authorship, blame } from '../src/past.ts';
import { mergeChanges } from '../src/saved.ts';
import { read } from './conformance.ts';
import { addTo, Document, drawHistory } from './histories.ts';
import { Random } from './random.ts';
import { drawChanges } from './replicas.ts';

/** A history that follows from a seed and a number of steps, and the text that it comes to. */
interface Agreed {
  seed: number;
  steps: number;
  text: string;
}

/** What a replica has that was given such a history, one transaction after the other. */
interface AgreedUpdate extends Agreed {
  /** All of it, base64. */
  update: string;
  version: Version;
  blame: Authorship[];
}

/** Operations on a text of so many code points, and what they become without one of them. */
interface AgreedExcision {
  length: number;
  ops: Op[];
  without: number;
  rest: Op[];
}

test('Go and TypeScript come to the same texts', { timeout: 120_000 }, () => {
  for (const { seed, steps, text } of read<Agreed>('histories.json', 300)) {
    const document = new Document();
    const naive = drawHistory(new Random(seed), steps, (txn) => addTo(document.history, txn));
    document.fold();
    expect(document.text.toString(), `seed ${seed}`).toBe(text);
    expect(naive, `seed ${seed}`).toBe(text);
  }
});

test('TEXT-11 Go and TypeScript read and write the very same updates', { timeout: 60_000 }, () => {
  for (const { seed, steps, update, version, blame: authors, text } of read<AgreedUpdate>(
    'updates.json',
    50,
  )) {
    const given = new Replica('reader');
    for (const change of drawChanges(new Random(seed), steps).changes) mergeChanges(given, [change]);
    const merged = new Replica('another');
    merged.merge(Buffer.from(update, 'base64'));
    for (const replica of [given, merged]) {
      expect(replica.toString(), `seed ${seed}`).toBe(text);
      expect(replica.version(), `seed ${seed}`).toEqual(version);
      expect(blame(replica), `seed ${seed}`).toEqual(authors);
      expect(Buffer.from(replica.since({})).toString('base64'), `seed ${seed}`).toBe(update);
    }
  }
});

test('TEXT-9 Go and TypeScript excise alike', () => {
  for (const [i, { length, ops, without, rest }] of read<AgreedExcision>('excised.json', 50).entries()) {
    expect(excise(ops, without, length), `case ${i}`).toEqual(rest);
  }
});
