import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child } from './child.js';
import { branches, find, read } from './histories.js';
import { agree, branchesAgree, timeBranches, timeFirst, timeHistories, weigh } from './measure.js';
import { pairwise } from './ot.js';
import { goalsOf, significant, table } from './report.js';

/*
 * Measures the engines and prints Markdown:
 *
 *     node src/main.js [--runs 5] [--warm 500] [--no-ot]
 *
 * `warm` are the milliseconds that each engine runs each row at least before it
 * counts; without pairwise transformation it takes some seconds less. The
 * program of tutti in Go must have been built (`make bench-text` does).
 */

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const engines = [
  { key: 'go', label: 'tutti, Go', command: [path('../node_modules/.bench/go')], snapshots: true, order: 'tutti' },
  { key: 'ts', label: 'tutti, TypeScript', module: 'tutti', snapshots: true, order: 'tutti' },
  { key: 'yjs', label: 'yjs', module: 'yjs', package: 'yjs' },
  { key: 'loro', label: 'loro', module: 'loro', package: 'loro-crdt', snapshots: true },
  { key: 'automerge', label: 'automerge', module: 'automerge', package: '@automerge/automerge' },
  { key: 'diamond', label: 'diamond-types', module: 'diamond-types', package: 'diamond-types-node' },
];

/** The growth of what these take is measured too. */
const grown = ['go', 'ts', 'yjs'];
const lengths = [4000, 10_000, 40_000, 100_000];

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    warm: { type: 'string', default: '500' },
    'no-ot': { type: 'boolean', default: false },
  },
});
const options = { runs: Number(values.runs), warm: Number(values.warm) };
if (!(options.runs >= 1 && options.warm >= 0)) throw new Error('--runs and --warm are numbers, and --runs is at least 1');

const { dependencies } = JSON.parse(readFileSync(path('../package.json'), 'utf8'));
const temporary = mkdtempSync(join(tmpdir(), 'bench-text-'));
const children = engines.map((engine) => new Child(engine));
try {
  await run();
} finally {
  for (const child of children) child.close();
  rmSync(temporary, { recursive: true });
}

async function run() {
  const shared = process.env.TUTTI_SHARED ?? path('../../../../shared');
  const { files, missing } = find(join(shared, 'traces'), temporary);
  const versions = engines.filter((engine) => engine.package).map((engine) => `${engine.label} ${dependencies[engine.package]}`);
  console.log(
    `tutti beside ${versions.join(', ')}; Node ${process.version}, ${cpus()[0].model}, ${cpus().length} cores; medians of up to ${options.runs} runs`,
  );
  if (missing.length > 0)
    console.log(`\nDrawn histories stand for what is missing (TUTTI_SHARED names the folder that has \`traces\`):\n${missing.map((file) => `- ${file}`).join('\n')}`);

  const rows = await timeHistories(children, files, options);
  const { endContent } = read(files.pair.file);
  const firstMerge = await timeFirst(children, files.pair, false, temporary, options, (engine, text) =>
    agree(engine, 'first merge', text, endContent),
  );
  let firstMeet;
  const met = [];
  for (const n of lengths) {
    const history = branches(temporary, n);
    const check = branchesAgree();
    const shortest = n === lengths[0];
    const able = children.filter(({ engine }) => shortest || grown.includes(engine.key));
    const figures = await timeBranches(able, history, options, check);
    met.push([n, figures]);
    if (!shortest) continue;
    firstMeet = await timeFirst(children, history, true, temporary, options, check);
    if (values['no-ot']) continue;
    const { ms, text } = pairwise(read(history.file));
    check({ key: 'ot', label: 'pairwise transformation' }, text);
    figures.ot = ms;
  }
  const { smallest, usual, opened, edited, length } = await weigh(children, files.typed, temporary);

  const figures = Object.fromEntries(rows.map((row) => [row.id, row.figures]));
  const meet = met[0][1];
  const goals = goalsOf({ ...figures, firstMerge, firstMeet, meet, smallest, opened });
  const times = [
    ...rows.map(({ id, label, figures }) => [label, figures, id]),
    [`two branches of ${lengths[0]} edits meet`, meet, 'meet'],
  ];
  console.log(table('Time, ms', engines, times, significant(3), goals));
  const firsts = [
    [`merge ${files.pair.name}`, firstMerge, 'firstMerge'],
    [`open one of two branches of ${lengths[0]} edits, and merge the other`, firstMeet, 'firstMeet'],
  ];
  console.log(table('The first thing that a process does, ms', engines, firsts, significant(3), goals));
  const sizes = [
    ['with the whole history, as small as can be', smallest, 'smallest'],
    ['as it is opened above', usual],
  ];
  console.log(table(`Bytes of ${files.typed.name}, saved`, engines, sizes, String, goals));
  const held = [
    ['opened', opened, 'opened'],
    ['opened, and a letter written', edited],
  ];
  console.log(table(`Memory of ${files.typed.name} per byte of its text (${length} bytes)`, engines, held, significant(3), goals));
  const compared = engines.filter(({ key }) => grown.includes(key));
  const branched = met.map(([n, figures]) => [`${n}`, figures]);
  const columns = [...compared, { key: 'ot', label: 'pairwise transformation' }];
  console.log(table('Two branches of n edits meet, ms', columns, branched, significant(3)));
  const growth = met.map(([n, figures]) => [
    `${n}`,
    Object.fromEntries(Object.entries(figures).map(([key, ms]) => [key, (ms * 1e6) / (2 * n * Math.log2(2 * n))])),
  ]);
  console.log(table('The same, ns per 2n · log₂ 2n', compared, growth, significant(3)));
}
