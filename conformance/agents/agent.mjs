// The TypeScript client as an agent; see README.md.
import { createInterface } from 'node:readline';

// The wall's clock, which jump moves.
let jumped = 0;
const wall = Date.now;
Date.now = () => wall() + jumped;

const { WebSocket } = await import('ws');
const { connect } = await import('@tutti/client');
const { text } = await import('@tutti/client/text');
const { documentCommands } = await import('./documents.mjs');
const { fileStorage } = await import('./storage.mjs');

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

let client;
let storage;
let tokenWanted;
const crowd = [];

const open = (url, { roads, tokens, constant, storage, user } = {}) =>
  connect(url, {
    WebSocket,
    types: [text],
    ...(roads && { roads }),
    ...(storage && { storage }),
    ...(user && { user }),
    ...(constant && { token: constant }),
    ...(tokens && {
      token: () =>
        new Promise((resolve) => {
          tokenWanted = resolve;
          say({ event: 'token' });
        }),
    }),
  });

/** Says what waits, and what has become of it. */
const sayOutbox = () => {
  const { entries, dead, durable } = client.outbox;
  const letters = dead.map(({ id, topic, error }) => ({ id, topic, error: error.code }));
  say({ event: 'outbox', pending: entries.length, durable, dead: letters });
};

const commands = {
  async connect({ url, place, ...options }) {
    storage = place && (await fileStorage(place));
    client = open(url, { ...options, storage });
    if (place) client.outbox.onChange(sayOutbox);
    client.onStatus((status) => say({ event: 'status', state: status.state, road: status.road ?? 'ws' }));
  },
  token({ token }) {
    tokenWanted?.(token);
  },
  subscribe({ topic, from, else: otherwise }) {
    client.topic(topic).subscribe(
      (data, { offset, skipped, key }) => say({ event: 'entry', topic, offset, skipped, key, data }),
      {
        ...(from && { from }),
        ...(otherwise && { else: otherwise }),
        onStart: ({ offset, recovered }) => say({ event: 'started', topic, offset, recovered }),
        onError: (error) => say({ event: 'failed', topic, error: error.code }),
      },
    );
  },
  async publish({ topic, by, n, pad, key }) {
    try {
      const { offset } = await client.topic(topic).publish({ by, n, ...(pad && { pad }) }, { key });
      say({ event: 'settled', n, offset });
    } catch (error) {
      say({ event: 'settled', n, error: error.code ?? String(error) });
    }
  },
  watch({ topic }) {
    const { presence } = client.topic(topic);
    presence.onJoin(({ id }) => say({ event: 'came', topic, user: id }));
    presence.onLeave(({ id }) => say({ event: 'left', topic, user: id }));
    presence.onError((error) => say({ event: 'failed', topic, error: error.code }));
    presence.subscribe((users) => say({ event: 'there', topic, users: users.map(({ id }) => id) }));
  },
  async enter({ topic, data }) {
    try {
      await client.topic(topic).presence.enter(data);
      say({ event: 'entered', topic });
    } catch (error) {
      say({ event: 'failed', topic, error: error.code ?? String(error) });
    }
  },
  leave({ topic }) {
    void client.topic(topic).presence.leave();
  },
  retry({ id, data }) {
    client.outbox.retry(id, data);
  },
  wake() {
    client.wake();
  },
  jump({ ms }) {
    jumped += ms;
  },
  crowd({ url, clients, topic }) {
    for (let i = 0; i < clients; i++) {
      const member = { client: open(url), read: 0, faults: 0 };
      crowd.push(member);
      member.client.topic(topic).subscribe(
        (_, { offset }) => {
          if (offset !== member.read + 1) member.faults++;
          member.read = offset;
        },
        { from: 'earliest' },
      );
    }
  },
  count({ offset }) {
    const sum = (of) => crowd.reduce((n, member) => n + of(member), 0);
    say({
      event: 'count',
      live: sum(({ client }) => Number(client.online)),
      complete: sum(({ read }) => Number(read >= offset)),
      faults: sum(({ faults }) => faults),
    });
  },
  ...documentCommands(() => client, await import('@tutti/crdt'), say),
};

const lines = createInterface({ input: process.stdin });
let done = Promise.resolve();
lines.on('line', (line) => {
  const { do: name, ...command } = JSON.parse(line);
  // Those that take their time end as they say; connect alone is waited for.
  if (name === 'connect') done = commands.connect(command);
  else void done.then(() => commands[name](command));
});
lines.on('close', async () => {
  await done;
  client?.close();
  storage?.close();
  for (const member of crowd) member.client.close();
  // A platform's socket that outlives its client is told, and not waited for.
  setTimeout(() => {
    console.error('still open:', process.getActiveResourcesInfo().join(' '));
    process.exit();
  }, 40_000).unref();
});
