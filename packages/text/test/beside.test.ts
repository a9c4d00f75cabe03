import { describe, expect, test } from 'vitest';
import { type Entry, Fold, type Pending, resume, type Snapshot, TextSession } from '../src/log.ts';
import { apply, op } from '../src/transform.ts';
import { range } from './desk.ts';
import { Naive } from './naive.ts';
import { Random } from './random.ts';
import { addOp, drawOp } from './replicas.ts';

/** A session of Ann on a text. */
function onText(text: string): TextSession {
  const session = new TextSession('ann');
  session.open({ text, bar: 0, length: [...text].length, log: [] }, () => false, false);
  return session;
}

const bens = { client: 'ben', base: 0 };

/** What the step of a session made of its text, which must be what it told. */
function made<T extends { op: readonly (readonly [number, number, string])[] }>(
  session: TextSession,
  act: () => T,
): T {
  const before = session.text;
  const step = act();
  expect(apply(before, step.op)).toBe(session.text);
  return step;
}

test('what others have pending shows as the naive engine says, until it is in the log and then too', () => {
  for (let seed = 0; seed < 400; seed++) {
    const random = new Random(seed);
    const ann = new TextSession('m');
    const others = ['b', 'x'].map((name) => ({
      name,
      session: new TextSession(name),
      shown: [] as Pending[],
    }));
    const fold = new Fold();
    const log: Entry[] = [];
    const take = (entry: Omit<Entry, 'offset'>): void => {
      const next = { ...entry, offset: log.length + 1 };
      fold.fold(next);
      log.push(next);
    };
    for (let step = 0; step < 40; step++) {
      const other = random.of(others);
      const { name, session, shown } = other;
      const next = log[session.offset];
      const [first] = session.pending;
      switch (random.below(5)) {
        case 0: // somebody else writes
          take({ client: 'o', base: fold.offset, op: drawOp(random, fold.length) });
          break;
        case 1: // it reads
          if (next) session.receive(next, next.client === name ? first?.key : 0);
          break;
        case 2: {
          // It writes, and this session hears of it, if it has read as much.
          if (session.offset > ann.offset) break;
          const key = session.local(drawOp(random, session.length));
          const words = session.operation(key);
          if (words)
            shown.push({ ...words, key: made(ann, () => ann.beside({ ...words, client: name })).key });
          break;
        }
        case 3: // its first operation is taken
          if (
            first &&
            !log.some(({ client, base, op }) => client === name && base === first.base && op === first.op)
          )
            take({ client: name, base: first.base, op: first.op });
          break;
        default: {
          const entry = log[ann.offset];
          if (!entry) break;
          const author = others.find(({ name }) => name === entry.client);
          made(ann, () => ann.receive(entry, author?.shown.shift()?.key));
        }
      }
      if (step % 10 < 9) continue; // the naive engine is slow
      const naive = new Naive();
      const ends = [0];
      const own = new Map<string, number[]>();
      const add = ({ client, base, op }: Omit<Entry, 'offset'>): void => {
        const mine = own.get(client) ?? [];
        const start = naive.events.length;
        addOp(naive, client, mine.length, [...range(0, ends[base] as number), ...mine], op);
        own.set(client, [...mine, ...range(start, naive.events.length)]);
      };
      for (const entry of log.slice(0, ann.offset)) {
        add(entry);
        ends.push(naive.events.length);
      }
      for (const { name, shown } of others) for (const { base, op } of shown) add({ client: name, base, op });
      expect(ann.text, `seed ${seed}`).toBe(naive.toString());
    }
  }
});

