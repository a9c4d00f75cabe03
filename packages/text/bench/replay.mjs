/**
 * Measures the text engine on recorded histories, and checks that it comes to
 * their ends, as `go run ./text/replay` does. Files are as `recorded.mjs` reads
 * them. Times are the median of five runs, in one process for each file.
 *
 *     node packages/text/bench/replay.mjs FILE…
 */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built } from './built.mjs';
import { read } from './recorded.mjs';

const runs = 5;

/** @type {Awaited<ReturnType<typeof built>>} */
let engine;

function replay(file) {
  const { kind, histories } = read(file);
  /** Of each step the milliseconds of each run. */
  const times = [[], [], [], []];
  let bytes = 0;
  for (let run = 0; run < runs; run++) {
    const spent = [0, 0, 0, 0];
    bytes = 0;
    for (const [i, history] of histories.entries()) bytes += measure(history, i, spent);
    for (const [step, time] of spent.entries()) times[step].push(time);
  }
  const peak = process.resourceUsage().maxRSS / 1024;
  const cells = [basename(file), kind, ...times.map(median), bytes, peak.toFixed(0)];
  console.log(`| ${cells.join(' | ')} |`);
}

/** Replays a history, adds how long each step takes to what is spent, and returns how many bytes it is saved in. */
function measure(history, i, spent) {
  const { Replica, open, save } = engine;
  const timed = (step, run) => {
    const begin = performance.now();
    const result = run();
    spent[step] += performance.now() - begin;
    return result;
  };
  const agree = (what, text) => {
    if (text !== history.end) throw new Error(`history ${i} does not come to its end: ${what} differs`);
  };
  const local = timed(0, () => apply(new Replica('local'), history));
  const update = local.since({});
  const remote = new Replica('remote');
  timed(1, () => remote.merge(update));
  const saved = timed(2, () => save(local));
  const opened = timed(3, () => open('opened', saved).toString());
  agree('what was applied', local.toString());
  agree('what was merged', remote.toString());
  agree('what was saved', opened);
  return saved.length;
}

/** Makes a history's text: by local edits, or of another one by taking in its changes one by one. */
function apply(replica, { start, splices, changes }) {
  if (start !== '') replica.insert(0, start);
  for (const [at, n, text] of splices) replica.replace(at, n, text);
  for (const change of changes) engine.mergeChanges(replica, [change]);
  return replica;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1].toFixed(2);
}

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: replay.mjs FILE…');
  process.exit(2);
}
const tell = (file, error) => {
  process.exitCode = 1;
  console.error(`${file}: ${error.name === 'TextError' ? `${error.code}: ` : ''}${error.message}`);
};
if (files.length === 1) {
  const steps = 'local apply, ms | remote merge, ms | save, ms | load, ms';
  console.log(`| file | kind | ${steps} | saved, bytes | peak memory, MiB |`);
  console.log('|---|---|---:|---:|---:|---:|---:|---:|');
  try {
    engine = await built();
    replay(files[0]);
  } catch (error) {
    tell(files[0], error);
  }
}
// Each of several in a process of its own, so that its memory is its own.
for (const [i, file] of files.length > 1 ? files.entries() : []) {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), file];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.error !== undefined) throw child.error;
  const lines = child.stdout.split('\n');
  process.stdout.write(lines.slice(i > 0 ? 2 : 0).join('\n'));
  if (child.signal !== null) tell(file, new Error(`its process was ended by ${child.signal}`));
  else if (child.status !== 0) process.exitCode = 1;
}
