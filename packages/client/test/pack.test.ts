import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const tool = (name: string): string => join(root, 'node_modules', '.bin', name);
let project: string;

const source = {
  'index.html': '<script type="module" src="/src/page.ts"></script>',
  'vite.config.js': 'export default { build: { modulePreload: { polyfill: false }, target: "es2022" } };',
  'src/page.ts': `
    import { connect, TuttiError, type Entry } from '@tutti/client';
    declare const server: string;
    declare function done(offset: number | undefined, seen: Entry<Line>): void;
    interface Line { text: string }
    const client = connect(server);
    const room = client.topic<Line>('chat:lobby');
    const seen = new Promise<Entry<Line>>((resolve) => room.subscribe((_, entry) => resolve(entry)));
    try {
      const sent = room.publish({ text: 'hello' }, { name: 'say' });
      const { offset } = await sent;
      done(offset, await seen);
      // @ts-expect-error: the data has the topic's type
      const bad: Line = (await room.history()).entries[0]?.data.length;
    } catch (error) {
      if (error instanceof TuttiError && error.code === 'closed') client.close();
      // @ts-expect-error: no such code
      if (error instanceof TuttiError && error.code === 'no_such_code') throw error;
    }
  `,
  'src/node.ts': `
    import { connect, type Publication } from '@tutti/client';
    import WebSocket from 'ws';
    const client = connect('http://localhost', { WebSocket, token: async () => 'jwt' });
    const sent: Publication = client.topic('t').publish(1, { timeout: 1000 });
    if (sent.status === 'queued') client.close();
  `,
  'src/documents.ts': `
    import { connect, type Mutation, type RecordsHandle, type Schema } from '@tutti/client';
    interface Todo { text: string; done?: boolean }
    declare const schema: Schema<Todo>;
    const client = connect('http://localhost');
    const todos: RecordsHandle<Todo> = client.records('records:todos', { schema });
    const patched: Mutation<Todo | undefined> = todos.patch('a', { text: 'x', done: undefined }, { ifUnseen: 'reject' });
    if (patched.status === 'rejected' && patched.error?.code === 'overwrites_unseen') patched.cancel();
    const key: string = todos.insert({ text: 'y' }, { if: [{ field: 'done', is: 'absent' }] }).key;
    const texts: string[] = todos.query({ where: (todo) => !todo.done }).value.map(([, todo]) => todo.text + key);
    const all: string[] = [...client.set<string>('set:tags').values(), ...texts];
    const n: number = client.counter('counter:n').add().local + all.length;
    // @ts-expect-error: not of the record's type
    todos.set('a', { text: 5 });
    // @ts-expect-error: no such field
    todos.patch('a', { txt: 'x' });
    // @ts-expect-error: not of the set's type
    client.set<string>('set:tags').add(5);
  `,
  'src/topics.ts': `
    import { connect as connectWhole, type Topic } from '@tutti/client';
    import { connect, TuttiError, type Client } from '@tutti/client/topics';
    const client: Client = connect('http://localhost', { token: 'jwt' });
    const room: Topic<string> = client.topic<string>('chat:lobby');
    room.publish('x').catch((error) => error instanceof TuttiError && client.outbox.dead.length);
    const part: Client = connectWhole();
    part.close();
    // @ts-expect-error: it has no documents
    client.records('records:todos');
  `,
  'src/presence.ts': `
    import { connect, type Client, type Presence, type Signal, type User } from '@tutti/client/topics';
    interface Typing { typing: boolean; mood?: string }
    const client: Client = connect('http://localhost', { token: 'jwt' });
    const here: Presence<Typing> = client.topic<string, Typing>('chat:lobby').presence;
    const board = client.presence<Typing>('records:board');
    const entered: Promise<void> = here.enter({ typing: false });
    here.update({ mood: 'calm' });
    const stop = here.subscribe((users: readonly User<Typing>[]) => users[0]?.state?.typing && stop());
    here.onChange(({ joins, updates }) => console.log(joins.length, updates[0]?.sessions[0]?.since));
    here.onSignal('wave', ({ own, data }: Signal) => own || console.log(data, here.me?.state?.mood));
    entered.then(() => board.leave());
    // @ts-expect-error: not of the state's type
    here.enter({ typing: 'yes' });
    // @ts-expect-error: no such member
    here.update({ typng: true });
  `,
  'src/texts.ts': `
    import { connect, type Anchor, type Mutation, type TextChange, type TextHandle } from '@tutti/client';
    import { text } from '@tutti/client/text';
    const shared: TextHandle = connect({ types: [text] }).text('text:note', { timeout: 1000 });
    const made: Mutation<void> = shared.insert(0, 'x', { join: true });
    const anchor: Anchor = shared.anchor(1, 'right');
    shared.onChange(({ op, own, author }: TextChange) => own || console.log(op[0]?.[2], author?.sub, anchor.position));
    if (made.cancel()) shared.undo()?.server.then(({ offset }) => offset);
    // @ts-expect-error: a splice is [at, delete, insert]
    shared.edit([[0, 'x']]);
  `,
  'run.mjs': `
    import { pathToFileURL } from 'node:url';
    import WebSocket from 'ws';
    const [, , bundle, server] = process.argv;
    const done = (offset, seen) => {
      console.log(JSON.stringify({ offset, name: seen.name, text: seen.data.text }));
      process.exit(0);
    };
    Object.assign(globalThis, { WebSocket, server, done });
    await import(pathToFileURL(bundle));
  `,
};

