import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GCounter, LWWMap, LWWRegister, MVRegister, ORSet, PNCounter } from '../src/index.ts';
import { toValue } from '../src/value.ts';

interface Step {
  on: string;
  at?: number;
  do?: string;
  args?: unknown[];
  apply?: unknown;
  text?: string;
  syntax?: boolean;
  merge?: string;
  resume?: unknown;
  renew?: string;
  delta?: unknown;
  error?: string;
  value?: unknown;
  unset?: boolean;
  values?: unknown;
  conflict?: boolean;
  payload?: unknown;
  equal?: string[];
}

interface Vectors {
  type: keyof typeof types;
  cases: { name: string; rules: string[]; maxSkew?: number; steps: Step[] }[];
}

const types = { GCounter, PNCounter, LWWRegister, MVRegister, ORSet, LWWMap };
type AnyReplica = InstanceType<(typeof types)[keyof typeof types]>;

const folder = new URL('../../../conformance/crdt/', import.meta.url);

/** Canonical JSON, so that what is compared is byte for byte the same. */
const text = (value: unknown): string => toText(value);

function toText(value: unknown): string {
  return toValue(value, 'bad_value', 'expected').text;
}

function run(type: keyof typeof types, maxSkew: number | undefined, steps: Step[]): void {
  const replicas = new Map<string, { replica: AnyReplica; at: number; nextId: string }>();
  const open = (name: string) => {
    const known = replicas.get(name);
    if (known) return known;
    const made = { at: 0, nextId: name } as { replica: AnyReplica; at: number; nextId: string };
    const options = { newReplicaId: () => made.nextId, now: () => made.at };
    made.replica = new types[type](maxSkew === undefined ? options : { ...options, maxSkew });
    replicas.set(name, made);
    return made;
  };

  for (const [i, step] of steps.entries()) {
    if (step.syntax) continue;
    const at = `step ${i}: ${JSON.stringify(step)}`;
    const actor = open(step.on);
    const { replica } = actor;
    actor.at = step.at ?? actor.at;
    const before = text(replica.payload());
    let delta: unknown;
    let error: unknown;
    try {
      if (step.do)
        delta = (replica as never as Record<string, (...args: unknown[]) => unknown>)[step.do]?.(
          ...(step.args ?? []),
        );
      else if ('apply' in step) replica.applyPayload(step.apply);
      else if (step.text !== undefined) replica.applyPayload(JSON.parse(step.text));
      else if (step.merge) replica.merge(open(step.merge).replica as never);
      else if ('resume' in step) replica.resume(step.resume);
      else if (step.renew) {
        actor.nextId = step.renew;
        replica.renew();
      }
    } catch (e) {
      error = e;
    }
    if (error && !(error as { code?: string }).code) throw error;
    expect((error as { code?: string } | undefined)?.code, at).toBe(step.error);
    if (step.error) expect(text(replica.payload()), at).toBe(before);
    if ('delta' in step) expect(text(delta), at).toBe(text(step.delta));
    if ('value' in step)
      expect(text(replica.value instanceof Map ? [...replica.value] : replica.value), at).toBe(
        text(step.value),
      );
    if (step.unset) expect(replica.value, at).toBeUndefined();
    if (step.values) expect(text((replica as MVRegister<unknown>).values()), at).toBe(text(step.values));
    if (step.conflict !== undefined)
      expect((replica as MVRegister<unknown>).conflict, at).toBe(step.conflict);
    if ('payload' in step) expect(text(replica.payload()), at).toBe(text(step.payload));
    for (const name of step.equal ?? []) expect(replica.equal(open(name).replica as never), at).toBe(true);
  }
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const { type, cases } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vectors;
  describe(`${file}: ${type}`, () => {
    for (const { name, rules, maxSkew, steps } of cases)
      test(`${rules.join(', ')}: ${name}`, () => run(type, maxSkew, steps));
  });
}
