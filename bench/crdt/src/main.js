import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { libraries } from './libraries.js';
import { shapes } from './shapes.js';

const rounds = Number(process.argv[2] ?? 7);
/** Milliseconds on a row after which a library is measured no more. */
const budget = 3000;

/** Runs a shape once: how long it took, and what came of it. */
function measure(shape, Library) {
  const prepared = shape.prepare?.(Library);
  globalThis.gc();
  const begun = performance.now();
  const { replicas, sent } = shape.run(Library, prepared);
  const time = performance.now() - begun;
  const [a] = replicas;
  const values = replicas.map((replica) => JSON.stringify(replica.value()));
  if (values[0] !== values[1]) throw new Error(`the replicas of ${Library.label} differ`);
  const state = a.state();
  const fresh = new Library(shape.kind);
  const loading = performance.now();
  fresh.apply(state);
  const load = performance.now() - loading;
  if (JSON.stringify(fresh.value()) !== values[0]) throw new Error(`the state of ${Library.label} is not whole`);
  return { time, load, value: values[0], update: sent / shape.updates, state: Buffer.byteLength(state) };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function table(title, rows, cell) {
  console.log(`\n### ${title}\n`);
  console.log(`| | ${libraries.map(({ label }) => label).join(' | ')} |`);
  console.log(`|---|${libraries.map(() => '---:').join('|')}|`);
  for (const [name, results] of rows) console.log(`| ${name} | ${results.map(cell).join(' | ')} |`);
}

function version(name) {
  if (name === '@tutti/crdt') return '';
  const path = { yjs: 'yjs', automerge: '@automerge/automerge', loro: 'loro-crdt' }[name];
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return ` ${dependencies[path]}`;
}

const rows = [];
let behind = 0;
for (const [name, shape] of Object.entries(shapes)) {
  const results = libraries.map(() => []);
  // The libraries take turns, so that what else the machine does is in all of them.
  const spent = libraries.map(() => 0);
  for (let round = -1; round < rounds; round++)
    libraries.forEach((Library, i) => {
      if (spent[i] > budget) return;
      const result = measure(shape, Library);
      spent[i] += result.time;
      // The first round warms up, unless it has taken all the time.
      if (round >= 0 || spent[i] > budget) results[i].push(result);
    });
  const summaries = results.map((all) => ({
    ...all[0],
    time: median(all.map(({ time }) => time)),
    load: median(all.map(({ load }) => load)),
  }));
  // Of keys that two wrote, each library lets another win.
  if (!name.includes('two users, 6,000 random') && !name.includes('one key'))
    for (const { value } of summaries) if (value !== summaries[0].value) throw new Error(`${name}: the values differ`);
  if (summaries[0].time > summaries[1].time) behind++;
  rows.push([name, summaries]);
}

const versions = libraries.map(({ label }) => label + version(label)).join(', ');
console.log(`${versions}; Node ${process.version}, ${cpus()[0].model}, ${cpus().length} cores; median of up to ${rounds} rounds`);
table('Time, ms', rows, ({ time }) => time.toFixed(1));
table('Bytes of an update, mean', rows, ({ update }) => Math.round(update));
table('Bytes of the whole state', rows, ({ state }) => state);
table('Loading the whole state, ms', rows, ({ load }) => load.toFixed(2));
console.log(`\nRows on which @tutti/crdt took longer than yjs: ${behind} of ${rows.length}.`);