function tsconfig(resolution: 'bundler' | 'nodenext'): string {
  return JSON.stringify({
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2023', 'dom'],
      module: resolution === 'bundler' ? 'esnext' : 'nodenext',
      moduleResolution: resolution,
      types: ['node'],
    },
    include: ['src'],
  });
}

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'tutti-pack-'));
  const client = join(root, 'packages', 'client');
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', project], { cwd: client });
  const tarball = stdout.trim().split('\n').at(-1);
  await mkdir(join(project, 'src'));
  for (const [name, text] of Object.entries(source)) await writeFile(join(project, name), text);
  await writeFile(join(project, 'bundler.json'), tsconfig('bundler'));
  await writeFile(join(project, 'nodenext.json'), tsconfig('nodenext'));
  const dependencies = { '@tutti/client': `file:${tarball}` };
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  );
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund'], { cwd: project });
  await mkdir(join(project, 'node_modules', '@types'));
  for (const name of ['ws', '@types/ws', '@types/node'])
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
}, 120_000);

afterAll(async () => rm(project, { recursive: true, force: true }));

test.each(['bundler', 'nodenext'])(
  'the packed package type-checks under %s',
  async (resolution) => {
    await run(tool('tsc'), ['-p', `${resolution}.json`], { cwd: project });
  },
  60_000,
);

test('a page built with it runs, and the fallback is a file of its own', async () => {
  await run(tool('vite'), ['build', '--logLevel', 'error'], { cwd: project });
  const assets = join(project, 'dist', 'assets');
  const bundles = (await readdir(assets)).filter((f) => f.endsWith('.js')).sort();
  const index = bundles.filter((name) => name.startsWith('index-'));
  expect(bundles).toEqual(
    expect.arrayContaining([expect.stringMatching(/^fallback-/), expect.stringMatching(/^keep-/)]),
  );
  expect(index.length).toBe(1);
  const bundle = index[0];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/base/v1/ws' });
  try {
    server.on('connection', serve);
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
    const { stdout } = await run('node', ['run.mjs', join(assets, bundle as string), url], {
      cwd: project,
      timeout: 20_000,
    });
    expect(JSON.parse(stdout)).toEqual({ offset: 1, name: 'say', text: 'hello' });
  } finally {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
}, 60_000);

/** Speaks the protocol with one client that publishes once. */
function serve(socket: import('ws').WebSocket): void {
  const say = (message: object): void => socket.send(JSON.stringify(message));
  const term = 'AAAAAAAAAAA';
  expect(socket.protocol).toBe('tutti.v1');
  socket.on('message', (frame) => {
    for (const m of [JSON.parse(String(frame))].flat()) {
      const { topic, seq, name, data } = m;
      if (m.type === 'hello') {
        say({ type: 'welcome', session: 's', clients: ['c'], ping: 25000, grace: 10000 });
        for (const t of m.topics) say({ type: 'subscribed', topic: t.topic, offset: 0, recovered: true });
      } else if (m.type === 'publish') {
        say({ type: 'entry', topic, offset: 1, term, client: 'c', seq, name, time: 0, data });
        say({ type: 'ack', topic, client: 'c', seq, offset: 1, term });
      }
    }
  });
}
