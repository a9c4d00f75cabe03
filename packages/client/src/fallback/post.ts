import type { Timers } from '../alarm.ts';
import type { ErrorBody } from '../error.ts';
import type { ServerMessage } from '../protocol.ts';

/** What the roads without WebSocket need. */
export interface Platform {
  fetch: typeof fetch;
  timers: Timers;
  /** Takes a frame apart; undefined for what no server says. */
  decode(frame: unknown): ServerMessage[] | undefined;
}

/** The server answered with an error. */
export class Refusal extends Error {
  readonly error: ErrorBody;

  constructor(error: ErrorBody) {
    super(error.message);
    this.error = error;
  }
}

/** It does not know this road: that says nothing against the client. */
const unknownRoad = ['not_found', 'method_not_allowed'];

/**
 * Says a frame and returns an answer of that type. Throws a Refusal for an
 * error of the server, and anything else for all that no server of ours says:
 * a captive portal, a proxy, a network that is gone.
 *
 * A redirect is not followed: the token would go wherever it leads. Without a
 * signal it outlives the page.
 */
export async function post(
  platform: Platform,
  url: string,
  frame: unknown,
  type: string,
  signal?: AbortSignal,
): Promise<Response> {
  const { fetch } = platform;
  const body = typeof frame === 'string' ? frame : JSON.stringify(frame);
  const life = signal ? { signal } : { keepalive: true };
  const response = await fetch(url, { method: 'POST', body, ...life, cache: 'no-store', redirect: 'error' });
  const answered = response.headers.get('content-type') ?? '';
  if (response.status === 200 && answered.startsWith(type)) return response;
  if (response.status >= 400 && answered.startsWith('application/json')) {
    const { error } = (await response.json()) as { error?: Partial<ErrorBody> };
    const { code, message, retryable } = error ?? {};
    const known = code && typeof message === 'string' && typeof retryable === 'boolean';
    if (known && !unknownRoad.includes(code)) throw new Refusal(error as ErrorBody);
  } else {
    response.body?.cancel().catch(() => {});
  }
  throw new Error(`${url} answered ${response.status} ${answered}`);
}

/** Takes an answer in one piece apart; it begins with welcome. Throws if it is none. */
export async function messagesOf(platform: Platform, response: Response): Promise<ServerMessage[]> {
  const messages = platform.decode(await response.text());
  if (messages?.[0]?.type !== 'welcome') throw new Error('The answer is not that of a server.');
  return messages;
}
