import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from './browser.ts';
import { Stage } from './stage.ts';

const ping = 250;
const grace = 3_000;

let browser: Browser;
let stage: Stage;

beforeAll(async () => {
  browser = await Browser.start();
  const environment = { TUTTI_LIMITS_PING: `${ping}ms`, TUTTI_LIMITS_GRACE: `${grace}ms` };
  stage = await Stage.open(browser, inject('binary'), { environment });
});

afterAll(async () => {
  await stage?.end();
  await browser?.end();
});

describe('Chromium as a peer', () => {
  test('LIVE-1: a tab that nobody uses is asked, answers, and stays connected', async () => {
    const [tab] = stage.tabs;
    const pings = () => tab.sockets.flat().filter(({ type }) => type === 'ping').length;
    await expect.poll(pings, { timeout: 30_000 }).toBeGreaterThan((2 * (ping + grace)) / ping);
    expect(tab.sockets.length).toBe(1);
    await tab.waitFor('chat', 'live');
  });

  test('ENTRY-2: the largest message passes, a larger one is rejected', async () => {
    const answers = await stage.tabs[0].page.evaluate(async () => {
      const socket = new WebSocket(new URL('v1/ws', location.href), 'tutti.v1');
      const say = (message: object) =>
        new Promise<{ type: string; limits: { messageBytes: number }; error?: { code: string } }>(
          (resolve) => {
            socket.onmessage = (event) => {
              const answer = [JSON.parse(event.data)].flat().find(({ type }) => type !== 'ping');
              if (answer) resolve(answer);
            };
            socket.send(JSON.stringify(message));
          },
        );
      const publish = (seq: number, bytes: number) =>
        say({ type: 'publish', topic: 'chat:wire', seq, data: 'x'.repeat(bytes - 2) });

      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const secret = `${Math.floor(Date.now() / 86_400_000)}.${crypto.randomUUID().replaceAll('-', '')}`;
      const welcome = await say({ type: 'hello', clients: [{ secret, run: 1 }] });
      const { messageBytes } = welcome.limits;
      const taken = await publish(1, messageBytes);
      const tooLarge = await publish(2, messageBytes + 1);
      socket.close();
      return [welcome, taken, tooLarge].map(({ type, error }) => error?.code ?? type);
    });
    expect(answers).toEqual(['welcome', 'ack', 'too_large']);
  });

  // As text, so that the import is the browser's.
  const talkOver = (road: string) => `(async () => {
    const { connect } = await import('/v1/client.js');
    const client = connect(undefined, { roads: ['${road}'] });
    const topic = client.topic('chat:served');
    const heard = new Promise((resolve) => topic.subscribe(resolve));
    await topic.publish('over ${road}');
    const answer = [await heard, client.status.road];
    client.close();
    return answer;
  })()`;

  test.each(['ws', 'sse', 'poll'])('ROAD-1: the client that it serves comes over %s', async (road) => {
    expect(await stage.tabs[0].page.evaluate(talkOver(road))).toEqual([`over ${road}`, road]);
  });

  test.each([
    { what: 'text that is no JSON', frame: '{"type":', code: 4200 },
    { what: 'a binary frame', frame: [1, 2, 3], code: 1003 },
  ])('FRAME-1: $what ends the connection with $code', async ({ frame, code }) => {
    const end = await stage.tabs[0].page.evaluate(async (sent) => {
      const socket = new WebSocket(new URL('v1/ws', location.href), 'tutti.v1');
      socket.onopen = () => socket.send(typeof sent === 'string' ? sent : new Uint8Array(sent));
      const { code, wasClean } = await new Promise<CloseEvent>((resolve) => {
        socket.onclose = resolve;
      });
      return { protocol: socket.protocol, code, wasClean };
    }, frame);
    expect(end).toEqual({ protocol: 'tutti.v1', code, wasClean: true });
  });
});
