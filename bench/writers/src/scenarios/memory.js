import { beginning, connect, make, pause } from './common.js';

/** How many documents one connection has open. */
const share = 125;

/** How many edits a text was written in. */
const edits = 20;

/** A server holds many texts that someone has open. */
export async function memory({ User, server, documents, length }) {
  const users = await connect(User, server, documents / share);
  const before = await server.memory();
  const part = beginning(length / edits);
  for (let i = 0; i < documents; i++) {
    const user = users[i % users.length];
    await user.create(`memory-${i}`, part);
    const text = await user.open(`memory-${i}`, () => {});
    await make(text, edits - 1, 1, () => [Math.floor(Math.random() * text.length), 0, part]);
    if (text.length !== length) throw new Error('memory: a text has not its length');
  }
  await pause(3);
  const held = (await server.memory()) - before;
  return { megabytes: held / 1e6, ratio: held / (documents * length) };
}
