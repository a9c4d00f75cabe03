import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../src/doc/json.ts';
import { Replica } from '../../src/doc/replica.ts';
import type { TypeName } from '../../src/doc/type.ts';
import { fold, print, types, valueAs } from './types.ts';

interface Case {
  type: TypeName;
  name: string;
  rules: string[];
  steps: {
    entry: { client?: string; base?: number; data?: unknown; text?: string };
    error?: string;
    cells?: [string, unknown][];
  }[];
  value: unknown;
}

const folder = new URL('../../../../conformance/doc/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));

test('there are vectors of each type', () =>
  expect(files).toEqual(expect.arrayContaining(['counter.json', 'records.json', 'set.json'])));

describe.each(files)('%s', (file) => {
  const cases: Case[] = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  test.each(cases.map((c) => [`${c.rules.join(' ')} ${c.name}`, c] as const))('%s', (_, c) => {
    const type = types[c.type];
    const replica = new Replica(type);
    let cells = new Map<string, unknown>();
    let offset = 0;
    c.steps.forEach(({ entry, error, cells: expected }, i) => {
      const { client, base = offset, text } = entry;
      const data = text === undefined ? entry.data : JSON.parse(text);
      const result = fold(type, cells, { offset: offset + 1, client, base }, data);
      expect([i, result.error]).toEqual([i, error]);
      if (!error) {
        cells = result.cells;
        offset++;
        const { faults } = replica.entries([{ offset, base, data, ...(client && { client }) }]);
        expect(faults).toEqual([]);
      }
      if (expected) expect(print(cells)).toEqual(print(expected));
      expect(print(replica.shown())).toEqual(print(cells));
    });
    expect(canonical(valueAs(c.type, cells))).toBe(canonical(c.value));

    const loaded = new Replica(type);
    loaded.snapshot({ offset, cells: JSON.parse(`[${print(cells)}]`) }, true);
    expect(print(loaded.shown())).toEqual(print(cells));
  });
});
