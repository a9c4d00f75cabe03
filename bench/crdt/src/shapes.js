/*
 * The shapes of crdt-benchmarks (github.com/dmonad/crdt-benchmarks) B1 to B3
 * that fit a map, a set and a counter. A shape is a kind, and what to do with a
 * library's replicas: it returns the replicas, which must agree, and the sizes
 * of the updates that were sent.
 */

const n = 6000;
const clients = 1550;

/** Numbers from 0 up to 1, the same in each round (Park and Miller, 1988). */
function randomNumbers() {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const bytes = (update) => (update ? Buffer.byteLength(update) : 0);

/** One user edits, and another applies each update as it is made. */
function one(kind, edit) {
  return {
    kind,
    updates: n,
    run(Library) {
      const [a, b] = [new Library(kind), new Library(kind)];
      const random = randomNumbers();
      let sent = 0;
      for (let i = 0; i < n; i++) {
        const update = edit(a, i, random);
        sent += bytes(update);
        b.apply(update);
      }
      return { replicas: [a, b], sent };
    },
  };
}

/** Two users edit at the same time behind a state that they share, then send each other what they made. */
function two(kind, edit) {
  return {
    kind,
    updates: 2,
    run(Library) {
      const [a, b] = [new Library(kind), new Library(kind)];
      b.apply(edit(a, 0, () => 0, 'a'));
      const random = randomNumbers();
      const seen = [a.seen(), b.seen()];
      for (let i = 0; i < n; i++) {
        edit(a, i, random, 'a');
        edit(b, i, random, 'b');
      }
      const updates = [b.since(seen[0]), a.since(seen[1])];
      a.apply(updates[0]);
      b.apply(updates[1]);
      return { replicas: [a, b], sent: bytes(updates[0]) + bytes(updates[1]) };
    },
  };
}

/** Many clients edit once each; one replica takes all updates. The clients are made before. */
function many(kind, edit) {
  return {
    kind,
    updates: clients,
    prepare: (Library) => Array.from({ length: clients }, () => new Library(kind)),
    run(Library, all) {
      const taker = new Library(kind);
      let sent = 0;
      all.forEach((client, i) => {
        const update = edit(client, i);
        sent += bytes(update);
        taker.apply(update);
      });
      const second = new Library(kind);
      second.apply(taker.state());
      return { replicas: [taker, second], sent };
    },
  };
}

const key = (random) => `key ${Math.floor(random() * 1000)}`;

export const shapes = {
  'B1: 6,000 keys of a map, one after the other': one('map', (r, i) => r.set(`key ${i}`, i)),
  'B1: 6,000 random keys of 1,000 of a map': one('map', (r, i, random) => r.set(key(random), i)),
  'B1: a text of 20 characters at 6,000 random keys of 1,000': one('map', (r, i, random) =>
    r.set(key(random), `text ${i}`.padEnd(20, '.')),
  ),
  'B1: 6,000 elements into a set': one('set', (r, i) => r.add(`element ${i}`)),
  'B1: 6,000 random adds and removes of 1,000 elements': one('set', (r, i, random) =>
    random() < 0.6 ? r.add(key(random)) : r.remove(key(random)),
  ),
  'B1: 6,000 increments': one('counter', (r) => r.increment()),
  'B2: two users, 6,000 random keys of 1,000 each': two('map', (r, i, random) => r.set(key(random), i)),
  'B2: two users, 6,000 elements each': two('set', (r, i, _, user) => r.add(`${user} ${i}`)),
  'B2: two users, 6,000 increments each': two('counter', (r) => r.increment()),
  'B3: 1,550 clients set a key each': many('map', (r, i) => r.set(`key ${i}`, i)),
  'B3: 1,550 clients set one key': many('map', (r, i) => r.set('key', i)),
  'B3: 1,550 clients add an element each': many('set', (r, i) => r.add(`element ${i}`)),
  'B3: 1,550 clients increment': many('counter', (r) => r.increment()),
};
