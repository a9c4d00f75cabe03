import { expect, test } from 'vitest';
import type { WebSocketClass, WebSocketLike } from '../src/socket.ts';
import { type Conditions, simulate } from '../src/testing/index.ts';

type Listener = (event: { data?: unknown }) => void;

/** A socket whose server the test plays. */
class Wire implements WebSocketLike {
  static last: Wire;
  readonly sent: { type: string; seq?: number }[] = [];
  readonly #listeners = new Map<string, Listener>();

  constructor() {
    Wire.last = this;
  }

  send(text: string): void {
    this.sent.push(...[JSON.parse(text)].flat());
  }

  close(): void {}

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  say(data: string): void {
    this.#listeners.get('message')?.({ data });
  }
}

/** A client's end, and what it hears of answers: their types and seqs. */
function dial(conditions: Conditions): { socket: WebSocketLike; heard: string[]; set(c: Conditions): void } {
  const network = simulate(conditions, { WebSocket: Wire as unknown as WebSocketClass, fetch });
  const heard: string[] = [];
  const Socket = network.options.WebSocket as WebSocketClass;
  const socket = new Socket('ws://localhost', 'tutti.v1');
  socket.addEventListener('message', ({ data }) => {
    const m = JSON.parse(data);
    heard.push(m === null ? 'null' : `${m.type} ${m.seq}${m.error ? ` ${m.error.message}` : ''}`);
  });
  return { socket, heard, set: network.set };
}

const publish = (...seqs: number[]): string =>
  JSON.stringify(seqs.map((seq) => ({ type: 'publish', topic: 't', seq, data: seq })));
const ack = (seq: number): string => JSON.stringify({ type: 'ack', topic: 't', seq, offset: seq });

test('FRAME-3 a rejection waits for the answers before it', () => {
  const { socket, heard } = dial({ reject: ({ data }) => data === 3 && 'no' });
  socket.send(publish(1, 2, 3, 4));
  expect(Wire.last.sent.map(({ seq }) => seq)).toEqual([1, 2, 4]);
  for (const seq of [1, 2]) Wire.last.say(ack(seq));
  expect(heard).toEqual(['ack 1', 'ack 2', 'rejected 3 no']);
});

test('PUB-5 a repeat of what was passed on is not rejected: it may be in the log', () => {
  const { socket, heard, set } = dial({});
  socket.send(publish(1));
  set({ reject: () => true });
  socket.send(publish(1));
  expect(Wire.last.sent.map(({ seq }) => seq)).toEqual([1, 1]);
  expect(heard).toEqual([]);
});

test('a reject that throws rejects', () => {
  const { socket, heard } = dial({
    reject: () => {
      throw new Error('oh');
    },
  });
  socket.send(publish(1));
  expect(heard).toEqual(["rejected 1 The simulation's reject failed: Error: oh"]);
});

test('what is no message passes as it is', () => {
  const { heard } = dial({});
  Wire.last.say('null');
  expect(heard).toEqual(['null']);
});

test('conditions that cannot be', () => {
  for (const bad of [
    { loss: 5 },
    { ackLoss: -1 },
    { loss: Number.NaN },
    { latency: -1 },
    { latency: [5, 1] as const },
  ])
    expect(() => simulate(bad, { fetch })).toThrow(RangeError);
});
