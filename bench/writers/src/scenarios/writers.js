import { Samples } from '../figures.js';
import { Rhythm } from '../rhythm.js';
import { Room } from '../room.js';
import { beginning, connect } from './common.js';

/** Many write, and all read what the others of their document write. */
export async function writers({ User, server, options, documents, each, rate, length }) {
  const measured = { delivery: new Samples(), acknowledgement: new Samples() };
  const rooms = [];
  for (let i = 0; i < documents; i++) {
    const room = new Room(`writers-${i}`, measured);
    rooms.push(room);
    const users = await connect(User, server, each);
    await users[0].create(room.name, beginning(length));
    for (const user of users) await room.join(user);
  }
  const rhythm = new Rhythm(rate);
  for (const room of rooms) for (const member of room.members) rhythm.add(() => room.write(member));
  rhythm.start(options.warm / 2);
  const figures = await measure(server, rhythm, measured, options);
  rhythm.stop();
  for (const room of rooms) await room.agreed();
  return figures;
}

/** Measures those who write already, once they have written for a while. */
export async function measure(server, rhythm, measured, { warm, seconds }) {
  await rhythm.pass(warm);
  for (const samples of Object.values(measured)) samples.begin();
  const cpu = server.cpu();
  const own = process.cpuUsage();
  const begin = performance.now();
  await rhythm.pass(seconds);
  const used = server.cpu() - cpu;
  const { user, system } = process.cpuUsage(own);
  const passed = (performance.now() - begin) / 1000;
  const { delivery, acknowledgement } = measured;
  return {
    deliveries: delivery.count / passed,
    cpu: (used / delivery.count) * 1e6,
    deliveryMedian: delivery.quantile(0.5),
    delivery99: delivery.quantile(0.99),
    acknowledgementMedian: acknowledgement.quantile(0.5),
    acknowledgement99: acknowledgement.quantile(0.99),
    clients: (user + system) / 1e6 / passed,
  };
}
