import { expect, test } from 'vitest';
import { byteLength } from '../src/core/turn.ts';

test.each(['', '[[5,0,"x"]]', ' ~', '\t\u007f', 'né', '\u0800', 'a😀b', 'é'.repeat(1000)])(
  'a text has as many bytes as UTF-8 gives it: %j',
  (text) => {
    expect(byteLength(text)).toBe(Buffer.byteLength(text));
  },
);
