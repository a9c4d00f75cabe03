import { TuttiError } from '../error.ts';

/** What is to be sent. Nothing else of `fetch` can be stored, so nothing else is taken. */
export interface NetworkInit {
  /** GET if absent; POST if there is a body. */
  method?: string;
  /** Stored with the request: nothing secret belongs here. */
  headers?: HeadersInit;
  body?: string | Uint8Array | null;
  /** What goes as JSON in place of a body. */
  json?: unknown;
  credentials?: RequestCredentials;
  /** Requests of one lane go one after the other; the address without its query if absent. */
  lane?: string;
  /** Takes the request back; if it was sent, it may have had its effect. */
  signal?: AbortSignal;
}

/** A request as it is stored. */
export interface Row {
  /** Also its Idempotency-Key; those made later are greater. */
  id: string;
  lane: string;
  /** The tab that it was made in. */
  owner: string;
  /** Milliseconds since 1970 when it was made. */
  time: number;
  url: string;
  method: string;
  headers: [name: string, value: string][];
  body: string | Uint8Array | null;
  credentials?: RequestCredentials;
}

/** What of a row its application says. */
export type Asked = Omit<Row, 'id' | 'owner' | 'time'>;

const secret = ['authorization', 'cookie', 'idempotency-key'];

/** What is asked for, checked; throws bad_message if it cannot be stored or sent. */
export function asked(url: string | URL, init: NetworkInit): Asked {
  const { json, credentials } = init;
  // Bytes are copied, and with them not all of the buffer that they are part of.
  const given = init.body instanceof Uint8Array ? init.body.slice() : (init.body ?? null);
  const body = json === undefined ? given : JSON.stringify(json);
  if (body !== null && typeof body !== 'string' && !(body instanceof Uint8Array))
    throw new TuttiError('bad_message', 'The body is not text, bytes (Uint8Array) or JSON.');
  try {
    const { href, origin, pathname } = new URL(url, (globalThis as { location?: Location }).location?.href);
    const method = (init.method ?? (body === null ? 'GET' : 'POST')).toUpperCase();
    const typed: HeadersInit = json === undefined ? {} : { 'content-type': 'application/json' };
    const headers = new Headers(typed);
    new Headers(init.headers).forEach((value, name) => void headers.set(name, value));
    const found = secret.find((name) => headers.has(name));
    if (found) throw new TypeError(`The header ${found} is not stored; see the option headers.`);
    new Request(href, { method, headers, body: body as BodyInit | null });
    const lane = init.lane ?? origin + pathname;
    return { url: href, method, headers: [...headers], body, lane, ...(credentials && { credentials }) };
  } catch (error) {
    throw new TuttiError('bad_message', (error as Error).message);
  }
}

/** How many bytes of text or bytes a body has. */
export function bytes({ body }: Pick<Row, 'body'>): number {
  return typeof body === 'string' ? new TextEncoder().encode(body).length : (body?.length ?? 0);
}

/** Whether what was stored is a request. */
export function isRow(value: unknown): value is Row {
  const row = (value ?? {}) as Partial<Record<keyof Row, unknown>>;
  const texts = [row.id, row.lane, row.owner, row.url, row.method];
  return texts.every((text) => typeof text === 'string') && Array.isArray(row.headers);
}
