import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TokenKind } from '../src/core/connection.ts';
import { Core } from '../src/core/core.ts';
import type { Effect } from '../src/core/effect.ts';
import type { Input } from '../src/core/input.ts';
import type { Road } from '../src/core/roads.ts';
import { byteLength } from '../src/core/turn.ts';
import { TuttiError } from '../src/error.ts';

interface Scenario {
  name: string;
  rules: string[];
  options: {
    token: TokenKind;
    random: number;
    secrets: string[];
    roads?: [Road, ...Road[]];
    road?: Road;
    keeps?: boolean;
    queueEntries?: number;
    queueBytes?: number;
  };
  steps: { at: number; input: Record<string, object>; effects: unknown[] }[];
}

const folder = new URL('../../../conformance/client/', import.meta.url);
const files = readdirSync(folder).filter((f) => f.endsWith('.json'));

function toInput(json: Record<string, object>): Input {
  const [[kind, members] = ['', {}]] = Object.entries(json);
  if (kind === 'message' || kind === 'aside') return { kind, message: members } as Input;
  if (kind === 'publish' || kind === 'amend') {
    const { data } = members as { data: unknown };
    return { kind, ...members, bytes: byteLength(JSON.stringify(data)) } as Input;
  }
  if (kind === 'restore') {
    const { entries = [] } = members as { entries?: { data: unknown }[] };
    const measured = entries.map((e) => ({ ...e, bytes: byteLength(JSON.stringify(e.data)) }));
    return { kind, ...members, entries: measured } as Input;
  }
  return { kind, ...members } as Input;
}

function plain(value: unknown): unknown {
  if (
    value instanceof TuttiError ||
    (value && typeof value === 'object' && 'code' in value && 'message' in value)
  )
    return { code: (value as TuttiError).code };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return value;
}

function toJSON(effect: Effect): unknown {
  const { kind, ...members } = effect;
  if ((effect.kind === 'open' || effect.kind === 'status') && effect.road === 'ws')
    (members as { road?: unknown }).road = undefined;
  if (effect.kind === 'keep' && effect.entries)
    (members as { entries?: unknown }).entries = effect.entries.map(({ bytes: _, ...entry }) => entry);
  const body = effect.kind === 'send' ? effect.messages : plain(members);
  return JSON.parse(JSON.stringify({ [kind]: body }));
}

test('there are scenarios', () => expect(files.length).toBeGreaterThan(9));

describe.each(files)('%s', (file) => {
  const s: Scenario = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  test(`${s.rules.join(' ')} ${s.name}`, () => {
    const { token, random, secrets, roads, road, ...limits } = s.options;
    const left = [...secrets];
    const core = new Core({
      roads: roads ?? ['ws'],
      road,
      token,
      ...limits,
      random: () => random,
      secret: () => left.shift() ?? 'none left',
    });
    for (const [n, step] of s.steps.entries()) {
      const effects = core.step(step.at, toInput(step.input)).map(toJSON);
      expect(effects, `step ${n} at ${step.at}: ${JSON.stringify(step.input)}`).toEqual(
        step.effects.map(plain),
      );
    }
  });
});
