import { byteLength } from './core/turn.ts';
import { TuttiError } from './error.ts';

/** A JSON value that nobody else holds, and the length of its JSON in bytes. */
export interface Encoded {
  data: unknown;
  bytes: number;
}

/** A surrogate that stands alone is escaped by JSON.stringify; no server takes one. */
const loneSurrogate = /(?:^|[^\\])(?:\\\\)*\\ud[89a-f]/;

/** Takes a copy of what JSON can say of a value; throws bad_message if it is none that a server takes. */
export function encode(value: unknown): Encoded {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TuttiError('bad_message', `The data is not JSON: ${(error as Error).message}`);
  }
  if (text === undefined) throw new TuttiError('bad_message', `The data is not JSON: ${typeof value}.`);
  if (loneSurrogate.test(text)) throw new TuttiError('bad_message', 'The data holds a lone surrogate.');
  return { data: JSON.parse(text), bytes: byteLength(text) };
}
