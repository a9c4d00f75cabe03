import { Samples } from '../figures.js';
import { Rhythm } from '../rhythm.js';
import { Room } from '../room.js';
import { Stale } from '../systems/tutti-stale.js';
import { beginning, connect } from './common.js';
import { measure } from './writers.js';

/** Some write as ever: first alone, then beside one who never looks at the log, then beside two of them. */
export async function hostile({ User, server, options, each, rate, length, hostileRate }) {
  const measured = { delivery: new Samples(), acknowledgement: new Samples() };
  const room = new Room('hostile', measured);
  const users = await connect(User, server, each);
  await users[0].create(room.name, beginning(length));
  for (const user of users) await room.join(user);
  const rhythm = new Rhythm(rate);
  for (const member of room.members) rhythm.add(() => room.write(member));
  rhythm.start();
  const figures = {};
  const bad = [];
  for (const beside of ['none', 'one', 'two']) {
    if (beside !== 'none') bad.push(await Stale.join(await User.connect(server.address), room.name));
    const attacks = new Rhythm(hostileRate);
    for (const stale of bad) attacks.add(() => stale.write());
    attacks.start();
    const taken = bad.reduce((sum, { taken }) => sum + taken, 0);
    const begin = performance.now();
    figures[beside] = await measure(server, rhythm, measured, options);
    const seconds = (performance.now() - begin) / 1000;
    figures[beside].taken = (bad.reduce((sum, { taken }) => sum + taken, 0) - taken) / seconds;
    attacks.stop();
  }
  rhythm.stop();
  await room.agreed();
  return figures;
}
