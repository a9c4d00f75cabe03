import { place } from './excise.ts';
import { equal } from './graph.ts';
import { History, Kind } from './history.ts';
import { inverse, type Mapping, mappingOf } from './mapping.ts';
import { Changes, type Op, record, type Splice } from './op.ts';
import type { Own, Pending, Timeline } from './timeline.ts';
import { underwater } from './tracker.ts';
import { apply, transform } from './transform.ts';
import { Walker } from './walker.ts';

/**
 * What becomes of a pending operation when those behind it are said anew: it stays
 * as it is, and others follow it; it is said anew, unless that says the same; it
 * has no effect any more; or it is taken out, from beneath those behind it.
 */
export type Fate = 'settled' | 'kept' | 'dropped' | 'met';

/** What is pending, in other words. */
export type Anew = Pending & Pick<Own, 'told'>;

/** What is pending, lifted off the text beneath it. */
export interface Lifted {
  /** The text of the log and what is settled. */
  base: string;
  /** With new operations, the first of which is one of that text. */
  kept: Anew[];
  /** What becomes of the text that is shown. */
  change: Op;
  /** Of one that is met: the kept ones behind it, and the text without it that those before it make, and with it. */
  met?: { behind: Anew[]; without: string; onto: string };
}

/**
 * Says what is pending anew, by its fates: as of the newest entry and what is
 * settled. The timeline, whose text is shown, is void then. In another order one
 * that is put before what it has seen has not seen it.
 */
export function lift(
  timeline: Timeline,
  shown: string,
  fateOf: (own: Own, i: number) => Fate,
  all: readonly Own[] = timeline.own,
): Lifted {
  const { log } = timeline;
  const { history, offset } = log;
  const fates = all.map(fateOf);
  const asBefore = all === timeline.own;
  if (asBefore && inLine(timeline, fates)) return unstack(timeline, shown, fates);
  const walker = timeline.replay();
  const buried = buriedBy(all, history, walker);
  walker.visit(log.version);
  for (const [i, { start, end }] of all.entries()) {
    if (fates[i] === 'settled') place(history, walker, start, end);
  }
  const base = apply(shown, difference(history, walker, buried));
  const lifted: Lifted = { base, kept: [], change: [] };
  let { kept } = lifted;
  let same = asBefore && fates.lastIndexOf('settled') < fates.indexOf('kept'); // what is beneath
  for (const [i, own] of all.entries()) {
    if (fates[i] === 'dropped') same = false;
    if (fates[i] === 'settled' || fates[i] === 'dropped') continue;
    const without = fates[i] === 'met' ? apply(shown, difference(history, walker, buried)) : '';
    const op = place(history, walker, own.start, own.end);
    if (fates[i] === 'met') {
      kept = [];
      lifted.met = { behind: kept, without, onto: apply(shown, difference(history, walker, buried)) };
      continue;
    }
    const asMade = same && own.base === offset && own.effect === undefined;
    kept.push(anew(own, offset, asMade ? own.op : op));
  }
  lifted.change = difference(history, walker, buried);
  return lifted;
}

/** An operation in other words. */
export function anew({ key, client, acknowledged, told }: Own, base: number, op: Op): Anew {
  return { key, ...(client !== undefined && { client }), base, op, acknowledged, ...(told && { told }) };
}

/**
 * Whether what is pending follows the log and each other with nothing concurrent, so
 * that it says the same anew; and none is dropped, or settled behind one that is not.
 */
function inLine({ log, own: all }: Timeline, fates: readonly Fate[]): boolean {
  let tip = log.version;
  let kept = false;
  return all.every(({ start, end }, i) => {
    if (fates[i] === 'dropped' || fates[i] === 'met' || (kept && fates[i] === 'settled')) return false;
    kept ||= fates[i] === 'kept';
    if (start === end) return true;
    const beneath = tip;
    tip = [end - 1];
    return equal(log.history.graph.parents(start), beneath);
  });
}

