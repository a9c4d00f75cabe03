import { scenarios } from './scenarios/index.js';
import { Server } from './server.js';

/*
 * One run of one scenario with one system, in a process of its own:
 *
 *     node src/run.js '{"system": …, "scenario": …, "options": {…}}'
 *
 * It prints the figures as JSON.
 */

const { system, scenario, options } = JSON.parse(process.argv[2]);
const { User } = await import(`./systems/${system}.js`);
const server = await Server.start(system);
try {
  const { run, ...shape } = scenarios[scenario];
  console.log(JSON.stringify(await run({ User, system, server, options, ...shape })));
} finally {
  await server.stop();
}
process.exit();
