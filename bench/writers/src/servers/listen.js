import { createInterface } from 'node:readline';

/*
 * What every server here does: it listens on a free port of this machine and
 * says it on a line; each line that it is told is answered by a line when a
 * collection of garbage is done; it ends with its input.
 */
export function listen(http) {
  http.listen(0, '127.0.0.1', () => console.log(http.address().port));
  const lines = createInterface({ input: process.stdin });
  lines.on('line', () => {
    global.gc();
    console.log('collected');
  });
  lines.on('close', () => process.exit());
}
