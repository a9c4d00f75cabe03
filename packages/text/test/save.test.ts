import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { load, open, save } from '../src/save.ts';
import { addTo, Document, drawHistory } from './histories.ts';
import { Random } from './random.ts';
import { drawn, saved } from './saved.ts';

describe('what was saved is opened', () => {
  test('with its history, from random ones', { timeout: 60_000 }, () => {
    for (let seed = 0; seed < 300; seed++) {
      const document = drawn(seed, seed % 60);
      const text = document.text.toString();
      const bytes = saved(document);
      const opened = open(bytes);
      expect(opened.text, `seed ${seed}`).toBe(text);
      const { history, version, walker } = load(opened);
      expect(save(text, history, walker), `seed ${seed}, saved again`).toEqual(bytes);
      const again = new Document(history);
      again.fold();
      expect(again.text.toString(), `seed ${seed}, replayed`).toBe(text);
      expect(version, `seed ${seed}`).toEqual(again.version);
    }
  });

  test('and goes on like that which was saved', { timeout: 60_000 }, () => {
    for (let seed = 0; seed < 100; seed++) {
      const document = new Document();
      let opened: Document | undefined;
      let step = 0;
      drawHistory(new Random(seed), 40, (txn) => {
        addTo(document.history, txn);
        document.fold();
        if (opened !== undefined) {
          addTo(opened.history, txn);
          opened.fold();
          expect(opened.text.toString(), `seed ${seed}`).toBe(document.text.toString());
        } else if (++step === 10) {
          const from = open(saved(document));
          const { history, version } = load(from);
          opened = new Document(history, version, from.text);
        }
      });
      expect(opened?.text.toString(), `seed ${seed}`).toBe(document.text.toString());
    }
  });
});

/** What Go has saved of the history that follows from a seed and a number of steps. */
interface Stored {
  seed: number;
  steps: number;
  text: string;
  saved: string;
}

test('Go and TypeScript save the same, and open it', { timeout: 60_000 }, () => {
  const file = join(import.meta.dirname, '../../../conformance/text/saved.json');
  const stored: Stored[] = JSON.parse(readFileSync(file, 'utf8'));
  expect(stored.length).toBeGreaterThan(40);
  for (const { seed, steps, text, saved: theirs } of stored) {
    const document = drawn(seed, steps);
    expect(document.text.toString(), `seed ${seed}`).toBe(text);
    expect(Buffer.from(saved(document)).toString('base64'), `seed ${seed}`).toBe(theirs);
    const opened = open(Buffer.from(theirs, 'base64'));
    expect(opened.text, `seed ${seed}`).toBe(text);
    expect(load(opened).history.end, `seed ${seed}`).toBe(document.history.end);
  }
});
