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
function bens(
  row: string,
  data: unknown,
  more: { seq?: number; base?: number; seen?: string[] } = {},
): SiblingOperation {
  return { row, client: 'ben', operation: { data, base: 0, made: 1, ...more } };
}

/** A text with what Ben has pending, and Cem on that; a snapshot that may hold what is Ben's has hidden it. */
function hidden(): TextState {
  const state = onText('[]');
  state.beside([bens('1', [[1, 0, 'hello']]), cems([[3, 0, '-']])], true);
  expect(state.text).toBe('[he-llo]');
  state.beside([bens('1', [[1, 0, 'hello']], { seq: 1 })], false);
  state.snapshot({ offset: 1, cells: { text: '[]', bar: 0, length: 2, log: [null] } }, true);
  expect(state.text).toBe('[-]');
  return state;
}

function cems(data: unknown): SiblingOperation {
  return { ...bens('2', data, { seen: ['1'] }), client: 'cem' };
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

test('SIBLING-4 what the stored document holds shows once, also if it was said anew since', () => {
  const state = new TextState();
  const { fit } = state.resume({
    client: 'ann',
    snapshot: { offset: 0, cells: { text: '', bar: 0, length: 0, log: [] } },
    entries: [
      { offset: 1, client: 'ben', seq: 1, base: 0, data: [[0, 0, 'b']] },
      { offset: 2, client: 'ann', seq: 1, base: 0, data: [[0, 0, 'a']] },
    ],
    pending: [{ key: -1, base: 1, data: [[1, 0, 'a']], seq: 1 }],
  });
  expect([state.text.length, [...fit.keys()]]).toEqual([2, []]);
});

test('SIBLING-1 what may be in the document does not show when it is told to be somewhere up to later', () => {
  const state = hidden();
  state.beside([{ row: '1', client: 'ben', upTo: 5 }], false);
  expect(state.text).toBe('[-]');
});

test('SIBLING-3 what is said anew shows in what it was made on, which has come back behind it', () => {
  const state = hidden();
  state.beside([{ row: '1', client: 'ben', at: 2 }], false);
  expect(state.text).toHaveLength(8);
  state.beside([cems([[3, 0, '--']])], false);
  expect(state.text).toBe('[he--llo]');
});

test('SIBLING-3 does not show while something that it was made on does not', () => {
  const state = onText('[]');
  state.beside([bens('1', [[1, 0, 'a']], { seen: ['0'] }), bens('2', [[2, 0, 'b']])], true);
  expect(state.text).toBe('[]');
  state.beside([bens('1', [[1, 0, 'a']])], false);
  expect(state.text).toBe('[ab]');
});