describe('what another client has pending', () => {
  test('is shown where its author had it, and is no own operation', () => {
    const session = onText('abc');
    session.receive({ offset: 1, client: 'cem', base: 0, op: op.insert(0, '__') });
    session.local(op.insert(5, '!'));
    const { key, op: change } = made(session, () => session.beside({ ...bens, op: [[1, 1, 'B']] }));
    expect([session.text, change]).toEqual(['__aBc!', [[3, 1, 'B']]]);
    expect(session.pending).toHaveLength(1);
    expect(made(session, () => session.reject(key)).op).toEqual([[3, 1, 'b']]);
    expect([session.text, session.pending[0]?.op]).toEqual(['__abc!', op.insert(5, '!')]);
  });

  test('that does not fit what its author saw is not shown, nor does it change anything', () => {
    const session = onText('abc');
    session.local(op.insert(3, '!'));
    for (const bad of [[[9, 1, '']], 7, [[0, -1, '']], [[0, 0, '\ud800']]] as never[])
      for (const base of [0, 5, -1, 0.5])
        expect(session.beside({ client: 'ben', base, op: bad })).toMatchObject({ key: 0, op: [] });
    expect([session.text, session.pending.length]).toEqual(['abc!', 1]);
    const { key } = session.beside({ ...bens, op: op.insert(0, 'B') });
    session.local(op.insert(1, 'a'));
    expect(made(session, () => session.beside({ ...bens, op: op.delete(9, 1) }, key)).key).toBe(0);
    expect(session.text).toBe('aabc!'); // and is shown no more
  });

  test('is in the log without a change of what is shown, and what was made on it is said anew', () => {
    const session = onText('[]');
    const { key } = session.beside({ ...bens, op: op.insert(1, 'hello') });
    const own = session.local(op.insert(3, '-'));
    expect(session.seen(own)).toEqual([
      { key, client: 'ben', base: 0, op: op.insert(1, 'hello'), acknowledged: false },
    ]);
    session.receive({ offset: 1, client: 'cem', base: 0, op: op.insert(0, 'C') });
    const step = made(session, () =>
      session.receive({ offset: 2, client: 'ben', base: 0, op: op.insert(1, 'hello') }, key),
    );
    expect(step).toEqual({ op: [], confirmed: key, rebased: true });
    expect([session.text, session.pending]).toEqual([
      'C[he-llo]',
      [{ key: own, base: 2, op: op.insert(4, '-'), acknowledged: false }],
    ]);
    expect(session.seen(own)).toEqual([]);
  });

  test('may be said otherwise, and be in the log otherwise: what was made on it stays in its place', () => {
    const session = onText('[]');
    const { key } = session.beside({ ...bens, op: op.insert(1, 'hello') });
    session.local(op.insert(3, '-'));
    const grown = made(session, () => session.beside({ ...bens, op: op.insert(1, 'hello!') }, key));
    expect([session.text, grown.op, grown.key]).toEqual(['[he-llo!]', op.insert(7, '!'), key]);
    const entry = { offset: 1, client: 'ben', base: 0, op: op.insert(1, 'hello?') };
    const { confirmed } = made(session, () => session.receive(entry, key));
    expect([session.text, confirmed]).toEqual(['[he-llo?]', key]);
    expect(session.pending.map(({ base, op }) => [base, op])).toEqual([[1, op.insert(3, '-')]]);
  });

  test('is put behind own operations, which are said as if it were not', () => {
    const session = onText('[]');
    const { key } = session.beside({ ...bens, op: op.insert(1, 'hello') });
    const own = session.local([[2, 2, 'u']]);
    expect(session.text).toBe('[hulo]');
    const { keys } = made(session, () => session.defer());
    expect(session.text).toBe('[huello]');
    expect(session.pending).toEqual([{ key: own, base: 0, op: op.insert(1, 'u'), acknowledged: false }]);
    session.receive({ offset: 1, client: 'ann', base: 0, op: op.insert(1, 'u') }, own);
    const again = keys.get(key) ?? 0;
    made(session, () =>
      session.receive({ offset: 2, client: 'ben', base: 0, op: op.insert(1, 'hello') }, again),
    );
    const fold = new Fold('[]');
    fold.fold({ offset: 1, client: 'ann', base: 0, op: op.insert(1, 'u') });
    fold.fold({ offset: 2, client: 'ben', base: 0, op: op.insert(1, 'hello') });
    expect(session.text).toBe(fold.text);
  });

  test('is put behind, and what was deleted of it is not put in again by who undoes that', () => {
    const session = onText('[]');
    session.beside({ ...bens, op: op.insert(1, 'hello') });
    session.local(op.insert(0, '<'));
    session.local([[3, 2, 'u']]);
    made(session, () => session.defer());
    expect(session.text).toBe('<[huello]');
    const { keys } = session.undo();
    expect([session.text, keys.length, session.canUndo]).toEqual(['[huello]', 1, false]);
  });

  test('is there again when the session is, with what was made on it', () => {
    const session = new TextSession('ann');
    session.receive({ offset: 1, client: '', base: 0, op: op.insert(0, '[]') });
    const snapshot = session.snapshot() as Snapshot;
    session.local(op.insert(0, '<'));
    session.beside({ client: 'ben', base: 1, op: op.insert(1, 'hello') });
    const own = session.local(op.delete(4, 3));
    const [first, last] = session.pending as [Pending, Pending];
    const pending = [first, ...session.seen(own), last].map((one, i) => ({ ...one, key: i - 3 }));
    const again = resume({ client: 'ann', snapshot, entries: [], pending });
    expect([again.session.text, again.unfit]).toEqual(['<[he]', []]);
    const entry = { offset: 2, client: 'ben', base: 1, op: op.insert(1, 'hello') };
    const later = resume({ client: 'ann', snapshot, entries: [entry], pending });
    expect([later.session.text, later.session.awaited(entry)]).toEqual(['<[he]', 0]);
    const unknown = pending.map((one, i) => (i === 1 ? { ...one, op: op.insert(9, 'x') } : one));
    expect(resume({ client: 'ann', snapshot, entries: [], pending: unknown }).unfit).toEqual([-2, -1]);
  });
});

