import { TextError } from './error.ts';
import { difference } from './lift.ts';
import { same } from './same.ts';
import type { Entry, Sequence } from './sequence.ts';
import { TextSession } from './session.ts';
import { restore, type Snapshot } from './snapshot.ts';
import type { Pending } from './timeline.ts';
import { apply } from './transform.ts';
import { Walker } from './walker.ts';

/** What was kept of a session: the document that was opened, what came since, and what is pending. */
export interface Kept {
  /** Empty if it was never known. */
  client: string;
  /** As the session opened or made it; absent: it was never opened. */
  snapshot?: Snapshot;
  /** Those behind the snapshot, in order. */
  entries: readonly Entry[];
  /**
   * As the session had it when the latest entry had come; keys ascend. Those of
   * other clients are as `seen` told them. What was sent may be in the log by now.
   */
  pending: readonly (Pending & { sent?: boolean })[];
}

/** An operation that was pending, and may be in the log by now. */
type Made = Omit<Pending, 'acknowledged'> & { acknowledged?: boolean; offset?: number };

/**
 * The session as it was, but for what can be undone: that is what is pending alone.
 * `unfit` are the keys of operations that do not fit what was kept, or are in its log
 * already, and are not in the session.
 *
 * @throws TextError `bad_update` if the snapshot is none, `bad_operation` if the
 * entries do not follow it.
 */
export function resume(kept: Kept): { session: TextSession; unfit: number[] } {
  const session = new TextSession(kept.client);
  const { snapshot } = kept;
  const sequence = snapshot !== undefined && kept.pending.length > 0 ? restore(snapshot) : undefined;
  const logged = loggedOf(kept);
  const pending = kept.pending.filter(({ key }) => !logged.has(key));
  const made = allMade({ ...kept, pending });
  const { opened, log } = from(kept, sequence, made[0]?.base);
  if (opened !== undefined) session.open(opened, () => false, true);
  const there = thereUpTo(pending);
  const own = new Map<number, number>();
  const unfit: number[] = [...logged];
  // Each is made where it was: when the session had come to its base.
  let lacking = false; // what those behind have seen
  const make = (): void => {
    for (let next = made[0]; next !== undefined && next.base <= session.offset; next = made[0]) {
      made.shift();
      if (lacking || next.base < session.offset || !fits(session, next)) {
        unfit.push(next.key);
        lacking ||= next.client !== undefined;
      } else if (next.offset !== undefined) own.set(next.offset, next.key);
      else if (next.acknowledged) session.acknowledge(next.key);
    }
  };
  make();
  for (const entry of log) {
    const { offset } = entry;
    session.receive(
      entry,
      own.get(offset) ?? session.awaited(entry, (key) => offset > (there.get(key) ?? 0)),
    );
    make();
  }
  unfit.push(...made.map(({ key }) => key));
  return { session, unfit: unfit.filter((key) => kept.pending.some((one) => one.key === key)) };
}

/** Of what other clients have pending: up to where the log had not got it, as what was made on it tells. */
function thereUpTo(pending: Kept['pending']): Map<number, number> {
  const there = new Map<number, number>();
  let upTo = 0;
  for (const { key, client, base } of [...pending].reverse())
    if (client === undefined) upTo = base;
    else there.set(key, upTo);
  return there;
}

/** The keys of what is pending that the log has: it was made as an own entry says, whose author had seen as much. */
function loggedOf(kept: Kept): Set<number> {
  const entries = ownEntries(kept);
  const keys = new Set<number>();
  for (const { key, base, op, sent } of kept.pending) {
    const i = sent ? entries.findIndex((entry) => entry.base === base && same(op, entry.op)) : -1;
    if (i < 0) continue;
    entries.splice(0, i + 1); // those of the same are in the order in which they were made
    keys.add(key);
  }
  return keys;
}

function ownEntries({ client, snapshot, entries }: Kept): Entry[] {
  return [...logOf(snapshot), ...entries].filter((entry) => client !== '' && entry.client === client);
}

/** What is pending, behind the own entries that it was made on when the log had not got them yet. */
function allMade(kept: Kept): Made[] {
  const { pending } = kept;
  const [first] = pending;
  if (first === undefined) return [];
  const own = ownEntries(kept);
  let i = own.length;
  for (let { base } = first; i > 0 && (own[i - 1] as Entry).offset > base; i--)
    base = (own[i - 1] as Entry).base;
  const mine = own.slice(i);
  const key = Math.min(first.key, 0) - mine.length;
  return [...mine.map(({ base, op, offset }, k): Made => ({ key: key + k, base, op, offset })), ...pending];
}

/**
 * What to open so that an operation of a base can be made, and the log behind it:
 * the snapshot, or, if that is newer, the text at its bar. What was deleted since is
 * not known, and nobody sees what stands in its place.
 */
function from(
  { snapshot, entries }: Kept,
  sequence: Sequence | undefined,
  base = 0,
): { opened: Snapshot | undefined; log: readonly Entry[] } {
  if (snapshot === undefined || sequence === undefined) return { opened: snapshot, log: entries };
  const { history, bar, length, offset } = sequence;
  if (base >= offset || base < bar) return { opened: snapshot, log: entries };
  const walker = new Walker(history, -1, length);
  walker.charged = true;
  walker.reach(history.end);
  walker.visit([]);
  const text = apply(snapshot.text, difference(history, walker, { get: () => '\0' }));
  return { opened: { text, bar, length, log: [] }, log: [...logOf(snapshot), ...entries] };
}

/** The entries of a snapshot. */
function logOf(snapshot?: Snapshot): Entry[] {
  if (snapshot === undefined) return [];
  return snapshot.log.map((logged, i) => {
    const offset = snapshot.bar + i + 1;
    return { client: '', ...(logged ?? { base: offset - 1, op: [] }), offset };
  });
}

/** Makes an operation; false if it cannot be. */
function fits(session: TextSession, { key, client, op }: Made): boolean {
  if (client !== undefined) return session.beside({ client, op }, key).key === key;
  try {
    return session.local(op, { key }) === key;
  } catch (error) {
    if (error instanceof TextError) return false;
    throw error;
  }
}
