import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Change, View } from '../src/presence/view.ts';
import type { PresenceChange, Watching } from '../src/protocol.ts';

interface Step {
  at: number;
  message?: Watching | PresenceChange;
  told: object;
  members: string[];
  users: unknown[];
  count: number;
  due?: number;
  lastSeen?: Record<string, number | null>;
}

const folder = new URL('../../../conformance/presence/', import.meta.url);
const files = readdirSync(folder).filter((f) => f.endsWith('.json'));

/** The ids of the users that a change tells of. */
function told(change: Change | undefined): object {
  if (!change) return { gap: true };
  const lists = Object.entries(change).filter(([, users]) => users.length);
  return Object.fromEntries(lists.map(([what, users]) => [what, users.map(({ id }: { id: string }) => id)]));
}

test('there are vectors', () => expect(files.length).toBeGreaterThan(5));

describe.each(files)('%s', (file) => {
  const { name, rules, steps } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  test(`${rules.join(' ')} ${name}`, () => {
    const view = new View();
    for (const [n, step] of (steps as Step[]).entries()) {
      const change = step.message ? view.take(step.at, step.message) : view.tick(step.at);
      const seen = Object.keys(step.lastSeen ?? {}).map((user) => [user, view.lastSeen(user) ?? null]);
      const is = {
        told: told(change),
        members: view.members.map(({ client }) => client),
        users: JSON.parse(JSON.stringify(view.users)),
        count: view.count,
        due: view.due === Infinity ? undefined : view.due,
        lastSeen: step.lastSeen && Object.fromEntries(seen),
      };
      const { at: _, message: __, told: ___, ...rest } = step;
      const { tick: ____, ...wanted } = rest as typeof rest & { tick?: object };
      expect(is, `step ${n} at ${step.at}`).toEqual({ ...wanted, told: step.told });
    }
  });
});
