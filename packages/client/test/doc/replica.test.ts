import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RecordCell } from '../../src/doc/cell.ts';
import { canonical } from '../../src/doc/json.ts';
import { type Overridden, overridden } from '../../src/doc/overridden.ts';
import { type Folded, Replica } from '../../src/doc/replica.ts';
import type { Change, LogEntry } from '../../src/doc/state.ts';
import type { TypeName } from '../../src/doc/type.ts';
import { TuttiError } from '../../src/error.ts';
import type { Snapshot } from '../../src/protocol.ts';
import { types, valueAs } from './types.ts';

interface Step {
  identify?: string;
  mutate?: { key: number; data: unknown };
  sent?: { key: number; client: string; seq: number };
  acknowledged?: { key: number; offset?: number; term?: string };
  drop?: number;
  entries?: LogEntry[];
  snapshot?: Snapshot;
  recovered?: boolean;

  keys?: string[];
  confirmed?: [number, number | null][];
  lost?: number[];
  faults?: number;
  shown?: unknown;
  document?: unknown;
  pending?: number[];
  bases?: Record<string, number>;
  folded?: { offset: number; cells: [string, unknown, unknown][] }[];
  overridden?: unknown[];
  error?: string;
}

interface Case {
  type: TypeName;
  name: string;
  rules: string[];
  steps: Step[];
}

const folder = new URL('../../../../conformance/replica/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));

const nothing: Change<Folded<unknown>> = { keys: [], confirmed: [], lost: [], folded: [], faults: [] };

function take(replica: Replica<unknown>, step: Step): Change<Folded<unknown>> {
  if (step.identify !== undefined) return replica.identify(step.identify);
  if (step.mutate) return replica.mutate(step.mutate.key, replica.type.decode(step.mutate.data));
  if (step.sent) replica.sent(step.sent.key, step.sent.client, step.sent.seq);
  if (step.acknowledged) {
    const { key, ...place } = step.acknowledged;
    return replica.acknowledged(key, place);
  }
  if (step.drop !== undefined) return replica.drop(step.drop);
  if (step.entries) return replica.entries(step.entries);
  if (step.snapshot) return replica.snapshot(step.snapshot, step.recovered ?? true);
  return nothing;
}

/** The change that a step makes, or the code with which its input is refused. */
function attempt(replica: Replica<unknown>, step: Step): { change: Change<Folded<unknown>>; error?: string } {
  try {
    return { change: take(replica, step) };
  } catch (error) {
    if (error instanceof TuttiError) return { change: nothing, error: error.code };
    throw error;
  }
}

function stamp({ offset, client }: { offset: number; client?: string }): unknown[] {
  return client === undefined ? [offset] : [offset, client];
}

function told(all: readonly Overridden[]): unknown[] {
  return all.map(({ lost, won, ...rest }) => ({ ...rest, lost: stamp(lost), won: stamp(won) }));
}

/** Compares what is JSON. */
function same(actual: unknown, expected: unknown, what: string): void {
  expect(`${what} ${canonical(actual)}`).toBe(`${what} ${canonical(expected)}`);
}

test('there are scenarios', () => expect(files.length).toBeGreaterThan(3));

describe.each(files)('%s', (file) => {
  const cases: Case[] = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  test.each(cases.map((c) => [`${c.rules.join(' ')} ${c.name}`, c] as const))('%s', (_, c) => {
    const replica = new Replica(types[c.type]);
    replica.watching = true;
    c.steps.forEach((step, i) => {
      const at = (what: string): string => `step ${i}: ${what}`;
      const { change, error } = attempt(replica, step);
      expect(`${at('error')} ${error}`).toBe(`${at('error')} ${step.error}`);
      same([...change.keys].sort(), [...(step.keys ?? [])].sort(), at('keys'));
      const confirmed = change.confirmed.map(({ key, place }) => [key, place.offset ?? null]);
      same(confirmed, step.confirmed ?? [], at('confirmed'));
      same(change.lost, step.lost ?? [], at('lost'));
      same(change.faults.length, step.faults ?? 0, at('faults'));
      if ('shown' in step) same(valueAs(c.type, new Map(replica.shown())), step.shown, at('shown'));
      if ('document' in step) {
        const document = new Map(replica.document());
        same(valueAs(c.type, document), step.document, at('document'));
      }
      if (step.pending) same(replica.pendingKeys(), step.pending, at('pending'));
      for (const [key, base] of Object.entries(step.bases ?? {}))
        same(replica.baseOf(Number(key)), base, at(`base of ${key}`));
      if (step.folded) {
        const folded = change.folded.map(({ entry, cells }) => ({
          offset: entry.offset,
          cells: cells
            .map(([key, before, after]) => [key, before ?? null, after ?? null])
            .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
        }));
        same(folded, step.folded, at('folded'));
      }
      if (step.overridden) {
        const all = (change.folded as Folded<RecordCell>[]).flatMap(overridden);
        same(told(all), step.overridden, at('overridden'));
      }
    });
  });
});
