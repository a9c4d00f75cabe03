import { expect, test } from 'vitest';
import type { Effect } from '../src/core/effect.ts';
import type { Input } from '../src/core/input.ts';
import { TuttiError } from '../src/error.ts';
import { Requests } from '../src/requests.ts';

/** Requests to a core that refuses what is published at once, and a signal that counts who listens to it. */
function setUp(): {
  requests: Requests;
  controller: AbortController;
  fed: Input['kind'][];
  listeners(): number;
} {
  const fed: Input['kind'][] = [];
  const feed = (input: Input): readonly Effect[] => {
    fed.push(input.kind);
    if (input.kind === 'publish')
      requests.carryOut({ kind: 'settled', key: input.key, error: new TuttiError('queue_full') });
    return [];
  };
  const requests = new Requests(
    feed,
    (run) => run(),
    () => undefined,
    () => false,
  );
  const controller = new AbortController();
  const { signal } = controller;
  const listening = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener) => {
    listening.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listening.delete(listener);
    remove(type, listener);
  };
  return { requests, controller, fed, listeners: () => listening.size };
}

test('a publish that is refused at once leaves nothing on its signal', async () => {
  const { requests, controller, listeners } = setUp();
  const { signal } = controller;
  await expect(requests.publish('chat', 1, { signal })).rejects.toMatchObject({ code: 'queue_full' });
  await Promise.resolve();
  expect(listeners()).toBe(0);
});

test('a page of history is taken back by its signal, and listens no more once it is answered', async () => {
  const { requests, controller, fed, listeners } = setUp();
  const page = requests.history('chat', {}, controller.signal);
  expect(listeners()).toBe(1);
  controller.abort();
  expect(fed).toEqual(['history', 'abort']);
  requests.carryOut({ kind: 'page', key: 1, error: new TuttiError('aborted') });
  await expect(page).rejects.toMatchObject({ code: 'aborted' });
  await Promise.resolve();
  expect(listeners()).toBe(0);
});
