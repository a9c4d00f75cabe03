import { type Client, connect, type Options, type WebSocketClass } from '@tutti/client';
import { text } from '@tutti/client/text';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Random } from '../packages/text/test/random.ts';
import { address, builtServer } from './server.ts';
import { Band } from './traces/band.ts';
import { drawCrowded, drawRooms, naively } from './traces/drawn.ts';
import { endOf, type Recorded, readRecorded } from './traces/recorded.ts';
import { arrange, type Score } from './traces/score.ts';

const startServer = builtServer();
const patience = { timeout: 60_000 };
const topic = 'text:trace';
/** Where histories lie that were recorded. */
const folder = process.env.TUTTI_TRACES;
const recorded = folder ? readRecorded(folder) : [];
const clients = new Set<Client>();

afterEach(() => {
  for (const client of clients) client.close();
  clients.clear();
});

function enter(url: string, options: Options = {}): Client {
  const client = connect(url, {
    roads: ['ws'],
    types: [text],
    WebSocket: WebSocket as unknown as WebSocketClass,
    ...options,
  });
  clients.add(client);
  return client;
}

/**
 * Plays a history by real clients over a real server, and sees that it comes to
 * what is meant: at every client, over HTTP, and when the server was started
 * again. Returns how many edits were made before a bar and taken behind it.
 */
async function play(history: Recorded, score: Score, meant: (band: Band) => string): Promise<number> {
  const server = await startServer();
  const url = address(server);
  const errors: unknown[] = [];
  const onError = (error: unknown): unknown => errors.push(error);
  const band = new Band(topic, score, (options) => enter(url, { ...options, onError }));
  const late = await band.play(history, score);
  const want = meant(band);
  const { length } = score.notes;
  await band.see(length);
  expect(band.shown).toEqual(band.players.map(() => want));
  expect(await told(url)).toBe(want);
  band.audit(score);

  await server.kill();
  await server.start();
  expect(await told(url)).toBe(want);
  const newcomer = enter(url, { onError }).text(topic);
  await newcomer.ready;
  expect(newcomer.value).toBe(want);
  newcomer.insert(newcomer.length, '.');
  for (const { client } of band.players) client.connect();
  await band.see(length + 1);
  expect(band.shown).toEqual(band.players.map(() => `${want}.`));
  expect(errors).toEqual([]);
  return late;
}

/** The text as the server tells it. */
async function told(url: string): Promise<unknown> {
  const response = await fetch(`${url}/v1/docs/${topic}`);
  return ((await response.json()) as { value: unknown }).value;
}

test.each([0, 1, 2, 3])(
  'a drawn history of agents who write at one place, seed %i',
  patience,
  async (seed) => {
    const history = drawCrowded(new Random(seed), 2 + seed, 200);
    const score = arrange(history.txns);
    expect(score.notes.length).toBe(200);
    await play(history, score, ({ log }) => naively(history, score, log));
  },
);

test.each([0, 1])('a drawn history of agents who write behind bars, seed %i', patience, async (seed) => {
  const history = drawRooms(new Random(seed), 2, 1000);
  const score = arrange(history.txns);
  expect(score.notes.length).toBe(1001);
  expect(await play(history, score, () => history.endContent)).toBeGreaterThan(0);
});

if (recorded.length === 0) test.skip('no recorded history: TUTTI_TRACES names no folder that has any');

test.for(recorded)('the recorded history %s', { timeout: 600_000 }, async ([, history], { annotate }) => {
  const score = arrange(history.txns);
  const late = await play(history, score, () => endOf(history, score));
  await annotate(`${score.notes.length} of ${history.txns.length} transactions, ${late} behind a bar`);
});
