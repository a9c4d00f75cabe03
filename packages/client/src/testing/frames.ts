import type { Conditions } from './conditions.ts';

/** The part of a message that is looked at. */
export interface Message {
  type: string;
  topic?: string;
  client?: string;
  clients?: { secret?: string }[];
  seq?: number;
  name?: string;
  data?: unknown;
}

/** The messages of a frame; none of what is no message. */
export function messages(frame: string): Message[] {
  try {
    const value: unknown = JSON.parse(frame);
    return [value].flat().filter((m): m is Message => typeof m === 'object' && m !== null);
  } catch {
    return [];
  }
}

/** Whether a frame of the server acknowledges an entry. */
export const acknowledges = (frame: string): boolean => messages(frame).some(({ type }) => type === 'ack');

/** An answer to an entry. */
export interface Answer {
  type: string;
  topic: string;
  seq: number;
}

export const isAnswer = (m: Message): m is Message & Answer =>
  /^(ack|refused|rejected|gap)$/.test(m.type) && m.topic !== undefined && m.seq !== undefined;

/** As many seqs are remembered of a topic; a client has fewer in flight. */
const remembered = 256;

/** Decides, once for each entry, whether it is rejected: a repeat of what may be in the log is not asked about. */
export class Judge {
  readonly #passed = new Map<string, Set<number>>();

  /** Parts what may go to the server from the answers to what is rejected. */
  sift(
    frame: Message[],
    secret: string,
    reject: Conditions['reject'],
  ): { pass: Message[]; answers: Answer[] } {
    const pass: Message[] = [];
    const answers: Answer[] = [];
    for (const message of frame) {
      const { type, topic, client, seq } = message;
      const entry = type === 'publish' && topic !== undefined && seq !== undefined;
      const why = entry && this.#verdict(message, `${secret} ${topic}`, seq, reject);
      if (!why) {
        pass.push(message);
        continue;
      }
      const error = { code: 'rejected', message: why, retryable: false };
      const answer = { type: 'rejected', topic, ...(client && { client }), seq, error };
      answers.push(answer);
    }
    return { pass, answers };
  }

  #verdict(message: Message, stream: string, seq: number, reject: Conditions['reject']): string | undefined {
    const passed = this.#passed.get(stream) ?? new Set();
    this.#passed.set(stream, passed);
    if (passed.has(seq)) return;
    const why = reject && ask(message, reject);
    if (why) return why;
    passed.add(seq);
    for (const old of passed) if (passed.size > remembered) passed.delete(old);
    return;
  }
}

function ask(
  { topic = '', name, data }: Message,
  reject: NonNullable<Conditions['reject']>,
): string | undefined {
  try {
    const verdict = reject({ topic, ...(name !== undefined && { name }), data });
    return verdict === true ? 'The simulation rejected it.' : verdict || undefined;
  } catch (error) {
    return `The simulation's reject failed: ${error}`;
  }
}

/** The server's answers with those of the simulation where they belong: a topic's are in the order of its entries. */
export function merged(said: Message[], own: Answer[]): Message[] {
  const all: Message[] = [...said];
  for (const answer of own) {
    const at = all.findIndex((m) => isAnswer(m) && m.topic === answer.topic && m.seq > answer.seq);
    all.splice(at < 0 ? all.length : at, 0, answer);
  }
  return all;
}
