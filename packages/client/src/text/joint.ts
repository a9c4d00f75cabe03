import type { Mutation, MutationStatus } from '../doc/mutation.ts';

/** How far several have come: as far as the one that this order has first. */
const order: readonly MutationStatus[] = [
  'rejected',
  'cancelled',
  'pending',
  'unconfirmed',
  'sent',
  'confirmed',
];

/** Mutations, at least one, as one: it is confirmed where the last one is, when all are. */
export function joint(mutations: readonly Mutation<void>[]): Mutation<void> {
  const [first] = mutations as [Mutation<void>];
  if (mutations.length === 1) return first;
  const server = Promise.all(mutations.map((m) => m.server)).then((places) => places.at(-1) ?? {});
  server.catch(() => {});
  return {
    keys: first.keys,
    local: undefined,
    server,
    get status() {
      const all = mutations.map((m) => m.status);
      return order.find((status) => all.includes(status)) ?? first.status;
    },
    get error() {
      return mutations.find((m) => m.error)?.error;
    },
    // Those behind go first: what is in front of one that was sent was sent too.
    cancel: () =>
      mutations.every((m) => m.status === 'pending') && [...mutations].reverse().every((m) => m.cancel()),
  };
}
