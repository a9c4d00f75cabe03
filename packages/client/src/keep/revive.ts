import type { KeptEntry, KeptTopic } from '../core/ledger.ts';
import type { Revived } from '../doc/document.ts';
import type { Encoded } from '../encode.ts';
import { TuttiError } from '../error.ts';
import type { EntryRow, TopicRow } from './rows.ts';
import type { Siblings } from './siblings.ts';

/** What has waited for so long is given up (rule OUT-8), in milliseconds. */
export const longest = 30 * 86_400_000;

/** An entry of the outbox, as an application of another version made it. */
export interface OldEntry {
  topic: string;
  name?: string;
  data: unknown;
  /** The version by which it was made. */
  version?: number;
}

/** What is asked about an entry of a former life. */
export interface ReviveHost {
  /** Of the application's schema. */
  readonly version: number | undefined;
  /** What the application makes of it, if it can be published; throws what the application does, or that it is no JSON. */
  migrate(entry: OldEntry): (Pick<OldEntry, 'topic' | 'name'> & Encoded) | null;
  /** Milliseconds since 1970. */
  now(): number;
  report(error: unknown): void;
}

/** An entry of a former life as it is to go on (rules OUT-8, OUT-9), or why it cannot. */
export function revived(stored: EntryRow, host: ReviveHost): EntryRow | TuttiError {
  if (host.now() - stored.made > longest) return new TuttiError('timeout');
  if (stored.version === host.version || stored.seq !== undefined) return stored;
  return (
    migrated(stored, host) ??
    new TuttiError('bad_operation', 'It was made for another version of the application.')
  );
}

function migrated(stored: EntryRow, host: ReviveHost): EntryRow | undefined {
  const { name, version, ...rest } = stored;
  const { topic, data } = rest;
  const old = { topic, data, ...(name !== undefined && { name }), ...(version !== undefined && { version }) };
  try {
    const now = host.migrate(old);
    if (!now) return undefined;
    return {
      ...rest,
      ...now,
      ...(host.version !== undefined && { version: host.version }),
    };
  } catch (error) {
    host.report(error);
    return undefined;
  }
}

/** An entry as the core is to go on with it; undefined: the server has taken it. */
export function restoredEntry(key: number, entry: EntryRow): KeptEntry | undefined {
  const { doc: _, made: __, version: ___, place, ...kept } = entry;
  return place ? undefined : { ...kept, key };
}

/** An operation as its document is to go on with it; undefined: it is none. */
export function restoredOperation(key: number, entry: EntryRow, siblings: Siblings): Revived | undefined {
  const { doc, base, seen } = entry;
  if (doc === undefined || base === undefined) return undefined;
  return { ...entry, base, sending: key, ...(seen && { seen: siblings.seen(seen) }) };
}

/** The topics as they are stored, with what the server took there and no stored document holds. */
export function restoredTopics(
  stored: ReadonlyMap<string, TopicRow>,
  entries: Iterable<{ entry: EntryRow }>,
): Record<string, KeptTopic> {
  const topics = new Map<string, KeptTopic>(stored);
  for (const { entry } of entries) {
    const { topic, place } = entry;
    const row = topics.get(topic);
    const taken = Math.max(place?.offset ?? 0, row?.taken ?? 0);
    if (row && taken) topics.set(topic, { ...row, taken });
  }
  return Object.fromEntries(topics);
}
