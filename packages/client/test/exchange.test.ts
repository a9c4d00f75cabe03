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
