import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './figures.js';
import { report } from './report.js';
import { scenarios } from './scenarios/index.js';

/*
 * Measures the systems and prints Markdown:
 *
 *     node src/main.js [--runs 3] [--warm 4] [--seconds 10] [--only 20-writers,branch]
 *
 * `warm` and `seconds` are how long writers write before it counts, and then. The
 * server of tutti must have been built (`make bench-writers` does).
 */

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const systems = ['tutti', 'sharedb', 'hocuspocus'];

function options() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      warm: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '10' },
      only: { type: 'string', default: Object.keys(scenarios).join(',') },
    },
  });
  const [runs, warm, seconds] = [Number(values.runs), Number(values.warm), Number(values.seconds)];
  if (!(Number.isInteger(runs) && runs >= 1)) throw new Error('--runs is how many runs count, at least 1');
  if (!(warm >= 0)) throw new Error('--warm is a number of seconds');
  if (!(seconds > 0 && seconds <= 20)) throw new Error('--seconds is a number of seconds up to 20');
  const only = values.only.split(',');
  for (const name of only) {
    if (!Object.hasOwn(scenarios, name)) throw new Error(`--only: there is no ${name}`);
  }
  return { runs, warm, seconds, only };
}

function run(job) {
  const { stdout, status } = spawnSync(process.execPath, [path('run.js'), JSON.stringify(job)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 600_000,
  });
  if (status !== 0) throw new Error(`${job.system}, ${job.scenario}: the run failed`);
  return JSON.parse(stdout);
}

/** Of figures of the same shape, the median of each. */
function medians(figures) {
  const [first] = figures;
  if (typeof first === 'number') return median(figures);
  return Object.fromEntries(Object.keys(first).map((key) => [key, medians(figures.map((all) => all[key]))]));
}

/** The systems take turns, and each is first in turn. */
function measure(scenario, { runs, ...options }) {
  const { only, once } = scenarios[scenario];
  const able = systems.filter((system) => only === undefined || only === system);
  const figures = Object.fromEntries(able.map((system) => [system, []]));
  for (let i = 0; i < (once ? 1 : runs); i++) {
    for (let j = 0; j < able.length; j++) {
      const system = able[(i + j) % able.length];
      figures[system].push(run({ system, scenario, options }));
    }
  }
  return Object.fromEntries(able.map((system) => [system, medians(figures[system])]));
}

function head({ runs, seconds }) {
  const { dependencies } = JSON.parse(readFileSync(path('../package.json'), 'utf8'));
  const peers = `sharedb ${dependencies.sharedb} and @hocuspocus/server ${dependencies['@hocuspocus/server']}`;
  const machine = `Node ${process.version}, ${cpus()[0].model}, ${cpus().length} cores`;
  return `tutti beside ${peers}; ${machine}; medians of ${runs} runs of ${seconds} s`;
}

try {
  const { only, ...chosen } = options();
  console.log(head(chosen));
  for (const scenario of only) console.log(report(scenario, measure(scenario, chosen)));
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
