import { join } from 'node:path';
import { Child } from './child.js';
import { read } from './histories.js';

const budget = 8000; // milliseconds on a row after which an engine is measured no more
const copies = 10; // open documents in a measurement of memory

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Throws if a text is not the expected one. */
export function agree(engine, what, text, expected) {
  if (text !== expected)
    throw new Error(`${engine.label}: ${what}: it does not come to the text of the history`);
}

/**
 * Milliseconds of a job by engine: medians of up to so many runs, the engines
 * taking turns, after runs to warm up, which are not counted. `check` is called
 * with each engine and its text.
 */
async function time(children, request, { runs, warm }, check) {
  const times = new Map(children.map((child) => [child.engine.key, []]));
  const spent = new Map(children.map((child) => [child.engine.key, 0]));
  for (let run = -1; run < runs; run++)
    // In turn each one is first.
    for (const child of children.map((_, i) => children[(i + Math.max(run, 0)) % children.length])) {
      const { key } = child.engine;
      if (run > 0 && spent.get(key) > budget) continue;
      const { ms, text } = await child.ask({ ...request, warm: run < 0 ? warm : 0 });
      check(child.engine, text);
      if (run >= 0) times.get(key).push(ms);
      spent.set(key, spent.get(key) + ms);
    }
  return Object.fromEntries([...times].map(([key, all]) => [key, median(all)]));
}

/** The rows of what is timed on the three histories: `{ id, label, figures }`. */
export async function timeHistories(children, { typed, code, pair }, options) {
  const rows = [
    ['type', `type ${typed.name}`, typed],
    ['code', `type ${code.name}`, code, 'type'],
    ['merge', `merge ${pair.name}`, pair],
    ['follow', `${pair.name}, merged one transaction at a time, as it came`, pair],
    ['load', `open ${typed.name}`, typed],
    ['snapshot', 'open it where the text is saved beside the history', typed],
    ['resume', 'open it, and write a letter', typed],
  ];
  const results = [];
  for (const [id, label, { file }, job = id] of rows) {
    const { endContent } = read(file);
    const expected = id === 'resume' ? `!${endContent}` : endContent;
    const able = children.filter(
      ({ engine }) => (job !== 'snapshot' || engine.snapshots) && (job !== 'follow' || engine.follows),
    );
    const figures = await time(able, { job, history: file }, options, (engine, text) =>
      agree(engine, label, text, expected),
    );
    results.push({ id, label, figures });
  }
  return results;
}

/**
 * Milliseconds of what a process does first: it takes in the update of a whole
 * history, or, of branches, opens what one has saved and takes in the other.
 * `check` is called with each engine and its text.
 */
export async function timeFirst(children, { name, file }, branched, temporary, { runs }, check) {
  const times = {};
  for (let run = 0; run < runs; run++)
    for (const child of children) {
      const { engine } = child;
      const open = branched ? join(temporary, `${engine.key}-${name}.saved`) : undefined;
      const merge = join(temporary, `${engine.key}-${name}.update`);
      if (run === 0) await child.ask({ job: 'prepareFirst', history: file, open, merge });
      const fresh = new Child(engine);
      const { ms, text } = await fresh.ask({ job: 'first', open, merge });
      fresh.close();
      check(engine, text);
      times[engine.key] = [...(times[engine.key] ?? []), ms];
    }
  return Object.fromEntries(Object.entries(times).map(([key, all]) => [key, median(all)]));
}

/**
 * Checks what comes of branches that meet. Engines may put in different orders
 * what was written at one place, but nothing is lost by any, and the engines of
 * one `order` agree.
 */
export function branchesAgree() {
  const characters = (text) => [...text].sort().join('');
  const orders = new Map();
  let all;
  return (engine, text) => {
    all ??= characters(text);
    agree(engine, 'branches', characters(text), all);
    const { order = engine.key } = engine;
    if (!orders.has(order)) orders.set(order, text);
    agree(engine, 'branches', text, orders.get(order));
  };
}

/** Milliseconds in which two branches meet. */
export function timeBranches(children, { file }, options, check) {
  return time(children, { job: 'meet', history: file }, options, check);
}

/** Bytes of a typed history by engine, `smallest` and `usual`, and `opened` and `edited`, of memory per byte of its text. */
export async function weigh(children, { file }, temporary) {
  const { endContent } = read(file);
  const length = Buffer.byteLength(endContent);
  const [smallest, usual, opened, edited] = [{}, {}, {}, {}];
  for (const child of children) {
    const { engine } = child;
    const saved = join(temporary, `${engine.key}.saved`);
    const answer = await child.ask({ job: 'save', history: file, to: saved });
    agree(engine, 'save', answer.text, endContent);
    smallest[engine.key] = answer.smallest;
    usual[engine.key] = answer.usual;
    for (const [edit, into] of [
      [false, opened],
      [true, edited],
    ]) {
      const fresh = new Child(engine);
      const { bytes, text } = await fresh.ask({ job: 'memory', from: saved, copies, edit });
      fresh.close();
      agree(engine, 'memory', text, edit ? `!${endContent}` : endContent);
      into[engine.key] = bytes / length;
    }
  }
  return { smallest, usual, opened, edited, length };
}
