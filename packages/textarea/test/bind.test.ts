import { describe, expect, test } from 'vitest';
import { Random } from '../../text/test/random.ts';
import { bindTextarea, type TextareaOptions } from '../src/index.ts';
import { Area, Text } from './stage.ts';

const turn = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve));

interface Site {
  area: Area;
  text: Text;
  end: () => void;
}

function bound(agent: string, options: TextareaOptions = {}, area = new Area()): Site {
  const text = new Text(agent);
  return { area, text, end: bindTextarea(area as never, text, options) };
}

/** Two elements with the same text in them. */
async function pair(value: string): Promise<{ ann: Site; bob: Site; exchange: () => Promise<void> }> {
  const [ann, bob] = [bound('ann'), bound('bob')];
  const exchange = (): Promise<void> => {
    ann.text.pull(bob.text);
    bob.text.pull(ann.text);
    return turn();
  };
  ann.area.write(value);
  await exchange();
  return { ann, bob, exchange };
}

describe('what is typed', () => {
  test('is the shortest operation, where the caret was', async () => {
    const { area, text } = bound('ann');
    area.write('aaaa');
    area.setSelectionRange(2, 2);
    area.write('a');
    area.backspace();
    area.setSelectionRange(0, 4);
    area.write('aXa');
    expect(text.edits).toEqual([[[0, 0, 'aaaa']], [[2, 0, 'a']], [[2, 1, '']], [[1, 2, 'X']]]);
  });

  test('counts code points', async () => {
    const { area, text } = bound('ann');
    area.write('😀😁');
    area.setSelectionRange(2, 2);
    area.write('𝄞');
    area.setSelectionRange(4, 6);
    area.write('😂');
    expect(text.edits).toEqual([[[0, 0, '😀😁']], [[1, 0, '𝄞']], [[2, 1, '😂']]]);
  });

  test('with half of a pair in it has a replacement character there', async () => {
    const { area, text } = bound('ann');
    area.write('a\ud83db');
    expect([text.value, area.value]).toEqual(['a\ufffdb', 'a\ufffdb']);
  });

  test('that is refused is taken back and told', async () => {
    const told: unknown[] = [];
    const { area, text } = bound('ann', { onRejected: (error) => told.push(error) });
    area.write('abc');
    text.refusal = new Error('no');
    area.setSelectionRange(1, 1);
    area.write('X');
    expect([text.value, area.value]).toEqual(['abc', 'abc']);
    await Promise.resolve();
    expect(told).toEqual([new Error('no')]);
  });

  test('unseen, as by a script that set the value, is taken with what comes next', async () => {
    const { ann, bob, exchange } = await pair('one');
    ann.area.value = 'one two';
    bob.area.setSelectionRange(0, 0);
    bob.area.write('zero ');
    await exchange();
    await exchange();
    expect([ann.area.value, bob.area.value]).toEqual(['zero one two', 'zero one two']);
  });
});

describe('what others write', () => {
  test('keeps the selection, its direction, and the scroll position', async () => {
    const { ann, bob, exchange } = await pair('one two three');
    ann.area.setSelectionRange(4, 7, 'backward');
    ann.area.scrollTop = 120;
    bob.area.setSelectionRange(0, 0);
    bob.area.write('😀 ');
    await exchange();
    expect(ann.area).toMatchObject({ value: '😀 one two three', scrollTop: 120 });
    expect(ann.area).toMatchObject({ selectionStart: 7, selectionEnd: 10, selectionDirection: 'backward' });
  });

  test('at the caret does not move it', async () => {
    const { ann, bob, exchange } = await pair('ab');
    ann.area.setSelectionRange(1, 1);
    bob.area.setSelectionRange(1, 1);
    bob.area.write('X');
    await exchange();
    expect(ann.area).toMatchObject({ value: 'aXb', selectionStart: 1, selectionEnd: 1 });
  });

  test('has its carriage returns shown as spaces, and kept', async () => {
    const { ann, bob, exchange } = await pair('ab');
    bob.text.edit([[1, 0, '\r\n']]);
    await exchange();
    expect(ann.area.value).toBe('a \nb');
    ann.area.setSelectionRange(4, 4);
    ann.area.write('c');
    expect(ann.text.value).toBe('a\r\nbc');
  });

  test('in an input has the ends of lines shown as spaces, and kept', async () => {
    const { bob } = await pair('one\ntwo');
    const { area, text } = bound('cid', {}, new Area('input', 'text'));
    text.pull(bob.text);
    await turn();
    expect(area.value).toBe('one two');
    area.setSelectionRange(7, 7);
    area.write('!');
    expect(text.value).toBe('one\ntwo!');
  });
});

