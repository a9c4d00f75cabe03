import { expect, test, vi } from 'vitest';
import { decode } from '../src/decode.ts';
import { Exchange } from '../src/fallback/exchange.ts';
import type { ServerMessage } from '../src/protocol.ts';

const topic = 't';
const welcome = { type: 'welcome', session: 's', clients: [], ping: 25_000, grace: 10_000, limits: {} };
const subscribed = { type: 'subscribed', topic, offset: 0, recovered: true };
const forbidden = { code: 'forbidden', message: 'No.', retryable: false };

/** A stream of these messages that stays open until it is aborted. */
function stream(messages: object[], signal: AbortSignal): Response {
  const body = new ReadableStream<Uint8Array>({
    start(sink) {
      for (const m of messages) sink.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(m)}\n\n`));
      signal.addEventListener('abort', () => sink.error(signal.reason));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

// The topic's other handlers would wait for entries for ever.
test('a subscription that cannot be moved on a stream has ended', async () => {
  const answers = [
    [welcome, subscribed],
    [welcome, { type: 'unsubscribed', topic, error: forbidden }],
  ];
  const heard: ServerMessage[] = [];
  const exchange = new Exchange(
    'sse',
    'http://localhost/v1',
    {
      fetch: async (_, init) => stream(answers.shift() ?? [], init?.signal as AbortSignal),
      timers: { setTimeout, clearTimeout },
      decode,
    },
    { opened: () => {}, heard: (m) => heard.push(m), aside: () => {}, lost: () => {} },
  );
  exchange.send([{ type: 'hello', topics: [{ topic }] }]);
  await vi.waitFor(() => expect(heard.at(-1)).toEqual(subscribed));
  exchange.send([{ type: 'subscribe', id: 7, topic, from: 'earliest' }]);
  await vi.waitFor(() =>
    expect(heard.slice(2)).toEqual([
      { type: 'pong' },
      { type: 'error', id: 7, error: forbidden },
      { type: 'unsubscribed', topic, error: forbidden },
    ]),
  );
  exchange.shut();
});

/** An exchange that has entered the topic, what it hears, and its requests; the test answers POSTs. */
async function entered() {
  const heard: ServerMessage[] = [];
  const asked: string[] = [];
  const posts: (() => void)[] = [];
  const streams: ((...messages: object[]) => void)[] = [];
  const exchange = new Exchange(
    'sse',
    'http://localhost/v1',
    {
      fetch: async (_, init) => {
        const said = JSON.parse(String(init?.body)) as { type: string } | { type: string }[];
        if (Array.isArray(said)) {
          asked.push(said.map(({ type }) => type).join());
          await new Promise<void>((answer) => posts.push(answer));
          const leaves = said.filter(({ type }) => type === 'leave');
          return Response.json([welcome, ...leaves.map((m) => ({ ...m, type: 'left' }))]);
        }
        asked.push(JSON.stringify(said));
        const body = new ReadableStream<Uint8Array>({
          start(sink) {
            streams.push((...messages) =>
              sink.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(messages)}\n\n`)),
            );
            init?.signal?.addEventListener('abort', () => sink.error(init.signal?.reason));
          },
        });
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      },
      timers: { setTimeout, clearTimeout },
      decode,
    },
    { opened: () => {}, heard: (m) => heard.push(m), aside: () => {}, lost: () => {} },
  );
  const asks = async (request: string) => {
    await vi.waitFor(() => expect(asked).not.toEqual([]));
    expect(asked.splice(0)).toEqual([request]);
  };
  exchange.send([{ type: 'hello', topics: [{ topic }], enter: [{ topic }] }]);
  await asks('{"type":"hello","topics":[{"topic":"t"}],"enter":[{"topic":"t"}]}');
  streams[0]?.(welcome, subscribed, { type: 'entered', topic });
  await vi.waitFor(() => expect(heard).toHaveLength(3));
  return { exchange, heard, asks, posts, streams };
}

const leave = { type: 'leave', id: 1, topic } as const;

// The leave would come last, and end the new member.
test('PRES-5 an enter waits for the leave before it', async () => {
  const { exchange, heard, asks, posts, streams } = await entered();
  exchange.send([{ type: 'update', topic, state: 1 }]);
  exchange.send([leave]);
  exchange.send([{ type: 'enter', id: 2, topic, state: 2 }]);
  exchange.send([{ type: 'subscribe', id: 3, topic, from: 'earliest' }]);
  streams[0]?.({ type: 'entry', topic, offset: 1, term: 'm', data: 'of the old stream' });
  await asks('hello,update');
  posts[0]?.();
  await asks('hello,leave');
  posts[1]?.();
  await asks('{"type":"hello","topics":[{"topic":"t","from":"earliest"}],"enter":[{"topic":"t","state":2}]}');
  streams[1]?.(welcome, subscribed, { type: 'entered', topic });
  await vi.waitFor(() =>
    expect(heard.slice(3)).toEqual([
      { type: 'pong' },
      { ...subscribed, id: 3 },
      { type: 'entered', topic, id: 2 },
    ]),
  );
  exchange.shut();
});

// The request would enter whom the leave has ended.
test('PRES-5 a leave waits for the request before it', async () => {
  const { exchange, asks, posts, streams } = await entered();
  exchange.send([{ type: 'watch', id: 2, topic: 'u' }]);
  exchange.send([leave]);
  const topics = '"topics":[{"topic":"t","from":{"offset":0}}]';
  await asks(`{"type":"hello",${topics},"watch":[{"topic":"u"}],"enter":[{"topic":"t"}]}`);
  streams[1]?.(welcome, { type: 'entered', topic });
  await asks('hello,leave');
  exchange.send([{ type: 'ping' }]);
  posts[0]?.();
  await asks(`{"type":"hello",${topics},"watch":[{"topic":"u"}]}`);
  exchange.shut();
});
