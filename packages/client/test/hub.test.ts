import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../src/codes.ts';
import { bodyOf, TuttiError } from '../src/error.ts';
import type { ClientMessage, ServerMessage } from '../src/protocol.ts';
import { claimsOf } from '../src/share/claims.ts';
import { Hub, type Place } from '../src/share/hub.ts';
import type { TransportEvents } from '../src/transport.ts';
import { World } from './world.ts';

type Asked = Extract<ClientMessage, { id: number }>;

const failed = (code: ErrorCode): { error: ReturnType<typeof bodyOf> } => ({
  error: bodyOf(new TuttiError(code)),
});

const rights = '{"grants":[]}';

/** A token of Ann's. */
function token(id: string, more: object = { grants: [] }): string {
  return `.${btoa(JSON.stringify({ sub: 'ann', jti: id, ...more }))}.`;
}

/** A hub of Ann's whose server is the test: it sees what is said, and answers. */
class Scene {
  readonly said: ClientMessage[] = [];
  readonly world = new World(1);
  connections = 0;
  readonly hub = new Hub({
    user: 'ann',
    open: (events) => {
      this.connections++;
      this.#events = events;
      this.world.after(0, () => events.opened());
      return { send: (messages) => this.said.push(...messages), shut: () => {} };
    },
    timers: this.world.timers,
    now: () => this.world.now,
    random: this.world.random,
  });
  #events!: TransportEvents;

  tell(message: ServerMessage): void {
    this.#events.heard(message);
  }

  /** Lets the first one in. */
  async welcome(sub = 'ann'): Promise<void> {
    await this.world.pass(1);
    const [proof] = (this.said.at(-1) as ClientMessage & { type: 'hello' }).clients ?? [];
    this.tell({ type: 'welcome', sub, clients: [`id of ${proof?.secret}`], ping: 20_000, grace: 10_000 });
  }

  /** The latest command, which is of that type. */
  asked<T extends Asked['type']>(type: T): Asked & { type: T } {
    const last = this.said.at(-1);
    expect(last?.type).toBe(type);
    return last as Asked & { type: T };
  }

  /** Takes the clients that are to be proved. */
  prove(): void {
    const { id, clients } = this.asked('prove');
    this.tell({ type: 'proved', id, clients: clients.map(({ secret }) => `id of ${secret}`) });
  }
}

/** A tab that says hello at once. */
class Tab {
  readonly heard: ServerMessage[] = [];
  isAlone = false;
  readonly #place: Place;

  constructor({ hub }: Scene, secret: string, its = token('a')) {
    this.#place = hub.join({
      say: (message) => void this.heard.push(message),
      lost: () => {},
      alone: () => {
        this.isAlone = true;
      },
    });
    this.say({ type: 'hello', token: its, clients: [{ secret, run: 1 }] });
  }

  get last(): ServerMessage | undefined {
    return this.heard.at(-1);
  }

  /** Of its client, once it was let in. */
  get id(): string | undefined {
    const welcome = this.heard.find((m) => m.type === 'welcome');
    return welcome?.clients?.[0];
  }

  say(...messages: ClientMessage[]): void {
    this.#place.hear(messages);
  }
}

