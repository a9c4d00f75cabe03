import { scattered } from './scenarios/common.js';

// The process of one who is away: see away.js.

const { system, address, name, edits, end } = JSON.parse(process.argv[2]);
const { User } = await import(`./systems/${system}.js`);
const user = await User.connect(address);
const text = await user.open(name, () => {});
await user.cut();
for (let i = 0; i < edits - 1; i++) text.edit(...scattered(text, i));
const acknowledged = new Promise((resolve) => text.edit(0, 0, end, resolve));

process.on('message', async (what) => {
  if (what === 'text') {
    process.send(text.text());
    return;
  }
  const begin = performance.now();
  await user.resume();
  await acknowledged;
  process.send(performance.now() - begin);
});
process.send('away');
