import { EditorState, Transaction } from '@codemirror/state';
import { describe, expect, test } from 'vitest';
import { Random } from '../../text/test/random.ts';
import { permitted, shown } from '../src/sync.ts';
import { Bench, Text } from './stage.ts';

const turn = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve));

/** Two editors on one text. */
function pair(value = ''): { ann: Bench; bob: Bench; exchange: () => Promise<void> } {
  const [a, b] = [new Text('ann'), new Text('bob')];
  if (value) a.edit([[0, 0, value]]);
  b.pull(a);
  a.edits = [];
  const exchange = (): Promise<void> => {
    a.pull(b);
    b.pull(a);
    return turn();
  };
  return { ann: new Bench(a), bob: new Bench(b), exchange };
}

describe('what is typed', () => {
  test('is told to the text as it is made, once', async () => {
    const { ann } = pair('😀 all');
    await turn();
    ann.dispatch({ changes: { from: 3, insert: 'is ' }, selection: { anchor: 6 } });
    ann.dispatch({
      changes: [
        { from: 0, insert: '\n' },
        { from: 9, insert: '!' },
      ],
    });
    expect(ann.text.edits).toEqual([
      [[2, 0, 'is ']],
      [
        [0, 0, '\n'],
        [9, 0, '!'],
      ],
    ]);
    expect(ann.text.value).toBe(ann.value);
  });

  test('that is refused is taken back and told', async () => {
    const told: unknown[] = [];
    const text = new Text('ann');
    const editor = new Bench(text, { onRejected: (error) => told.push(error) });
    await turn();
    text.refusal = new Error('no');
    editor.dispatch({ changes: { from: 0, insert: 'X' } });
    await turn();
    await turn();
    expect([editor.value, text.value, told]).toEqual(['', '', [new Error('no')]]);
  });

  test('with half of a pair in it has a replacement character there', async () => {
    const { ann } = pair();
    await turn();
    ann.dispatch({ changes: { from: 0, insert: '😀\ud83d' } });
    expect(ann.text.value).toBe('😀\ufffd');
  });
});

describe('what others write', () => {
  test('is shown without an echo, keeps the selection, and is in no history', async () => {
    const { ann, bob, exchange } = pair('one two');
    await turn();
    ann.dispatch({ selection: { anchor: 7, head: 4 } });
    bob.dispatch({ changes: { from: 0, insert: 'zero ' } });
    await exchange();
    expect([ann.value, bob.value]).toEqual(['zero one two', 'zero one two']);
    expect(ann.state.selection.main).toMatchObject({ anchor: 12, head: 9 });
    expect(ann.text.edits).toEqual([]);
    const last = ann.transactions.at(-1);
    expect(last?.annotation(shown)).toBe(true);
    expect(last?.annotation(Transaction.remote)).toBe(true);
    expect(last?.annotation(Transaction.addToHistory)).toBe(false);
  });

  test('is not kept from the editor by its filters', async () => {
    const text = new Text('ann');
    const editor = new Bench(text);
    editor.state = EditorState.create({
      extensions: [permitted, EditorState.changeFilter.of(() => false)],
    });
    await turn();
    const other = new Text('bob');
    other.edit([[0, 0, 'abc']]);
    text.pull(other);
    await turn();
    expect(editor.value).toBe('abc');
  });

  test('has its carriage returns kept', async () => {
    const { ann, bob, exchange } = pair();
    await turn();
    bob.text.edit([[0, 0, 'a\r\nb']]);
    await exchange();
    expect([ann.value, ann.state.doc.lines]).toEqual(['a\r\nb', 2]);
    ann.dispatch({ changes: { from: 4, insert: 'c' } });
    expect(ann.text.value).toBe('a\r\nbc');
  });
});

