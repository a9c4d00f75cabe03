import { Away } from '../away.js';
import { Samples } from '../figures.js';
import { Rhythm } from '../rhythm.js';
import { Room } from '../room.js';
import { beginning, connect, make, pause, scattered } from './common.js';

/** What the branch ends with. No writer's mark is the same. */
const end = '\ue000';

/** One comes back who has edited while others did, and some go on writing meanwhile. */
export async function branch({ User, system, server, options, edits, writers, rate, length }) {
  const measured = { delivery: new Samples(), acknowledgement: new Samples() };
  const room = new Room('branch', measured);
  const [busy, ...users] = await connect(User, server, 1 + writers);
  await busy.create(room.name, beginning(length));
  const theirs = await busy.open(room.name, () => {}, { separately: true });
  for (const user of users) await room.join(user);
  const away = await Away.leave(system, server, room.name, edits, end);
  await make(theirs, edits, 16, (i) => scattered(theirs, i));

  const rhythm = new Rhythm(rate);
  for (const member of room.members) rhythm.add(() => room.write(member));
  rhythm.start();
  await rhythm.pass(options.warm);
  measured.delivery.begin();
  await rhythm.pass(options.seconds / 2);
  const before = measured.delivery.quantile(0.99);

  measured.delivery.begin();
  const cpu = server.cpu();
  const begin = performance.now();
  const arrived = room.arrival(end).then(() => performance.now() - begin);
  const acknowledged = await away.merge();
  const figures = { server: acknowledged, others: await arrived, used: (server.cpu() - cpu) * 1000, before };
  await rhythm.pass(1);
  rhythm.stop();
  const text = await room.agreed();
  for (let i = 0; (await away.text()) !== text || theirs.text() !== text; i++) {
    if (i === 100) throw new Error('branch: the texts differ');
    await pause(0.05);
  }
  away.close();
  return { ...figures, meanwhile: measured.delivery.quantile(0.99) };
}
