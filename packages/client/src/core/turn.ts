import type { ClientMessage } from '../protocol.ts';
import type { Effect } from './effect.ts';

const encoder = new TextEncoder();
/** What may have several bytes, or, as no JSON has, is a control character. */
const rare = /[^ -~]/;

/** Length of a text in bytes of UTF-8. */
export function byteLength(text: string): number {
  return rare.test(text) ? encoder.encode(text).length : text.length;
}

/** One step of the core: the time, and what comes out of it. */
export class Turn {
  now = 0;
  /** Counts the steps. */
  step = 0;
  /** The server takes frames up to this size; it tells in welcome. */
  frameBytes = Infinity;
  #effects: Effect[] = [];
  #messages: ClientMessage[] = [];
  #id = 0;
  #wish = Infinity;

  emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** Says a message to the server, behind all other effects of this step. */
  say(message: ClientMessage): void {
    this.#messages.push(message);
  }

  /** Takes back what this step was about to say: its connection has ended. */
  hush(): void {
    this.#messages = [];
  }

  /** Numbers the commands that are answered by id. */
  id(): number {
    return ++this.#id;
  }

  /** Ends the step and returns its effects, last the others; wish is when the core wants a tick. */
  end(last: readonly Effect[], wish: number, ticked: boolean): Effect[] {
    const effects = this.#effects;
    for (const messages of frames(this.#messages, this.frameBytes)) effects.push({ kind: 'send', messages });
    effects.push(...last);
    // A tick has used up the former wish: one that is due again is told again.
    if (wish !== this.#wish || (ticked && wish <= this.now))
      effects.push({ kind: 'wait', until: wish === Infinity ? null : wish });
    this.#wish = wish;
    this.#effects = [];
    this.#messages = [];
    return effects;
  }
}

/** Parts messages into frames of at most so many bytes; a longer message is a frame of its own. */
function frames(messages: ClientMessage[], most: number): ClientMessage[][] {
  if (messages.length < 2) return messages.length ? [messages] : [];
  const out: ClientMessage[][] = [];
  let frame: ClientMessage[] = [];
  let size = 0;
  for (const message of messages) {
    const bytes = byteLength(JSON.stringify(message)) + 1;
    if (size + bytes >= most || !frame.length) {
      frame = [];
      out.push(frame);
      size = 1;
    }
    frame.push(message);
    size += bytes;
  }
  return out;
}
