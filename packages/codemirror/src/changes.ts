import { ChangeSet, Text } from '@codemirror/state';
import type { Op, SharedText, Splice } from './text.ts';

/** A document of an editor for a text: its lines end with LF alone. */
export function toDoc(value: string): Text {
  return Text.of(value.split('\n'));
}

/** How many code points a text has. */
export function points(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

/** By how many code points an operation makes a text longer. */
export function grown(op: Op): number {
  return op.reduce((sum, [, n, inserted]) => sum - n + points(inserted), 0);
}

/** The operation that changes of an editor are, made on a document that is the text as it is. */
export function toOp(changes: ChangeSet, text: Pick<SharedText, 'toPosition'>): Op {
  const op: Splice[] = [];
  let by = 0;
  changes.iterChanges((fromA, toA, _from, _to, doc) => {
    const from = text.toPosition(fromA);
    const n = text.toPosition(toA) - from;
    const inserted = doc.toString().replace(/\p{Surrogate}/gu, '\ufffd');
    op.push([from + by, n, inserted]);
    by += points(inserted) - n;
  });
  return op;
}

/**
 * The changes that an operation makes in a document, which has so many code points.
 * Splices from the beginning of the text to its end, as they mostly come, are taken
 * together: that costs what the document and they are long, and not one by the other.
 */
export function toChanges(op: Op, before: Text, length: number): ChangeSet {
  let doc = before;
  let all = ChangeSet.empty(doc.length);
  let pairs = doc.length > length;
  for (const run of ascending(op)) {
    const units = pairs ? counting(doc) : (position: number) => position;
    const specs = run.map(({ from, to, inserted }) => ({
      from: units(from),
      to: units(to),
      insert: toDoc(inserted),
    }));
    const changes = ChangeSet.of(specs, doc.length);
    all = all.compose(changes);
    doc = changes.apply(doc);
    pairs ||= run.some(({ inserted }) => points(inserted) < inserted.length);
  }
  return all;
}

interface Replaced {
  from: number;
  to: number;
  inserted: string;
}

/** The splices of an operation in runs that go towards the end, each by its place in the text before its run. */
function ascending(op: Op): Replaced[][] {
  const runs: Replaced[][] = [];
  let end = Number.POSITIVE_INFINITY;
  let by = 0;
  for (const [at, n, inserted] of op) {
    if (at < end) {
      runs.push([]);
      by = 0;
    }
    runs.at(-1)?.push({ from: at - by, to: at - by + n, inserted });
    const length = points(inserted);
    end = at + length;
    by += length - n;
  }
  return runs;
}

/** Turns positions of a document, each at least the one before, into its UTF-16 code units. */
function counting(doc: Text): (position: number) => number {
  const chunks = doc.iter();
  let chunk = '';
  let within = 0;
  let passed = 0;
  let counted = 0;
  return (position) => {
    for (; counted < position; counted++) {
      if (within === chunk.length) {
        passed += within;
        within = 0;
        if (chunks.next().done) break;
        chunk = chunks.value;
      }
      within += (chunk.codePointAt(within) ?? 0) > 0xffff ? 2 : 1;
    }
    return passed + within;
  };
}

/** The change that makes a document a text: of what differs between what is equal at both ends. */
export function toShow(doc: Text, value: string): { from: number; to: number; insert: Text } {
  const now = doc.toString();
  const most = Math.min(now.length, value.length);
  let from = 0;
  while (from < most && now[from] === value[from]) from++;
  let end = 0;
  while (end < most - from && now.at(-1 - end) === value.at(-1 - end)) end++;
  return { from, to: now.length - end, insert: toDoc(value.slice(from, value.length - end)) };
}
