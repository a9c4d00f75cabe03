import { topic } from './texts.ts';

/** A change, `[at, delete, insert]` each, in code points. */
export type Op = readonly (readonly [at: number, deleted: number, inserted: string])[];

/** An entry of the log. */
export interface Operation {
  offset: number;
  client?: string;
  /** As its author sent it. */
  data: Op;
  /** What became of it, where that is something else. */
  eff?: Op;
}

/** A part of the text, in code points, and who wrote it. */
export interface Run {
  at: number;
  length: number;
  client?: string;
}

/** How many entries the text has had. */
export async function head(): Promise<number> {
  const { offset } = await get<{ offset: number }>(`docs/${topic}`);
  return offset;
}

/** The text after an entry. */
export async function valueAt(offset: number): Promise<string> {
  const { value } = await get<{ value: string }>(`docs/${topic}?at=${offset}`);
  return value;
}

/** Who wrote what of it. */
export async function blameAt(offset: number): Promise<Run[]> {
  const { runs } = await get<{ runs: Run[] }>(`docs/${topic}/blame?at=${offset}`);
  return runs;
}

/** Up to a hundred entries behind one. */
export async function operations(after: number): Promise<Operation[]> {
  const { entries } = await get<{ entries: Operation[] }>(`topics/${topic}/events?after=${after}&limit=100`);
  return entries;
}

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(`v1/${path}`);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.error?.message} (${body.error?.code})`);
  return body;
}
