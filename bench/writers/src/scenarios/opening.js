import { median } from '../figures.js';
import { beginning, make } from './common.js';

/** How often the text is opened before it counts, and then. */
const [warm, counted] = [2, 7];

/** Someone opens a long text that was written in many edits. */
export async function opening({ User, server, entries, each }) {
  const author = await User.connect(server.address);
  await author.create('opening', beginning(each));
  const written = await author.open('opening', () => {}, { separately: true });
  const line = beginning(each);
  let at = 0;
  await make(written, entries - 1, 32, (i) => {
    at = i % 10 === 0 ? Math.floor(Math.random() * Math.min(2000, written.length)) : at + each;
    return [at, 0, line];
  });
  const opened = [];
  for (let i = 0; i < warm + counted; i++) {
    const reader = await User.connect(server.address);
    const bytes = reader.bytesRead;
    const begin = performance.now();
    const text = await reader.open('opening', () => {});
    const read = text.text();
    opened.push({ ms: performance.now() - begin, bytes: reader.bytesRead - bytes });
    if (read !== written.text()) throw new Error('opening: the texts differ');
    reader.close();
  }
  const after = opened.slice(warm);
  return { ms: median(after.map(({ ms }) => ms)), bytes: median(after.map(({ bytes }) => bytes)) };
}
