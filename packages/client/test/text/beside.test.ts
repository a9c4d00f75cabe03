import { expect, test } from 'vitest';
import type { SiblingOperation } from '../../src/document.ts';
import { TextState } from '../../src/text/state.ts';

/** The state of a text that this client and a sibling, Ben, have both read. */
function onText(text: string): TextState {
  const state = new TextState();
  state.identify('ann');
  state.snapshot({ offset: 0, seqs: [], cells: { text, bar: 0, length: text.length, log: [] } }, false);
  return state;
}

/** An operation of Ben's, as it is stored. */
function bens(row: string, data: unknown, more: { seq?: number; base?: number } = {}): SiblingOperation {
  return { row, client: 'ben', operation: { data, base: 0, made: 1, ...more } };
}

test('SIBLING-1 what the log has does not show again when it is told late what it was before', () => {
  const state = onText('[]');
  const early = bens('1', [[1, 0, 'hello']]);
  state.beside([early], true);
  state.entries([{ offset: 1, client: 'ben', seq: 1, base: 0, data: [[1, 0, 'hello']] }]);
  expect(state.beside([early], false).folded).toEqual([]);
  expect(state.text).toBe('[hello]');
});

test('SIBLING-1 an entry that is known to be another one takes no place of one that is shown', () => {
  const state = onText('[]');
  state.beside([bens('1', [[1, 0, 'a']], { seq: 1 }), bens('2', [[1, 0, 'b']])], true);
  // The document begins anew, and may hold the first.
  state.snapshot({ offset: 3, cells: { text: '[]', bar: 3, length: 2, log: [] } }, true);
  expect(state.text).toBe('[b]');
  const { key } = state.edit([[2, 0, '!']], {});
  state.entries([{ offset: 4, client: 'ben', seq: 1, base: 3, data: [[1, 0, 'a']] }]);
  expect([state.text.length, state.waits(key)]).toEqual([5, true]);
  expect(state.text).toContain('b!');
});

test('SIBLING-3 what two operations of a former life tell that they were made on shows once', () => {
  const state = new TextState();
  const seen = [{ row: '1', client: 'ben', base: 0, data: [[0, 0, 'hello']] }];
  state.resume({
    client: 'ann',
    snapshot: { offset: 0, cells: { text: '', bar: 0, length: 0, log: [] } },
    entries: [],
    pending: [
      { key: -2, base: 0, data: [[2, 0, '-']], seen },
      { key: -1, base: 0, data: [[0, 0, '_']], seen },
    ],
  });
  expect(state.text).toBe('_he-llo');
  state.beside([], true);
  expect(state.text).toBe('_-');
});
