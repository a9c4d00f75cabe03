import type { ServerMessage } from './protocol.ts';

type Kind = 'number' | 'string' | 'boolean' | 'error' | 'array' | 'object' | 'cells' | 'seqs' | 'list';

/** The members that each message must have for the core to rely on it. */
const shapes: Record<ServerMessage['type'], Record<string, Kind>> = {
  welcome: { ping: 'number', grace: 'number' },
  authenticated: { id: 'number' },
  proved: { id: 'number' },
  subscribed: { topic: 'string', offset: 'number', recovered: 'boolean' },
  unsubscribed: { topic: 'string' },
  entry: { topic: 'string', offset: 'number', term: 'string' },
  snapshot: { topic: 'string', offset: 'number', cells: 'cells', seqs: 'seqs' },
  ack: { topic: 'string', seq: 'number' },
  refused: { topic: 'string', seq: 'number', error: 'error' },
  rejected: { topic: 'string', seq: 'number', error: 'error' },
  gap: { topic: 'string', seq: 'number', expected: 'number' },
  history: { id: 'number', entries: 'array', head: 'object', first: 'number' },
  watching: {
    topic: 'string',
    epoch: 'string',
    version: 'number',
    recovered: 'boolean',
    users: 'number',
    members: 'list',
    left: 'list',
  },
  unwatched: { topic: 'string' },
  entered: { topic: 'string' },
  left: {},
  presence: {
    topic: 'string',
    from: 'number',
    version: 'number',
    time: 'number',
    users: 'number',
    leaves: 'list',
    joins: 'list',
    shown: 'list',
    updates: 'list',
    signals: 'list',
  },
  error: { error: 'error' },
  close: { error: 'error' },
  ping: {},
  pong: {},
};

function has(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'error':
      return typeof (value as { code?: unknown } | null)?.code === 'string';
    case 'array':
      return Array.isArray(value);
    case 'list':
      return value === undefined || (Array.isArray(value) && value.every((m) => has(m, 'object')));
    case 'cells':
      return Array.isArray(value) ? pairs(value, 'string') : has(value, 'object');
    case 'seqs':
      return value === undefined || pairs(value, 'string', 'number');
    case 'object':
      return typeof value === 'object' && value !== null;
    default:
      return typeof value === kind;
  }
}

/** It is an array of pairs that begin so. */
function pairs(value: unknown, ...kinds: Kind[]): boolean {
  return (
    Array.isArray(value) &&
    value.every((p) => Array.isArray(p) && p.length === 2 && kinds.every((kind, i) => has(p[i], kind)))
  );
}

/**
 * Takes a frame apart: one message or an array of them. Types that it does not
 * know are left out, since a newer server may say more. Returns undefined for
 * what no server says.
 */
export function decode(frame: unknown): ServerMessage[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(frame));
  } catch {
    return undefined;
  }
  const messages: ServerMessage[] = [];
  for (const m of Array.isArray(parsed) ? parsed : [parsed]) {
    if (!has(m?.type, 'string')) return undefined;
    if (!Object.hasOwn(shapes, m.type)) continue;
    const shape = shapes[m.type as ServerMessage['type']];
    for (const member in shape) if (!has(m[member], shape[member] as Kind)) return undefined;
    messages.push(m);
  }
  return messages;
}