test('what was made on the second of two is there again when the first has come into the log', () => {
  const session = new TextSession('ann');
  session.receive({ offset: 1, client: '', base: 0, op: op.insert(0, '[]') });
  const snapshot = session.snapshot() as Snapshot;
  const keys = ['ab', 'cd'].map(
    (text) => session.beside({ client: 'ben', base: 1, op: op.insert(1, text) }).key,
  );
  const entry = { offset: 2, client: 'ben', base: 1, op: op.insert(1, 'ab') };
  session.receive(entry, keys[0]);
  const own = session.local(op.insert(2, '-'));
  const pending = [...session.seen(own), ...session.pending].map((one, i) => ({ ...one, key: i - 2 }));
  const again = resume({ client: 'ann', snapshot, entries: [entry], pending });
  expect([session.text, again.session.text, again.unfit]).toEqual(['[c-dab]', '[c-dab]', []]);
});

test('an entry that had come before something was made on what is pending is something else', () => {
  const session = new TextSession('ann');
  session.receive({ offset: 1, client: '', base: 0, op: op.insert(0, '[]') });
  const snapshot = session.snapshot() as Snapshot;
  session.beside({ client: 'ben', base: 1, op: op.insert(2, 'hello') });
  const entry = { offset: 2, client: 'ben', base: 1, op: op.insert(1, 'other') };
  session.receive(entry);
  session.local(op.insert(9, '-'));
  const [own] = session.pending as [Pending];
  const pending = [...session.seen(own.key), own].map((one, i) => ({ ...one, key: i - 2 }));
  const again = resume({ client: 'ann', snapshot, entries: [entry], pending });
  expect([session.text, again.session.text, again.unfit]).toEqual(['[other]he-llo', '[other]he-llo', []]);
});

test('many that come into the log one after the other are not said anew each time', () => {
  const session = onText('');
  const ops = range(0, 500).map((i) => op.insert((i * 7) % (i + 1), String(i % 10)));
  const keys = ops.map((op) => session.beside({ ...bens, op }).key);
  const shown = session.text;
  for (const [i, op] of ops.entries())
    expect(session.receive({ offset: i + 1, client: 'ben', base: 0, op }, keys[i]).rebased).toBe(false);
  expect(session.text).toBe(shown);
});

test('what was sent is not there twice when a session goes on whose log has it', () => {
  const session = onText('');
  const snapshot = session.snapshot() as Snapshot;
  const sent = session.local(op.insert(0, 'a'));
  session.local(op.insert(1, 'b'));
  const pending = session.pending.map((one) => ({ ...one, sent: one.key === sent }));
  const entries = [{ offset: 1, client: 'ann', base: 0, op: op.insert(0, 'a') }];
  const again = resume({ client: 'ann', snapshot, entries, pending });
  expect([again.session.text, again.unfit]).toEqual(['ab', [sent]]);
});