describe('a hub lets tabs in', () => {
  test('TABS-2 one after the other, each as its own client', async () => {
    const scene = new Scene();
    const tabs = ['a', 'b', 'c'].map((secret) => new Tab(scene, secret));
    expect(tabs.map(({ id }) => id)).toEqual([undefined, undefined, undefined]);
    await scene.welcome();
    expect(scene.asked('prove').clients.map(({ secret }) => secret)).toEqual(['a', 'b']);
    expect(tabs.map(({ id }) => id)).toEqual(['id of a', undefined, undefined]);
    scene.prove();
    expect(scene.asked('prove').clients.map(({ secret }) => secret)).toEqual(['a', 'b', 'c']);
    scene.prove();
    expect(tabs.map(({ id }) => id)).toEqual(['id of a', 'id of b', 'id of c']);
    expect(scene.connections).toBe(1);
  });

  test('TABS-2 with the token of the one that comes in, before it is proved', async () => {
    const scene = new Scene();
    const first = new Tab(scene, 'a', token('a'));
    await scene.welcome();
    const second = new Tab(scene, 'b', token('b'));
    const asked = scene.asked('auth');
    expect(asked.token).toBe(token('b'));
    scene.tell({ type: 'authenticated', id: asked.id });
    scene.prove();
    new Tab(scene, 'c', token('b'));
    expect(scene.said.at(-1)?.type).toBe('prove');
    expect([first.id, second.id]).toEqual(['id of a', 'id of b']);
  });

  test('TABS-2 with the token that a tab renews', async () => {
    const scene = new Scene();
    const first = new Tab(scene, 'a', token('old'));
    await scene.welcome();
    first.say({ type: 'auth', id: 7, token: token('new') });
    scene.tell({ type: 'authenticated', id: scene.asked('auth').id });
    expect(first.last).toEqual({ type: 'authenticated', id: 7 });
    new Tab(scene, 'b', token('new'));
    expect(scene.said.at(-1)?.type).toBe('prove');
  });

  test.each([
    ['a token that the server does not take', 'auth', 'unauthenticated'],
    ['one client more than the connection may have', 'prove', 'limit_exceeded'],
  ] as const)('TABS-2 but not one with %s, which connects by itself', async (_, command, code) => {
    const scene = new Scene();
    const first = new Tab(scene, 'a');
    await scene.welcome();
    const second = new Tab(scene, 'b', token(command === 'auth' ? 'b' : 'a'));
    const third = new Tab(scene, 'c');
    scene.tell({ type: 'error', id: scene.asked(command).id, ...failed(code) });
    expect([first.isAlone, second.isAlone]).toEqual([false, true]);
    expect(scene.asked('prove').clients.map(({ secret }) => secret)).toEqual(['a', 'c']);
    scene.prove();
    expect(third.id).toBe('id of c');
  });

  test('TABS-2 and tells it of what passes, as a server does', async () => {
    const scene = new Scene();
    new Tab(scene, 'a');
    await scene.welcome();
    const second = new Tab(scene, 'b', token('b'));
    scene.tell({ type: 'error', id: scene.asked('auth').id, ...failed('rate_limited') });
    expect(second.isAlone).toBe(false);
    expect(second.last).toMatchObject({ type: 'close', error: { code: 'rate_limited' } });
  });

  test('TABS-2 and one that reads a topic more than the connection may goes to one of its own', async () => {
    const scene = new Scene();
    const first = new Tab(scene, 'a');
    await scene.welcome();
    const second = new Tab(scene, 'b');
    scene.prove();
    second.say({ type: 'subscribe', id: 1, topic: 'chat:one-more' });
    scene.tell({ type: 'error', id: scene.asked('subscribe').id, ...failed('limit_exceeded') });
    expect([first.isAlone, second.isAlone]).toEqual([false, true]);
    expect(scene.asked('prove').clients.map(({ secret }) => secret)).toEqual(['a']);
  });
});

test('TABS-3 tabs have connections of their own where the server knows them by another name', async () => {
  const scene = new Scene();
  const tabs = ['a', 'b'].map((secret) => new Tab(scene, secret));
  await scene.welcome('guest-1');
  expect(tabs.map(({ isAlone, id }) => [isAlone, id])).toEqual([
    [true, undefined],
    [true, undefined],
  ]);
});

test.each([
  ['', { user: '', rights: '' }],
  ['opaque', { user: '', rights: '' }],
  [token('a'), { user: 'ann', rights }],
  [token('a', { grants: [], iat: 1, nbf: 2, exp: 3 }), { user: 'ann', rights }],
  [token('a', { grants: [], name: 'Ann' }), { user: 'ann', rights: '{"grants":[],"name":"Ann"}' }],
  ['.eyJzdWIiOiJqw7xyZ2VuIn0.', { user: 'jürgen', rights: '{}' }],
])('TABS-3 of the token %j the claims are compared', (its, claims) => {
  expect(claimsOf(its)).toEqual(claims);
});
