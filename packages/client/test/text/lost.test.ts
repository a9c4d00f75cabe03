import { describe, expect, test } from 'vitest';
import { TextState } from '../../src/text/state.ts';

/** The text of Ann, who has made two insertions, as her entries 4 and 5, which the server took at offsets 1 and 3. */
function taken(): TextState {
  const state = new TextState();
  state.identify('ann');
  for (const [i, text] of ['ab', 'cd'].entries()) {
    const { key } = state.edit([[2 * i, 0, text]], {});
    state.sent(key, 'ann', 4 + i);
    state.acknowledged(key, { offset: 1 + 2 * i, term: 'one' });
  }
  return state;
}

describe('DOC-18 what the server took into a log that is lost', () => {
  const other = { offset: 1, term: 'two', client: 'bob', seq: 1, base: 0, data: [[0, 0, 'X']], time: 0 };

  test('is lost when another entry stands there, and what was taken further on waits', () => {
    const state = taken();
    expect(state.entries([other])).toMatchObject({ lost: [1], confirmed: [] });
    expect([state.text, state.keys]).toEqual(['cdX', [2]]);
  });

  test('is lost when a snapshot has gone past it that tells of its client, and not of it', () => {
    const state = taken();
    const cells = { text: 'XYZ', bar: 3, length: 3, log: [] };
    const change = state.snapshot({ offset: 3, seqs: [['ann', 4]], cells }, true);
    expect(change).toMatchObject({ lost: [2], confirmed: [{ key: 1 }] });
    expect([state.text, state.keys]).toEqual(['XYZ', []]);
  });
});

test('DOC-19 what does nothing in the log that came in place of a lost one, which is as long, is said anew', () => {
  const state = new TextState();
  const opened = (text: string, term: string) =>
    state.snapshot({ offset: 1, term, cells: { text, bar: 1, length: 3, log: [] } }, term === 'one');
  opened('abc', 'one');
  const { key } = state.edit([[0, 3, '']], {});
  expect(opened('xyz', 'two').amended).toEqual([key]);
  expect([state.text, state.baseOf(key), state.dataOf(key)]).toEqual(['xyz', 1, []]);
});
