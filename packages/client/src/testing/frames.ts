import type { Conditions } from './conditions.ts';

/** The part of a message that is looked at. */
export interface Message {
  type: string;
  topic?: string;
  client?: string;
  seq?: number;
  name?: string;
  data?: unknown;
}

/** The messages of a frame; none if it is not JSON. */
export function messages(frame: string): Message[] {
  try {
    const value = JSON.parse(frame) as Message | Message[];
    return Array.isArray(value) ? value : [value];
  } catch {
    return [];
  }
}

/** Whether a frame of the server acknowledges an entry. */
export const acknowledges = (frame: string): boolean => messages(frame).some(({ type }) => type === 'ack');

/** Parts what may go to the server from the answers to what is rejected. */
export function sift(frame: Message[], reject: Conditions['reject']): { pass: Message[]; answers: object[] } {
  if (!reject) return { pass: frame, answers: [] };
  const pass: Message[] = [];
  const answers: object[] = [];
  for (const message of frame) {
    const { type, topic = '', client, seq, name, data } = message;
    const verdict = type === 'publish' && reject({ topic, ...(name !== undefined && { name }), data });
    if (!verdict) {
      pass.push(message);
      continue;
    }
    const text = verdict === true ? 'The simulation rejected it.' : verdict;
    const error = { code: 'rejected', message: text, retryable: false };
    answers.push({ type: 'rejected', topic, ...(client && { client }), seq, error });
  }
  return { pass, answers };
}
