import { median } from '../figures.js';
import { beginning, connect, make, pause } from './common.js';

/** How many documents one connection has open. */
const share = 125;

/** How many edits a text was written in. */
const edits = 20;

/** Seconds after which the texts count as just written, and then until they are at rest: together below those after which a client of Hocuspocus connects anew. */
const [moment, rest] = [3, 22];

/** How many texts are written to when they were at rest. */
const sample = 100;

/** A server holds many texts that someone has open. */
export async function memory({ User, server, documents, length }) {
  const users = await connect(User, server, documents / share);
  const before = await server.memory();
  const held = async () => (await server.memory()) - before;
  const part = beginning(length / edits);
  const texts = [];
  for (let i = 0; i < documents; i++) {
    const user = users[i % users.length];
    await user.create(`memory-${i}`, part);
    const text = await user.open(`memory-${i}`, () => {});
    await make(text, edits - 1, 1, () => [Math.floor(Math.random() * text.length), 0, part]);
    if (text.length !== length) throw new Error('memory: a text has not its length');
    texts.push(text);
  }
  await pause(moment);
  const written = await held();
  await pause(rest);
  const resting = await held();
  const edited = { first: [], second: [] };
  for (const text of texts.slice(0, sample)) {
    for (const times of [edited.first, edited.second]) {
      const begin = performance.now();
      await make(text, 1, 1, () => [0, 0, 'x']);
      times.push(performance.now() - begin);
    }
  }
  return {
    written: written / 1e6,
    writtenRatio: written / (documents * length),
    resting: resting / 1e6,
    restingRatio: resting / (documents * length),
    first: median(edited.first),
    second: median(edited.second),
  };
}
