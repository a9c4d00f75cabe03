import { expect, test } from 'vitest';
import type { Op } from '../src/index.ts';
import {
  type Entry,
  Fold,
  type Kept,
  type Pending,
  resume,
  type Snapshot,
  type Step,
  TextSession,
} from '../src/log.ts';
import { read } from './conformance.ts';

/** A log, the bar after it, and the fold of it. */
interface AgreedFold {
  /** With its effect on the text, if that is another. */
  entries: (Entry & { eff?: Op })[];
  bar: number;
  snapshot: Snapshot;
}

/** What a session was told, and what it said. */
interface AgreedSession {
  client: string;
  moves: (Move & Said)[];
  text: string;
}

type Move =
  | { do: 'local'; op: Op; operation?: number; step?: boolean }
  | { do: 'receive'; entry: Entry; own?: number }
  | { do: 'acknowledge'; keys: [number] }
  | { do: 'reject'; keys: number[] }
  | { do: 'rebase'; keys: [number] }
  | { do: 'open'; snapshot: Snapshot; keys: number[]; recovered?: boolean }
  | { do: 'undo' | 'redo' };

interface Said {
  /** The keys that it returned. */
  made?: number[];
  /** What became of the text that is shown, beside by local. */
  shown?: Op;
  confirmed?: number;
  rebased?: boolean;
  /** As before if it is left out. */
  pending?: Pending[];
}

test('TEXT-7, TEXT-8 Go and TypeScript fold logs alike, with bars and snapshots', () => {
  const logs = read<AgreedFold>('folds.json', 60);
  for (const [i, { entries, bar, snapshot }] of logs.entries()) {
    const fold = new Fold();
    for (const { eff, ...entry } of entries) {
      expect(fold.fold(entry), `log ${i}, entry ${entry.offset}`).toEqual(eff ?? entry.op);
    }
    expect([fold.bar, fold.snapshot()], `log ${i}`).toEqual([bar, snapshot]);
    expect(Fold.load(snapshot).snapshot(), `log ${i}`).toEqual(snapshot);
  }
  expect(logs.filter(({ bar }) => bar >= 512).length).toBeGreaterThanOrEqual(2);
});

/** Makes a move, and returns what the session said. */
function make(session: TextSession, move: Move): Said {
  const told = ({ op, confirmed, rebased, error }: Step): Said => {
    expect(error).toBeUndefined();
    return { shown: op, confirmed, rebased };
  };
  switch (move.do) {
    case 'local':
      return { made: [session.local(move.op, move)] };
    case 'receive':
      return told(session.receive(move.entry, move.own));
    case 'acknowledge':
      session.acknowledge(move.keys[0]);
      return {};
    case 'reject':
      return told(session.reject(...move.keys));
    case 'rebase':
      return told(session.rebase(move.keys[0]));
    case 'open':
      return told(session.open(move.snapshot, (key) => move.keys.includes(key), move.recovered ?? false));
    case 'undo':
    case 'redo': {
      const { keys, op } = session[move.do]();
      return { made: keys, shown: op };
    }
  }
}

test('Go and TypeScript sessions say the very same', () => {
  for (const [i, { client, moves, text }] of read<AgreedSession>('sessions.json', 60).entries()) {
    const session = new TextSession(client);
    let pending: Pending[] = [];
    for (const [k, move] of moves.entries()) {
      const { made = [], shown = [], confirmed = 0, rebased = false } = make(session, move);
      const want = [move.made ?? [], move.shown ?? [], move.confirmed ?? 0, move.rebased ?? false];
      pending = move.pending ?? pending;
      expect([made, shown, confirmed, rebased], `session ${i}, move ${k}`).toEqual(want);
      expect(session.pending, `session ${i}, move ${k}`).toEqual(pending);
    }
    expect(session.text, `session ${i}`).toBe(text);
  }
});

test('Go and TypeScript sessions go on alike from what was kept', () => {
  type Agreed = Kept & { text: string; left: Pending[]; unfit: number[] };
  for (const [i, { text, left, unfit, ...kept }] of read<Agreed>('resumed.json', 60).entries()) {
    const resumed = resume(kept);
    expect([resumed.session.text, resumed.session.pending, resumed.unfit], `session ${i}`).toEqual([
      text,
      left,
      unfit,
    ]);
  }
});
