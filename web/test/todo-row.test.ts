import type { Mutation, MutationStatus } from '@tutti/client';
import { expect, test } from 'vitest';
import { describeState } from '../src/views/todo-row.ts';

const rejection = { kind: 'rejected', text: '' } as const;
const overridden = { kind: 'overridden', text: '' } as const;

test.each([
  [[], [], false, 'confirmed', 'confirmed'],
  [[], [overridden], false, 'confirmed', 'confirmed'],
  [[], [rejection], false, 'rejected', 'rejected'],
  [[], [rejection], true, 'rejected', 'rejected'],
  [[], [overridden], true, 'gone', 'deleted'],
  [['pending'], [rejection], false, 'pending', 'pending, not sent yet'],
  [['sent'], [], false, 'pending', 'pending, sent'],
  [['unconfirmed'], [], false, 'pending', 'pending, sent, no answer yet'],
  [['sent', 'pending'], [], false, 'pending', '2 changes, not sent yet'],
] as const)('changes that are %j, notes %j, gone %j: %s', (statuses, notes, gone, state, said) => {
  const pending = (statuses as readonly MutationStatus[]).map((status) => ({ status }) as Mutation);
  expect(describeState({ key: 'a', todo: { text: '', done: false }, notes, pending, gone })).toEqual({
    state,
    said,
  });
});
