import { expect, test } from 'vitest';
import { type Cursor, decorate, placed } from '../src/cursors.ts';
import { Text } from './stage.ts';

const ann: Cursor = { id: 'ann', name: 'Ann', color: '#5b4bdb', anchor: 1, head: 1 };

/** From, to, and what a selection is drawn with. */
function drawn(value: string, cursors: readonly Cursor[]): unknown[] {
  const text = new Text('me');
  text.edit([[0, 0, value]]);
  const there = placed(cursors, (position) => text.toUnits(position));
  const all: [number, number, string][] = there.map(({ head }) => [head, head, 'caret']);
  const marks = decorate(there).iter();
  for (; marks.value; marks.next()) all.push([marks.from, marks.to, marks.value.spec.attributes.style]);
  return all.sort(([a, b], [c, d]) => a - c || b - d);
}

test('a caret stands where its position is, in code units', () => {
  expect(drawn('😀ab', [ann])).toEqual([[2, 2, 'caret']]);
});

test('a selection has its caret at its head', () => {
  const back = { ...ann, anchor: 3, head: 1 };
  expect(drawn('😀ab', [back, { ...ann, anchor: 0, head: 2 }])).toEqual([
    [0, 3, '--tutti-cursor: #5b4bdb'],
    [2, 2, 'caret'],
    [2, 4, '--tutti-cursor: #5b4bdb'],
    [3, 3, 'caret'],
  ]);
});

test.each([
  ['rebeccapurple', 'rebeccapurple'],
  ['oklch(60% 0.2 30 / 50%)', 'oklch(60% 0.2 30 / 50%)'],
  ['red; background: url(https://example.com)', 'gray'],
  ['url(https://example.com)', 'gray'],
  ['', 'gray'],
])('the colour %j is %s', (color, taken) => {
  expect(drawn('ab', [{ ...ann, color, head: 0 }])).toContainEqual([0, 1, `--tutti-cursor: ${taken}`]);
});