describe('while something is composed', () => {
  test('what comes in its line is held until it is done, and what is composed is told at once', async () => {
    const { ann, bob, exchange } = pair('one two\nthree');
    await turn();
    ann.dispatch({ selection: { anchor: 3 } });
    ann.compose(true);
    ann.dispatch({ changes: { from: 3, insert: 'k' }, selection: { anchor: 4 } });
    bob.dispatch({ changes: { from: 0, to: 3, insert: '😀zero' } });
    await exchange();
    expect([ann.value, bob.value]).toEqual(['onek two\nthree', '😀zerok two\nthree']);
    bob.dispatch({ changes: { from: 16, insert: '!' } });
    await exchange();
    expect([ann.sync.toText(4), ann.sync.toEditor(7), ann.sync.toEditor(99)]).toEqual([7, 4, 14]);
    ann.dispatch({ changes: { from: 3, to: 4, insert: 'か' }, selection: { anchor: 4 } });
    await exchange();
    expect([ann.value, bob.value]).toEqual(['oneか two\nthree', '😀zeroか two\nthre!e']);
    ann.compose(false);
    expect([ann.value, ann.state.selection.main.head]).toEqual([bob.value, 7]);
  });

  test('what comes in other lines is shown at once', async () => {
    const { ann, bob, exchange } = pair('one\ntwo');
    await turn();
    ann.compose(true);
    bob.dispatch({ changes: { from: 7, insert: '!' } });
    await exchange();
    expect(ann.value).toBe('one\ntwo!');
  });
});

test('an editor that shows something else shows the text at the end of the turn', async () => {
  const text = new Text('ann');
  text.edit([[0, 0, 'one two']]);
  const editor = new Bench(text, {}, 'one');
  await turn();
  expect([editor.value, text.value]).toEqual(['one two', 'one two']);
});

test('undo takes back what was done here, and puts the caret there', async () => {
  const { ann, bob, exchange } = pair('one');
  await turn();
  ann.dispatch({ changes: { from: 3, insert: ' two' } });
  bob.dispatch({ changes: { from: 0, insert: '😀 ' } });
  await exchange();
  ann.sync.revert('undo');
  expect([ann.value, ann.state.selection.main.head]).toEqual(['😀 one', 6]);
  expect(ann.transactions.at(-1)?.isUserEvent('undo')).toBe(true);
  ann.sync.revert('redo');
  expect([ann.value, ann.state.selection.main.head]).toEqual(['😀 one two', 10]);
  ann.sync.revert('redo');
  await exchange();
  expect(bob.value).toBe('😀 one two');
});

test('users may write while the text is open, or as the application says', async () => {
  const { ann } = pair();
  await turn();
  expect(ann.state.field(permitted)).toBe(true);
  ann.text.move('failed');
  await turn();
  expect(ann.state.field(permitted)).toBe(false);
  const text = new Text('bob');
  text.status = 'opening';
  const eager = new Bench(text, { writable: (status) => status !== 'failed' });
  await turn();
  expect(eager.state.field(permitted)).toBe(true);
});

test('what has ended follows no more', async () => {
  const { ann, bob, exchange } = pair('one');
  await turn();
  ann.sync.destroy();
  bob.dispatch({ changes: { from: 3, insert: ' two' } });
  await exchange();
  expect([ann.value, ann.text.followers]).toEqual(['one', 0]);
});

test('whatever is typed, undone and exchanged, all show the same in the end', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const editors = ['ann', 'bob', 'cid'].map((agent) => new Bench(new Text(agent)));
    await turn();
    for (let step = 0; step < 60; step++) {
      const editor = random.of(editors);
      const { text } = editor;
      const starts = [...[...editor.value.matchAll(/./gsu)].map(({ index }) => index), editor.value.length];
      const unit = () => random.of(starts);
      const kind = random.below(10);
      if (kind < 6) {
        const [a, b, c] = [unit(), unit(), unit()].sort((x, y) => x - y) as [number, number, number];
        const insert = random.of(['', 'a', 'bb', '😀', '\n', '𝄞x']);
        editor.dispatch({
          changes: [
            { from: a, to: random.below(4) ? a : b, insert },
            { from: b, to: random.below(4) ? b : c, insert },
          ],
        });
      } else if (kind < 7) editor.sync.revert(random.of(['undo', 'redo']));
      else if (kind < 8) editor.compose(!editor.compositionStarted);
      else text.pull(random.of(editors).text);
      if (random.below(3) === 0) continue; // more comes in this turn
      await turn();
      if (!editor.compositionStarted) expect(editor.value).toBe(text.value);
    }
    for (const editor of editors) editor.compose(false);
    for (let round = 0; round < 2; round++)
      for (const { text } of editors) for (const from of editors) text.pull(from.text);
    await turn();
    expect(new Set(editors.flatMap(({ value, text }) => [value, text.value])).size).toBe(1);
  }
});
