import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child } from './child.js';
import { branches, find, read } from './histories.js';
import { agree, branchesAgree, timeBranches, timeFirst, timeHistories, weigh } from './measure.js';
import { pairwise } from './ot.js';
import { plot } from './plot.js';
import { curves, growth, report } from './report.js';

/*
 * Measures the engines and prints Markdown:
 *
 *     node src/main.js [--runs 5] [--warm 500] [--no-ot] [--growth] [--plot FILE]
 *
 * `warm` are the milliseconds that each engine runs each row at least before it
 * counts; `no-ot` leaves out pairwise transformation, which takes some seconds;
 * `growth` measures only how long it takes two branches to meet; `plot` is a file for
 * a plot of that, as SVG.
 * The program of tutti in Go must have been built (`make bench-text` does).
 */

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const engines = [
  {
    key: 'go',
    label: 'tutti, Go',
    command: [path('../node_modules/.bench/go')],
    snapshots: true,
    follows: true,
    order: 'tutti',
  },
  { key: 'ts', label: 'tutti, TypeScript', module: 'tutti', snapshots: true, follows: true, order: 'tutti' },
  { key: 'yjs', label: 'yjs', module: 'yjs', package: 'yjs', follows: true },
  { key: 'loro', label: 'loro', module: 'loro', package: 'loro-crdt', snapshots: true, follows: true },
  { key: 'automerge', label: 'automerge', module: 'automerge', package: '@automerge/automerge' },
  { key: 'diamond', label: 'diamond-types', module: 'diamond-types', package: 'diamond-types-node', follows: true },
];

/**
 * The engines whose growth is measured, and the lengths of the branches: one is
 * measured of all, and pairwise transformation up to there.
 */
const grown = ['go', 'ts', 'yjs'];
const lengths = [1000, 2000, 4000, 10_000, 40_000, 100_000];
const ofAll = 4000;

function options() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      warm: { type: 'string', default: '500' },
      'no-ot': { type: 'boolean', default: false },
      growth: { type: 'boolean', default: false },
      plot: { type: 'string' },
    },
  });
  const [runs, warm] = [Number(values.runs), Number(values.warm)];
  if (!(Number.isInteger(runs) && runs >= 1)) throw new Error('--runs is how many runs count, at least 1');
  if (!(warm >= 0)) throw new Error('--warm is a number of milliseconds');
  return { runs, warm, transform: !values['no-ot'], growth: values.growth, plot: values.plot };
}

/** How long two branches take to meet, by their lengths. */
async function grow(children, temporary, options) {
  const met = [];
  for (const n of lengths) {
    const history = branches(temporary, n);
    const check = branchesAgree();
    const able = children.filter(({ engine }) => (n === ofAll && !options.growth) || grown.includes(engine.key));
    const figures = await timeBranches(able, history, options, check);
    met.push({ n, figures });
    if (n > ofAll || !options.transform) continue;
    const { ms, text } = pairwise(read(history.file));
    check({ key: 'ot', label: 'pairwise transformation' }, text);
    figures.ot = ms;
  }
  return met;
}

/** Measures all, and returns it by the names of the rows. */
async function measure(children, files, temporary, options) {
  const times = await timeHistories(children, files, options);
  const { endContent } = read(files.pair.file);
  const firstMerge = await timeFirst(children, files.pair, false, temporary, options, (engine, text) =>
    agree(engine, 'the first merge', text, endContent),
  );
  const met = await grow(children, temporary, options);
  const firstMeet = await timeFirst(
    children,
    branches(temporary, ofAll),
    true,
    temporary,
    options,
    branchesAgree(),
  );
  return { times, firstMerge, firstMeet, met, ofAll, ...(await weigh(children, files.typed, temporary)) };
}

function head({ runs }, missing) {
  const { dependencies } = JSON.parse(readFileSync(path('../package.json'), 'utf8'));
  const peers = engines.filter((engine) => engine.package);
  const versions = peers.map((engine) => `${engine.label} ${dependencies[engine.package]}`).join(', ');
  const machine = `Node ${process.version}, ${cpus()[0].model}, ${cpus().length} cores`;
  const lines = [`tutti beside ${versions}; ${machine}; medians of up to ${runs} runs`];
  if (missing.length > 0)
    lines.push(
      '',
      'Drawn histories stand for what is missing (TUTTI_SHARED names the folder that has `traces`):',
      '',
      ...missing.map((file) => `- ${file}`),
    );
  return lines.join('\n');
}

async function main() {
  const chosen = options();
  const temporary = mkdtempSync(join(tmpdir(), 'bench-text-'));
  const children = engines.map((engine) => new Child(engine));
  try {
    const shared = process.env.TUTTI_SHARED ?? path('../../../../shared');
    const { files, missing } = find(join(shared, 'traces'), temporary);
    console.log(head(chosen, missing));
    const figures = chosen.growth
      ? { met: await grow(children, temporary, chosen) }
      : await measure(children, files, temporary, chosen);
    if (!chosen.growth) console.log(report(engines, files.typed.name, files.pair.name, figures));
    console.log(growth(engines, grown, figures.met));
    if (chosen.plot !== undefined) {
      const title = 'Two branches of n edits each meet, by n';
      writeFileSync(chosen.plot, plot(title, curves(engines, grown, figures.met)));
    }
  } finally {
    for (const child of children) child.close();
    rmSync(temporary, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
