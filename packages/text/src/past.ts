import { headsOf, pastOf } from './heads.ts';
import { Changes, type Op } from './op.ts';
import { only } from './part.ts';
import { inside, type Replica } from './replica.ts';
import { Rope } from './rope.ts';
import { runesOf } from './runes.ts';
import type { Version } from './version.ts';
import { Nearby, walk } from './walk.ts';

/** A run of the text that an agent wrote in one go. */
export interface Authorship {
  /** Where it begins, in code points. */
  at: number;
  length: number;
  agent: string;
  /** Of the event that inserted the first code point. */
  seq: number;
}

/**
 * The text of a replica as it was at a version.
 *
 * @throws TextError `bad_operation` if the replica lacks some of it.
 */
export function at(replica: Replica, version: Version): string {
  const { history } = inside(replica);
  const past = pastOf(history.graph, headsOf(history, version));
  const text = new Rope();
  walk(only(history, past), [], 0, 0, new Nearby(), (at, n, inserted) => {
    if (n > 0) text.remove(at, n);
    else text.insert(at, inserted, runesOf(inserted));
  });
  return text.toString();
}

/**
 * The operation that makes the text of one version into that of another.
 *
 * @throws TextError `bad_operation` if the replica lacks some of them.
 */
export function diff(replica: Replica, from: Version, to: Version): Op {
  const state = inside(replica);
  const { history } = state;
  const [before, after] = [headsOf(history, from), headsOf(history, to)];
  const walker = state.replay();
  const there = new Uint8Array(history.end);
  walker.visit(before);
  walker.tracker.each((id, n, state) => {
    if (state === 1) there.fill(1, id, id + n);
  });
  walker.visit(after);
  const changes = new Changes();
  let at = 0;
  walker.tracker.each((id, n, state) => {
    for (let v = id, end = id + n; v < end; ) {
      const was = there[v] as number;
      const start = v;
      while (v < end && there[v] === was) v++;
      if (was === 1 && state !== 1) changes.add(at, v - start, '');
      if (was === 0 && state === 1) changes.add(at, 0, history.written(start, v - start));
      if (state === 1) at += v - start;
    }
  });
  return changes.op;
}

/** Who wrote the text, from its beginning to its end. When that was is for the log to say that the events came by. */
export function blame(replica: Replica): Authorship[] {
  const state = inside(replica);
  const { agents } = state.history;
  const { tracker } = state.replay();
  const runs: Authorship[] = [];
  let at = 0;
  tracker.each((id, n, state) => {
    if (state !== 1) return;
    for (let v = id; v < id + n; ) {
      const { agent, seq } = agents.of(v);
      const name = agents.names[agent] as string;
      const length = Math.min(agents.end(v), id + n) - v;
      const last = runs.at(-1);
      if (last?.agent === name && last.seq + last.length === seq) last.length += length;
      else runs.push({ at, length, agent: name, seq });
      at += length;
      v += length;
    }
  });
  return runs;
}
