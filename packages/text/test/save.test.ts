import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Reader, Writer } from '../src/bytes.ts';
import { Coder } from '../src/coder.ts';
import { crc32, seal } from '../src/crc.ts';
import { TextError } from '../src/error.ts';
import { Kind } from '../src/history.ts';
import { readPlain, writePlain } from '../src/plain.ts';
import { Records } from '../src/records.ts';
import { load, open, save } from '../src/save.ts';
import { Walker } from '../src/walker.ts';
import { addTo, Document, drawHistory } from './histories.ts';
import { Random } from './random.ts';

const bad = expect.objectContaining({ name: 'TextError', code: 'bad_update' });

/** A text that follows from a seed, with its history. */
function drawn(seed: number, steps: number): Document {
  const document = new Document();
  drawHistory(new Random(seed), steps, (txn) => addTo(document.history, txn));
  document.fold();
  return document;
}

/** A text that one agent has typed. */
function typed(text: string): Document {
  const document = new Document();
  addTo(document.history, {
    span: [0, text.length],
    parents: [],
    agent: 'a',
    seqStart: 0,
    ops: [[0, 0, text]],
  });
  document.fold();
  return document;
}

/** Saves a text as a whole. */
function saved({ history, text, version }: Document): Uint8Array<ArrayBuffer> {
  const walker = new Walker(history, -1);
  walker.reach(history.end);
  walker.visit(version);
  return save(text.toString(), history, walker);
}

/** Puts the CRC-32 right that belongs to bytes. */
function sealed(bytes: Uint8Array): Uint8Array {
  const body = bytes.length - 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (body >= 0) view.setUint32(body, crc32(bytes.subarray(0, body)), true);
  return bytes;
}

function plain(text: string): Uint8Array {
  const out = new Writer();
  writePlain(out, text);
  return out.written;
}

describe('a text is read as it was written', () => {
  const skewed = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(2 ** i)).join('');
  test.each([
    ['nothing', ''],
    ['a letter', 'a'],
    ['one letter often', 'a'.repeat(1000)],
    ['two letters', 'ab'.repeat(5000)],
    ['a byte order mark', '\ufeffx'],
    ['code points of all lengths', 'aé漢😀'],
    ['many of them', 'aé漢😀'.repeat(500)],
    ['letters so rare that their codes would be too long', skewed],
  ])('%s', (_, text) => {
    const bytes = plain(text);
    const reader = new Reader(bytes);
    expect(readPlain(reader) === text).toBe(true);
    expect(reader.left).toBe(0);
  });

  test('and what is frequent is short', () => {
    expect(plain('ab'.repeat(5000)).length).toBe(2 + 1 + 128 + 2 + 1250);
    expect(plain(skewed).length).toBeLessThan(skewed.length / 3);
  });
});

test('what is packed is unpacked: numbers of all sizes, likely and unlikely ones', () => {
  const random = new Random(7);
  const values = Array.from({ length: 20_000 }, () => random.below(2 ** 32 - 1) >>> random.below(32));
  const code = (coder: Coder, given: readonly number[]): number[] => {
    return given.flatMap((value) => [
      coder.number(0, value),
      coder.signed(1, value | 0),
      coder.tree(2, 8, value & 255),
    ]);
  };
  const packer = new Coder();
  const packed = code(packer, values);
  const bytes = packer.done();
  expect(packed).toEqual(values.flatMap((value) => [value, value | 0, value & 255]));
  const nothing = values.map(() => 0);
  expect(code(new Coder(bytes), nothing)).toEqual(packed);
  expect(() => code(new Coder(bytes.subarray(0, -10)), nothing)).toThrow(bad);
  const likely = new Coder();
  code(likely, nothing);
  expect(likely.done().length).toBeLessThan(1000);
});

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
    const coder = new Coder();
    write(new Records(coder));
    const out = new Writer();
    out.text('txs\x01');
    writePlain(out, text);
    out.bytes(coder.done());
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
