import { TuttiError } from '../error.ts';
import type { NetworkSettings } from './options.ts';
import type { Row } from './request.ts';

/** How many letters of an answer an error keeps. */
const most = 10_000;
/** No server is waited for longer: a day, in milliseconds. */
const longest = 86_400_000;

/** A server's final no. The code is `rejected`. */
export class RejectedError extends TuttiError {
  /** Of HTTP; 0 for a redirect that could not be followed. */
  readonly status: number;
  /** The answer's body, its first 10,000 letters. */
  readonly body: string;

  constructor(status: number, body: string) {
    super('rejected', `The server answered ${status}.`);
    this.status = status;
    this.body = body;
  }
}

/** What came of an attempt. */
export type Verdict =
  | { kind: 'done'; response: Response }
  | { kind: 'rejected'; error: RejectedError }
  /** Not now; not before so many milliseconds. */
  | { kind: 'later'; after: number }
  /** Not as this user, or not without one. */
  | { kind: 'unauthorized' }
  /** No answer came. */
  | { kind: 'unreached' };

/** Sends a request once. The controller ends it early. */
export async function attempt(
  row: Row,
  settings: NetworkSettings,
  controller: AbortController,
): Promise<Verdict> {
  const { timers, timeout } = settings;
  const { signal } = controller;
  const timer = timers.setTimeout(() => controller.abort(), timeout);
  const ended = new Promise<Verdict>((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'unreached' }));
  });
  try {
    return await Promise.race([send(row, settings, signal), ended]);
  } finally {
    timers.clearTimeout(timer);
  }
}

async function send(row: Row, settings: NetworkSettings, signal: AbortSignal): Promise<Verdict> {
  const { url, method, body, credentials } = row;
  const headers = new Headers(row.headers);
  try {
    new Headers(await settings.headers?.()).forEach((value, name) => void headers.set(name, value));
  } catch (error) {
    settings.onError(error);
    return { kind: 'unauthorized' };
  }
  headers.set('Idempotency-Key', row.id);
  let response: Response;
  try {
    const init = { method, headers, body: body as BodyInit | null, signal };
    response = await settings.fetch(url, credentials ? { ...init, credentials } : init);
  } catch {
    return { kind: 'unreached' };
  }
  const { ok, status } = response;
  if (ok) return { kind: 'done', response };
  const text = await beginning(response);
  if (status === 401) return { kind: 'unauthorized' };
  if (status < 500 && ![408, 425, 429].includes(status))
    return { kind: 'rejected', error: new RejectedError(status, text) };
  return { kind: 'later', after: wait(response.headers.get('Retry-After'), settings.now()) };
}

/** Milliseconds that a `Retry-After` asks for, in seconds or as a date (RFC 9110, section 10.2.3). */
function wait(text: string | null, now: number): number {
  if (!text) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Math.min(Math.max(ms || 0, 0), longest);
}

/** The first letters of an answer, or as many as came. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (reader && text.length < most) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    reader?.cancel().catch(() => {});
  } catch {
    // What came is all there is.
  }
  return text.slice(0, most);
}
