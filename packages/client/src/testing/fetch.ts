import type { Dice } from './conditions.ts';
import { acknowledges, type Judge, merged, messages } from './frames.ts';
import { Lane } from './lane.ts';
import type { Cuts } from './socket.ts';

/** A fetch whose requests go through the simulated network. */
export function simulatedFetch(real: typeof fetch, dice: Dice, judge: Judge, cuts: Cuts): typeof fetch {
  return async (input, init = {}) => {
    const line = new Line(dice, cuts, init.signal);
    const request = { ...init, signal: line.signal };
    try {
      await line.pass();
      if (String(input).endsWith('/v1/commands'))
        return await commands(real, input, request, dice, judge, line);
      return through(await real(input, request), line);
    } catch (error) {
      line.end();
      throw init.signal?.aborted ? error : failure();
    }
  };
}

const failure = (): TypeError => new TypeError('The simulated network failed.');

/** What one request goes over. */
class Line {
  readonly #controller = new AbortController();
  readonly #dice: Dice;
  readonly #cuts: Cuts;
  readonly #caller: AbortSignal | null | undefined;
  readonly down: Lane;
  readonly cut = (): void => this.#controller.abort();

  constructor(dice: Dice, cuts: Cuts, caller: AbortSignal | null | undefined) {
    this.#dice = dice;
    this.#cuts = cuts;
    this.#caller = caller;
    this.down = new Lane(dice);
    cuts.add(this.cut);
    caller?.addEventListener('abort', this.cut);
    if (caller?.aborted) this.cut();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the network takes what is under way. */
  lost(): boolean {
    const { offline, loss } = this.#dice.conditions;
    return offline === true || this.#dice.happens(loss);
  }

  /** Takes the latency, and fails if the network takes what is under way. */
  async pass(): Promise<void> {
    const wait = this.#dice.latency();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.signal.throwIfAborted();
    if (this.lost()) throw failure();
  }

  /** The request is over. */
  end(): void {
    this.#cuts.delete(this.cut);
    this.#caller?.removeEventListener('abort', this.cut);
    this.down.close();
  }
}

async function commands(
  real: typeof fetch,
  input: RequestInfo | URL,
  request: RequestInit,
  dice: Dice,
  judge: Judge,
  line: Line,
): Promise<Response> {
  const frame = messages(String(request.body));
  const secret = frame[0]?.clients?.[0]?.secret ?? '';
  const { pass, answers } = judge.sift(frame, secret, dice.conditions.reject);
  const answer = await real(input, answers.length ? { ...request, body: JSON.stringify(pass) } : request);
  const text = await answer.text();
  await line.pass();
  if (acknowledges(text) && dice.happens(dice.conditions.ackLoss)) throw failure();
  line.end();
  const body = answer.ok && answers.length ? JSON.stringify(merged(messages(text), answers)) : text;
  return new Response(body, { status: answer.status, headers: head(answer) });
}

/** The answer with its body delayed; the body fails when the network takes a part. */
function through(answer: Response, line: Line): Response {
  const source = answer.body?.getReader();
  if (!source) {
    line.end();
    return answer;
  }
  const body = new ReadableStream<Uint8Array>({
    async start(sink) {
      try {
        for (let next = await source.read(); !next.done; next = await source.read()) {
          const { value } = next;
          line.down.carry(() => {
            if (!line.lost()) return sink.enqueue(value);
            sink.error(failure());
            line.end();
            line.cut();
          });
        }
        line.down.carry(() => {
          line.end();
          sink.close();
        });
      } catch (error) {
        line.end();
        sink.error(error);
      }
    },
    cancel(why) {
      line.end();
      return source.cancel(why);
    },
  });
  return new Response(body, { status: answer.status, headers: head(answer) });
}

/** The answer's head, for a body that is decoded already. */
function head(answer: Response): Headers {
  const headers = new Headers(answer.headers);
  headers.delete('Content-Encoding');
  headers.delete('Content-Length');
  return headers;
}
