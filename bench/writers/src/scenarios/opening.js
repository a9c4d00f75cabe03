import { median } from '../figures.js';
import { beginning, make } from './common.js';

/** How often the text is opened before it counts, and then. */
const [warm, counted] = [2, 7];

/** How many letters a small edit inserts or deletes, and a large one inserts. */
const [small, large] = [10, 62_000];

/** The edits behind the large ones. */
const last = 1000;

/** Someone opens a text that was edited often: small edits, the large ones, and small ones again. */
export async function opening({ User, server, entries, parts }) {
  const author = await User.connect(server.address);
  await author.create('opening', beginning(small));
  const written = await author.open('opening', () => {}, { separately: true });
  const word = beginning(small);
  const part = beginning(large);
  let at = 0;
  // Ten words one behind the other, then as many letters go elsewhere, and so on.
  const edit = (i) => {
    const { length } = written;
    if (i % 10 === 0) at = Math.floor(Math.random() * length);
    else if (i % 20 < 10) at = Math.min(at + small, length);
    return i % 20 < 10 ? [at, 0, word] : [Math.max(0, Math.min(at, length - small)), small, ''];
  };
  await make(written, entries - parts - last - 1, 32, edit);
  await make(written, parts, 1, () => [written.length, 0, part]);
  await make(written, last, 32, edit);
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