describe('a composition', () => {
  test('is one edit, and what comes meanwhile is shown behind it', async () => {
    const { ann, bob, exchange } = await pair('one two');
    ann.area.setSelectionRange(3, 3);
    ann.area.dispatchEvent(new Event('compositionstart'));
    ann.area.write('k');
    bob.area.setSelectionRange(0, 3);
    bob.area.write('zero');
    await exchange();
    expect(ann.area.value).toBe('onek two');
    ann.area.setSelectionRange(3, 4);
    ann.area.write('か');
    ann.area.dispatchEvent(new Event('compositionend'));
    expect(ann.area).toMatchObject({ value: 'zeroか two', selectionStart: 5, selectionEnd: 5 });
    expect(ann.text.edits.at(-1)).toEqual([[4, 0, 'か']]);
    await exchange();
    expect(bob.area.value).toBe('zeroか two');
  });

  test('that ends without a word, because the element is left, loses nothing', async () => {
    const { ann, bob, exchange } = await pair('');
    ann.area.dispatchEvent(new Event('compositionstart'));
    ann.area.write('k');
    bob.area.write('b');
    await exchange();
    ann.area.dispatchEvent(new Event('blur'));
    await exchange();
    expect([...ann.area.value].toSorted()).toEqual(['b', 'k']);
    expect(bob.area.value).toBe(ann.area.value);
  });
});

describe('undo', () => {
  test.each([
    ['Ctrl+Z', 'Ctrl+Shift+Z', { ctrlKey: true }, 'Z', { ctrlKey: true, shiftKey: true }],
    ['Cmd+Z', 'Cmd+Shift+Z', { metaKey: true }, 'Z', { metaKey: true, shiftKey: true }],
    ['Ctrl+Z', 'Ctrl+Y', { ctrlKey: true }, 'y', { ctrlKey: true }],
  ])('%s takes back what was done here, %s makes it again', async (_, __, undo, key, redo) => {
    const { ann, bob, exchange } = await pair('one');
    ann.area.setSelectionRange(3, 3);
    ann.area.write(' two');
    bob.area.setSelectionRange(0, 0);
    bob.area.write('zero ');
    await exchange();
    expect(ann.area.press('z', undo).defaultPrevented).toBe(true);
    expect(ann.area).toMatchObject({ value: 'zero one', selectionStart: 8 });
    ann.area.press(key, redo);
    expect(ann.area).toMatchObject({ value: 'zero one two', selectionStart: 12 });
  });

  test('from the menu is the same', async () => {
    const { ann } = await pair('one');
    const undo = Object.assign(new Event('beforeinput', { cancelable: true }), { inputType: 'historyUndo' });
    ann.area.dispatchEvent(undo);
    expect([ann.area.value, undo.defaultPrevented]).toEqual(['', true]);
    const redo = Object.assign(new Event('beforeinput', { cancelable: true }), { inputType: 'historyRedo' });
    ann.area.dispatchEvent(redo);
    expect(ann.area.value).toBe('one');
  });
});

describe('the element', () => {
  test('is read-only while the text cannot be written, and as it was when it is unbound', async () => {
    const { area, text, end } = bound('ann');
    text.move('opening');
    expect(area.readOnly).toBe(true);
    text.move('open');
    expect(area.readOnly).toBe(false);
    text.move('failed');
    end();
    expect([area.readOnly, text.followers]).toEqual([false, 0]);
    area.write('a');
    expect(text.value).toBe('');
  });

  test('can be one that the application has made read-only, or wants written to from the first', async () => {
    const area = new Area();
    area.readOnly = true;
    expect(bound('ann', {}, area).area.readOnly).toBe(true);
    const { area: open, text } = bound('bob', { writable: () => true });
    text.move('opening');
    expect(open.readOnly).toBe(false);
  });

  test('must be one for a text', async () => {
    expect(() => bound('ann', {}, new Area('input', 'number'))).toThrow(TypeError);
  });

  test('may share its text with another', async () => {
    const { area, text } = bound('ann');
    const other = new Area();
    bindTextarea(other as never, text);
    area.write('one');
    await turn();
    other.setSelectionRange(0, 0);
    other.write('😀');
    await turn();
    expect([area.value, other.value, text.value]).toEqual(['😀one', '😀one', '😀one']);
  });
});

test('whatever is typed, composed, undone and exchanged, all show the same in the end', async () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const sites = ['ann', 'bob', 'cid'].map((agent) => bound(agent));
    const composing = new Set<Site>();
    const compose = (site: Site, on: boolean): void => {
      if (on) composing.add(site);
      else composing.delete(site);
      site.area.dispatchEvent(new Event(on ? 'compositionstart' : 'compositionend'));
    };
    for (let step = 0; step < 60; step++) {
      const site = random.of(sites);
      const { area, text } = site;
      // A caret is never within a pair.
      const units = () => [...area.value].slice(0, random.below(area.value.length + 1)).join('').length;
      const kind = random.below(10);
      if (!composing.has(site))
        area.setSelectionRange(...([units(), units()].sort((a, b) => a - b) as [number, number]));
      if (kind < 4) area.write(random.of(['a', 'bb', '😀', '\n', '𝄞x']));
      else if (kind < 5) area.backspace();
      else if (kind < 6) compose(site, !composing.has(site));
      else if (kind < 7) area.press(random.of(['z', 'y']), { ctrlKey: true });
      else text.pull(random.of(sites).text);
      if (random.below(3) === 0) continue; // more comes in this turn
      await turn();
      if (!composing.has(site)) expect(area.value).toBe(text.value);
    }
    for (const site of composing) compose(site, false);
    for (const { text } of sites) for (const from of sites) text.pull(from.text);
    for (const { text } of sites) for (const from of sites) text.pull(from.text);
    await turn();
    expect(new Set(sites.flatMap(({ area, text }) => [area.value, text.value])).size).toBe(1);
  }
});
