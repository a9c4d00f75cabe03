import { TuttiError } from '../error.ts';
import type { From } from '../protocol.ts';
import type { Publish } from './input.ts';
import { byteLength } from './turn.ts';

const plain = (text: unknown): boolean =>
  typeof text === 'string' && byteLength(text) <= 255 && !/[\p{Cc}\p{Cs}]/u.test(text);

/** Returns an error unless it may name a topic (rule TOPIC-1). */
export function checkTopic(topic: unknown): TuttiError | undefined {
  if (topic && plain(topic)) return undefined;
  return new TuttiError('bad_topic', 'A topic name is 1 to 255 bytes of UTF-8 without control characters.');
}

/** Returns an error unless it may name an entry (rule ENTRY-3); none or an empty name may. */
export function checkName(name: string | undefined): TuttiError | undefined {
  if (!name || (/^[A-Za-z0-9_.:-]{1,64}$/.test(name) && !/^(open$|error$|tutti:)/.test(name)))
    return undefined;
  return new TuttiError(
    'bad_name',
    'An event name is 1 to 64 of A-Z a-z 0-9 _ . : - and not open, error or tutti:….',
  );
}

/** Returns an error unless it may be an entry's key (rule ENTRY-5); none or an empty one may. */
function checkKey(key: unknown): TuttiError | undefined {
  if (key === undefined || plain(key)) return undefined;
  return new TuttiError('bad_message', 'A key is 1 to 255 bytes of UTF-8 without control characters.');
}

/** Returns an error unless a subscription may start there: a server ends a connection whose hello asks for nonsense. */
export function checkStart(from: From = 'new', otherwise = 'new', doc?: string): TuttiError | undefined {
  const count = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  const at = Object(from);
  const place =
    'last' in at
      ? count(at.last) && !doc
      : count(at.offset) && (at.offset === 0 || /^[\w-]{11}$/.test(at.term));
  if ((place || from === 'new' || (from === 'earliest' && !doc)) && /^(new|earliest)$/.test(otherwise))
    return undefined;
  return new TuttiError(
    'bad_message',
    "from is 'new', 'earliest', {last} or {offset, term}, of a document {offset, term} alone; else is 'earliest' or 'new'.",
  );
}

/** Returns an error unless it may be an operation's base; none may. */
function checkBase(base: unknown): TuttiError | undefined {
  if (base === undefined || (Number.isSafeInteger(base) && (base as number) >= 0)) return undefined;
  return new TuttiError('bad_message', 'A base is an offset.');
}

/** Returns an error unless the entry can be published. */
export function checkPublish({ topic, name, entryKey, base }: Publish): TuttiError | undefined {
  return checkTopic(topic) ?? checkName(name) ?? checkKey(entryKey) ?? checkBase(base);
}
