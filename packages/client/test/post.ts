import type { Message, ModelServer } from './model.ts';
import { type Carrier, Session } from './session.ts';

const statuses: Record<string, number> = { stale_run: 409, token_expired: 401, overloaded: 503 };

/**
 * One request of the roads without WebSocket, from the call of fetch to the
 * end of its answer.
 */
export function request(server: ModelServer, url: string, init: RequestInit): Promise<Response> {
  const { pathname, searchParams } = new URL(url);
  const what = pathname.split('/').at(-1) as 'sse' | 'poll' | 'commands';
  const passage = server.passage[what];
  const { world } = server;
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new TypeError('fetch failed'));
    const gone = new AbortController();
    const { signal } = init;
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: gone.signal });
    const answer = (response: Response): void => {
      gone.abort();
      resolve(response);
    };
    world.after(world.below(40), () => {
      if (passage === 'hung' || (passage === 'muted' && what !== 'sse')) return;
      if (passage === 'refused' || world.chance(server.faults.dial)) return lost();
      if (passage === 'portal') return answer(portal());
      server.requests.push(what);
      const messages = [JSON.parse(String(init.body)) as Message | Message[]].flat();
      if (what === 'sse') new EventStream(server, messages, signal ?? undefined, answer);
      else new Answer(server, what, messages, Number(searchParams.get('wait') ?? 0), answer, lost);
    });
  });
}

function portal(): Response {
  return new Response('<html>Welcome to the hotel</html>', { headers: { 'content-type': 'text/html' } });
}

function refusal(error: { code: string }): Response {
  return Response.json({ error }, { status: statuses[error.code] ?? 400 });
}

/** The answer to POST /v1/sse. */
class EventStream implements Carrier {
  readonly #server: ModelServer;
  readonly #session: Session;
  readonly #resolve: (response: Response) => void;
  readonly #muted: boolean;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #busyUntil = 0;

  constructor(
    server: ModelServer,
    messages: Message[],
    signal: AbortSignal | undefined,
    resolve: (response: Response) => void,
  ) {
    this.#server = server;
    this.#resolve = resolve;
    this.#muted = server.passage.sse === 'muted';
    this.#session = new Session(server, 'sse', this);
    const end = (): void => {
      this.#session.end();
      this.#error();
    };
    signal?.addEventListener('abort', end);
    for (const m of messages) this.#session.take(m);
    if (signal?.aborted) end();
  }

  say(message: Message): void {
    if (!this.#controller) {
      if (message.type === 'close') {
        this.#session.end();
        return this.#resolve(refusal(message.error as { code: string }));
      }
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.#controller = controller;
        },
      });
      this.#resolve(new Response(stream, { headers: { 'content-type': 'text/event-stream' } }));
    }
    if (this.#muted) return;
    const bytes = new TextEncoder().encode(`data: ${JSON.stringify(message)}\n\n`);
    const half = this.#server.world.below(bytes.length);
    this.#later(() => this.#controller?.enqueue(bytes.slice(0, half)));
    this.#later(() => this.#controller?.enqueue(bytes.slice(half)));
    if (this.#server.world.chance(this.#server.faults.cut)) this.cut();
  }

  cut(): void {
    this.#session.end();
    this.#later(() => this.#error());
  }

  #error(): void {
    this.#controller?.error(new TypeError('terminated'));
    this.#controller = undefined;
  }

  #later(run: () => void): void {
    const { world } = this.#server;
    this.#busyUntil = Math.max(this.#busyUntil, world.now + world.below(40));
    world.after(this.#busyUntil - world.now, run);
  }
}

/** The answer in one piece to POST /v1/poll and /v1/commands. */
class Answer implements Carrier {
  readonly #server: ModelServer;
  readonly #session: Session;
  readonly #resolve: (response: Response) => void;
  readonly #reject: () => void;
  readonly #said: Message[] = [];
  #answered = false;

  constructor(
    server: ModelServer,
    what: 'poll' | 'commands',
    messages: Message[],
    wait: number,
    resolve: (response: Response) => void,
    reject: () => void,
  ) {
    this.#server = server;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#session = new Session(server, what, this);
    for (const m of messages) {
      if (!this.#answered) this.#session.take(m);
      if (server.world.chance(server.faults.cut)) this.cut();
    }
    if (what === 'commands' || wait === 0) this.#answer();
    else server.world.after(wait, () => this.#answer());
  }

  say(message: Message): void {
    this.#said.push(message);
    if (message.type === 'close') this.#finish(() => this.#resolve(refusal(message.error as never)));
    const quiet = /^(subscribed|watching)$/.test(message.type) && message.recovered;
    const news = !/^(welcome|entered)$/.test(message.type) && !quiet;
    if (news && this.#session.road === 'poll') queueMicrotask(() => this.#answer());
  }

  cut(): void {
    this.#finish(this.#reject);
  }

  #answer(): void {
    const lost = this.#session.road === 'commands' && this.#server.loseAnswers > 0;
    if (lost) this.#server.loseAnswers--;
    this.#finish(lost ? this.#reject : () => this.#resolve(Response.json(this.#said)));
  }

  #finish(tell: () => void): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#session.end();
    this.#server.world.after(this.#server.world.below(40), tell);
  }
}
