import { type } from 'ot-text-unicode';

const operation = ([at, deleted, inserted]) => {
  const edit = deleted > 0 ? { d: deleted } : inserted;
  return at > 0 ? [at, edit] : [edit];
};

const apply = (text, operations) => operations.reduce((so, operation) => type.apply(so, operation), text);

/**
 * Two branches meet the usual way of operational transformation: each operation
 * of one is transformed by each of the other. Returns the text, and how many
 * milliseconds it took; throws if the two sides come to different texts.
 */
export function pairwise({ txns }) {
  const [[[, , base]], one, two] = txns.map((txn) => txn.patches);
  const [ours, theirs] = [one, two].map((patches) => patches.map(operation));
  const [a, b] = [ours, theirs].map((operations) => apply(base, operations));
  const begin = performance.now();
  let against = ours;
  const news = theirs.map((operation) => {
    let moved = operation;
    against = against.map((other) => {
      const next = type.transform(other, moved, 'left');
      moved = type.transform(moved, other, 'right');
      return next;
    });
    return moved;
  });
  const text = apply(a, news);
  const ms = performance.now() - begin;
  if (apply(b, against) !== text) throw new Error('pairwise transformation: the two sides differ');
  return { text, ms };
}