/** What the operations of a timeline that its log does not hold do to positions of the log's text. */
export function ownMapping(timeline: Timeline): Mapping {
  const { log, own } = timeline;
  const fates = own.map((): Fate => 'kept');
  if (inLine(timeline, fates)) return own.flatMap(({ op }) => mappingOf(op));
  const walker = timeline.replay();
  walker.visit(log.version, own[0]?.start);
  return inverse(mappingOf(difference(log.history, walker, { get: () => '\0' })));
}

/** Lifts what is in line: takes it back from the text that is shown. */
function unstack({ log, own: all }: Timeline, shown: string, fates: readonly Fate[]): Lifted {
  const { history, offset } = log;
  const kept: Anew[] = [];
  const back: Splice[] = [];
  for (const [i, own] of all.entries()) {
    if (fates[i] !== 'kept') continue;
    const { base, removed } = own;
    const changes = new Changes();
    let from = 0;
    history.each(own.start, own.end, (run, v, n) => {
      const at = history.position(run, v, n);
      if (history.kind(run) === Kind.inserted) {
        changes.add(at, 0, history.text(run, v, n));
        back.push([at, n, '']);
        return;
      }
      changes.add(at, n, '');
      let to = from;
      for (let k = 0; k < n; k++) to += (removed.codePointAt(to) as number) > 0xffff ? 2 : 1;
      const gone = removed.slice(from, to);
      back.push([at, 0, history.kind(run) === Kind.erased ? [...gone].reverse().join('') : gone]);
      from = to;
    });
    kept.push(anew(own, offset, base < offset ? changes.op : own.op));
  }
  return { base: apply(shown, back.reverse()), kept, change: [] };
}

/** What operations have deleted of what was there before all events, by its ids. */
function buriedBy(all: readonly Own[], history: History, { tracker }: Walker): Map<number, string> {
  const buried = new Map<number, string>();
  for (const { start, end, removed, buried: known } of all) {
    for (const [id, rune] of known ?? []) buried.set(id, rune);
    if (known) continue;
    const runes = removed[Symbol.iterator]();
    history.each(start, end, (run, v, n) => {
      if (history.kind(run) === Kind.inserted) return;
      for (let k = v; k < v + n; k++) {
        const rune = runes.next().value as string;
        const id = tracker.deletedBy(k);
        if (id >= underwater) buried.set(id, rune);
      }
    });
  }
  return buried;
}

/**
 * What makes the text of the prepare state of that of the effect state. Of what is
 * there in the one alone, buried has those code points that no event inserted.
 */
export function difference(
  history: History,
  { tracker }: Walker,
  buried: Pick<ReadonlyMap<number, string>, 'get'>,
): Op {
  const changes = new Changes();
  let at = 0;
  tracker.each((id, n, state, gone) => {
    if (gone === 0 && state !== 1) changes.add(at, n, '');
    if (gone === 1 && state === 1) {
      let text = '';
      if (id < underwater) text = history.written(id, n);
      else for (let k = id; k < id + n; k++) text += buried.get(k);
      changes.add(at, 0, text);
    }
    if (state === 1) at += n;
  });
  return changes.op;
}

/**
 * Transforms what was lifted past a difference of the text beneath it, which has
 * so many code points, and returns what that does to the text with it.
 */
export function past({ kept }: Pick<Lifted, 'kept'>, difference: Op, length: number): Op {
  if (difference.length === 0 || kept.length === 0) return difference;
  const change = transform(
    difference,
    kept.flatMap(({ op }) => op),
    'left',
  );
  const history = new History();
  history.graph.add(0, []);
  record(history, difference);
  history.graph.add(history.end, []);
  const walker = new Walker(history, -1, length, (a, b) => a - b); // the log's comes first
  walker.reach(history.end);
  for (const pending of kept) {
    record(history, pending.op);
    const changes = new Changes();
    walker.reach(history.end, changes.add);
    pending.op = changes.op;
  }
  return change;
}
