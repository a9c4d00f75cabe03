import { describe, expect, test } from 'vitest';
import { Writer } from '../src/bytes.ts';
import { seal } from '../src/crc.ts';
import { TextError } from '../src/error.ts';
import { Kind } from '../src/history.ts';
import { writePlain } from '../src/plain.ts';
import { Records } from '../src/records.ts';
import { load, open } from '../src/save.ts';
import { Document } from './histories.ts';
import { Random } from './random.ts';
import { bad, drawn, saved, sealed, typed } from './saved.ts';

describe('what is damaged', () => {
  /** Does all with bytes that may be damaged: it is refused, or a text like any other. */
  const all = (bytes: Uint8Array): string | undefined => {
    try {
      const opened = open(bytes);
      const { history, version } = load(opened);
      const again = new Document(history);
      again.fold();
      expect(again.text.toString()).toBe(opened.text);
      expect(again.version).toEqual(version);
      return opened.text;
    } catch (error) {
      if (error instanceof TextError) expect(error.code).toBe('bad_update');
      else throw error;
      return undefined;
    }
  };

  test('is refused: every flipped bit, and every cut', () => {
    for (const steps of [0, 3, 30]) {
      const bytes = saved(drawn(5, steps));
      for (let i = 0; i < 8 * bytes.length; i++) {
        const flipped = bytes.slice();
        flipped[i >> 3] = (flipped[i >> 3] as number) ^ (1 << (i & 7));
        expect(() => open(flipped), `bit ${i}`).toThrow(bad);
      }
      for (let n = 0; n < bytes.length; n++)
        expect(() => open(bytes.subarray(0, n)), `${n} bytes`).toThrow(bad);
    }
  });

  test('even if its seal is right, is refused, or it is another text', { timeout: 60_000 }, () => {
    let refused = 0;
    for (const steps of [3, 12, 60]) {
      const bytes = saved(drawn(5, steps));
      for (let i = 0; i < 8 * bytes.length; i++) {
        const flipped = bytes.slice();
        flipped[i >> 3] = (flipped[i >> 3] as number) ^ (1 << (i & 7));
        if (all(sealed(flipped)) === undefined) refused++;
      }
      for (let n = 4; n < bytes.length; n++) if (all(sealed(bytes.slice(0, n))) === undefined) refused++;
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test('by chance, in several places', { timeout: 60_000 }, () => {
    const random = new Random(3);
    const bytes = saved(drawn(8, 25));
    for (let round = 0; round < 5000; round++) {
      const damaged = bytes.slice(0, bytes.length - (random.below(3) > 0 ? 0 : random.below(bytes.length)));
      for (let n = 1 + random.below(3); n > 0 && damaged.length > 0; n--) {
        damaged[random.below(damaged.length)] = random.below(256);
      }
      all(sealed(damaged));
    }
  });

  /** A history as only somebody makes one who means harm: its records are those that it is told. */
  const forged = (text: string, write: (records: Records) => void): Uint8Array => {
    const records = new Records();
    write(records);
    const out = new Writer();
    out.text('txs\x01');
    writePlain(out, text);
    out.bytes(records.done());
    return seal(out);
  };
  const { inserted, deleted } = Kind;
  /** All n events are of the agent `a`. */
  const agent = (records: Records, n: number): void => {
    records.count(1);
    records.name('a');
    records.count(n);
    records.agent(0, 0, n);
  };
  const line = (records: Records, n: number): void => {
    agent(records, n);
    records.count(1);
    records.branch(0, []);
  };

  test('is not what a right history is that is told in the same way', () => {
    const bytes = forged('ab', (records) => {
      line(records, 2);
      records.op(inserted, 0, 2);
      records.count(0);
    });
    expect(bytes).toEqual(saved(typed('ab')));
  });

  const most = 2 ** 30 - 1;
  test.each<[string, string, (records: Records) => void]>([
    ['more names than there is room for', '', (records) => records.count(2 ** 32 - 1)],
    [
      'a name that is too long',
      '',
      (records) => {
        records.count(1);
        records.count(256);
        for (let i = 0; i < 256; i++) records.letter(97);
      },
    ],
    [
      'a name twice',
      '',
      (records) => {
        records.count(2);
        records.name('a');
        records.name('a');
        records.count(0);
      },
    ],
    [
      'an event twice',
      'ab',
      (records) => {
        records.count(1);
        records.name('a');
        records.count(2);
        records.agent(0, 0, 1);
        records.agent(0, 0, 1);
        records.count(1);
        records.branch(0, []);
        records.op(inserted, 0, 2);
        records.count(0);
      },
    ],
    [
      'more events than there are',
      'ab',
      (records) => {
        line(records, most);
        records.op(inserted, 0, most);
        records.count(0);
      },
    ],
    [
      'more that is gone than there is room for',
      'ab',
      (records) => {
        line(records, 2);
        records.op(inserted, 0, 2);
        records.count(most);
      },
    ],
    [
      'more that is deleted than was inserted',
      'ab',
      (records) => {
        line(records, most);
        records.op(inserted, 0, 2);
        records.op(deleted, 0, most - 2);
        records.count(0);
      },
    ],
    [
      'a run of operations over two branches',
      '',
      (records) => {
        agent(records, 5);
        records.count(2);
        records.branch(0, []);
        records.branch(4, [1]);
        records.op(inserted, 0, 2);
        records.op(deleted, 0, 3);
        records.count(2);
        records.letter(97);
        records.letter(98);
      },
    ],
    [
      'a branch that is none',
      'ab',
      (records) => {
        agent(records, 2);
        records.count(2);
        records.branch(0, []);
        records.branch(1, [0]);
        records.op(inserted, 0, 1);
        records.op(inserted, 1, 1);
        records.count(0);
      },
    ],
    [
      'a parent that another parent follows',
      'abc',
      (records) => {
        agent(records, 3);
        records.count(2);
        records.branch(0, []);
        records.branch(2, [0, 1]);
        records.op(inserted, 0, 2);
        records.op(inserted, 2, 1);
        records.count(0);
      },
    ],
    [
      'a text that has more than its history',
      'abc',
      (records) => {
        line(records, 2);
        records.op(inserted, 0, 2);
        records.count(0);
      },
    ],
    [
      'a letter that is gone, and is none',
      'b',
      (records) => {
        line(records, 3);
        records.op(inserted, 0, 2);
        records.op(deleted, 0, 1);
        records.count(1);
        records.letter(0xd800);
      },
    ],
  ])('has %s, which takes no memory', (_, text, write) => {
    const opened = open(forged(text, write));
    const before = process.memoryUsage();
    expect(() => load(opened)).toThrow(bad);
    const after = process.memoryUsage();
    expect(after.rss - before.rss).toBeLessThan(2 ** 26);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 26);
  });

  test('claims a text that would be longer than all its bytes', () => {
    const out = new Writer();
    out.text('txs\x01');
    out.number(2 ** 31);
    out.byte(1);
    out.bytes(new Uint8Array(128).fill(0x88));
    out.number(1);
    out.byte(0);
    expect(() => open(seal(out))).toThrow(bad);
  });

  test('is a text without a history', () => {
    const out = new Writer();
    out.text('txs\x01');
    writePlain(out, 'a');
    expect(() => open(seal(out))).toThrow(bad);
  });

  test('is of another version, or something else', () => {
    expect(() => open(sealed(new TextEncoder().encode('txs\x02\0    ')))).toThrow('another version');
    expect(() => open(new TextEncoder().encode('hello, this is no text'))).toThrow('It is no saved text.');
  });
});
