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
