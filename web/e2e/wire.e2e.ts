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

  test('ENTRY-2, FRAME-1: the largest message passes, a larger one is rejected, a binary frame ends it', async () => {
    const heard = await stage.tabs[0].page.evaluate(async () => {
      const socket = new WebSocket(new URL('v1/ws', location.href), 'tutti.v1');
      const answers: { type: string; limits: { messageBytes: number }; error?: { code: string } }[] = [];
      const next = () =>
        new Promise<(typeof answers)[number]>((resolve) => {
          const take = (event: MessageEvent) => {
            const message = [JSON.parse(event.data)].flat().at(-1);
            if (message.type === 'ping') return;
            socket.removeEventListener('message', take);
            resolve(message);
          };
          socket.addEventListener('message', take);
        });
      const say = (message: object) => {
        const answer = next();
        socket.send(JSON.stringify(message));
        return answer;
      };
      const publish = (seq: number, bytes: number) =>
        say({ type: 'publish', topic: 'chat:wire', seq, data: 'x'.repeat(bytes - 2) });

      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const secret = `${Math.floor(Date.now() / 86_400_000)}.${crypto.randomUUID().replaceAll('-', '')}`;
      const welcome = await say({ type: 'hello', clients: [{ secret, run: 1 }] });
      const { messageBytes } = welcome.limits;
      answers.push(welcome, await publish(1, messageBytes), await publish(2, messageBytes + 1));
      const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
      socket.send(new Uint8Array([1, 2, 3]));
      const { code, wasClean } = await closed;
      return {
        protocol: socket.protocol,
        answers: answers.map(({ type, error }) => [type, error?.code]),
        code,
        wasClean,
      };
    });
    expect(heard).toEqual({
      protocol: 'tutti.v1',
      answers: [
        ['welcome', undefined],
        ['ack', undefined],
        ['rejected', 'too_large'],
      ],
      code: 1003,
      wasClean: true,
    });
  });
});
