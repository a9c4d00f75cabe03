/** Latin letters, of which no mark is one. */
const letters = 'etaoin shrdlu cmfwyp vbgkqj xz';

/** A text of so many letters. */
export function beginning(length) {
  let text = '';
  for (let i = 0; i < length; i++) text += letters[(i * 7 + (i >> 5)) % letters.length];
  return text;
}

/** Several users connect, each over a connection of its own. */
export function connect(User, server, count) {
  return Promise.all(Array.from({ length: count }, () => User.connect(server.address)));
}

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** An edit of one letter at a random place, two insertions to one deletion. */
export function scattered(text, turn) {
  const at = Math.floor(Math.random() * text.length);
  return turn % 3 === 2 ? [at, 1, ''] : [at, 0, letters[turn % letters.length]];
}

/** Makes edits, `ahead` at most that are not acknowledged, until all are. `draw(n)` draws the nth. */
export function make(text, count, ahead, draw) {
  return new Promise((resolve) => {
    let made = 0;
    let settled = 0;
    const more = () => {
      while (made < count && made - settled < ahead) {
        made++;
        text.edit(...draw(made - 1), () => {
          settled++;
          if (settled === count) resolve();
          else setImmediate(more);
        });
      }
    };
    more();
  });
}
