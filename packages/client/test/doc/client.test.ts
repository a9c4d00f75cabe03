import { describe, expect, test } from 'vitest';
import { type Client, connect, TuttiError } from '../../src/index.ts';
import { ModelServer } from '../model.ts';
import { World } from '../world.ts';

function setUp(): { world: World; server: ModelServer; client: Client; errors: unknown[] } {
  const world = new World(7);
  const server = new ModelServer(world);
  const errors: unknown[] = [];
  const client = connect('https://tutti.test', {
    WebSocket: server.WebSocket,
    fetch: server.fetch,
    random: world.random,
    now: () => world.now,
    timers: world.timers,
    onError: (error) => errors.push(error),
  });
  return { world, server, client, errors };
}

describe('documents of a client', () => {
  test('TOPIC-1 a name that cannot be a topic’s is refused at once', () => {
    const { client } = setUp();
    for (const open of [() => client.counter('\n'), () => client.set('\n'), () => client.records('\n')])
      expect(open).toThrow(expect.objectContaining({ code: 'bad_topic' }));
    client.close();
  });

  test('handlers of the same topic cannot change what a document is yet to fold', async () => {
    const { world, client, errors } = setUp();
    const tasks = client.records<{ title: string }>('records:tasks');
    client.topic<{ value: { title: string } }>('records:tasks').subscribe((op) => {
      op.value.title = 'spoilt';
    });
    client.onMessage((op) => {
      (op as { key: string }).key = 'spoilt';
    });
    const made = tasks.set('a', { title: 'right' });
    await world.pass(1000);
    expect(made.status).toBe('confirmed');
    expect(tasks.entries()).toEqual([['a', { title: 'right' }]]);
    expect(errors).toEqual([expect.any(TypeError), expect.any(TypeError)]);
    client.close();
  });

  test('close settles everything, and what is done later is refused', async () => {
    const { client, errors } = setUp();
    const likes = client.counter('counter:likes');
    const add = likes.add(1, { timeout: 1000 });
    expect(likes.value).toBe(1);
    client.close();
    expect([add.status, add.error?.code]).toEqual(['rejected', 'closed']);
    await expect(add.server).rejects.toMatchObject({ code: 'closed' });
    await expect(likes.ready).rejects.toBeInstanceOf(TuttiError);
    expect([likes.status, likes.value, likes.add(1).error?.code]).toEqual(['closed', 0, 'closed']);
    expect(client.counter('counter:other').add(1).error?.code).toBe('closed');
    expect(errors).toEqual([]);
  });

  test('CONN-8 what does not fit into the queue is rejected and not shown', () => {
    const { client } = setUp();
    const likes = client.counter('counter:likes');
    const adds = Array.from({ length: 1001 }, () => likes.add(1));
    expect(likes.value).toBe(1000);
    expect([adds[999]?.status, adds[1000]?.status, adds[1000]?.error?.code]).toEqual([
      'pending',
      'rejected',
      'queue_full',
    ]);
    expect(adds[500]?.cancel()).toBe(true);
    expect([likes.value, likes.add(5).status, likes.value]).toEqual([999, 'pending', 1004]);
    client.close();
  });
});
