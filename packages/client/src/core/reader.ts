import type { Else, From, Position, SubscribeMessage } from '../protocol.ts';

/** Where a handler is to begin, and as what. */
export interface Where {
  from?: From | undefined;
  else?: Else | undefined;
  doc?: string | undefined;
}

/** One handler of a topic. */
export interface Reader extends Where {
  handler: number;
  /** How far it has read. */
  at?: Position | undefined;
  /** It takes entries; else it waits to be told where it goes on. */
  live: boolean;
  /** It had started before: it is told only if it must start anew. */
  begun: boolean;
  from: From;
  /** It reads the topic as a document of this type. */
  doc: string | undefined;
}

/** What a subscribe or hello says of it; what is the default is left out. */
export function start(w: Where | undefined): Pick<SubscribeMessage, 'from' | 'else' | 'doc'> {
  return {
    ...(w?.from && w.from !== 'new' && { from: w.from }),
    ...(w?.else && w.else !== 'earliest' && { else: w.else }),
    ...(w?.doc && { doc: w.doc }),
  };
}

/** The same text for those who ask the same. */
export function question(w: Where | undefined): string {
  const { from = 'new', else: otherwise = 'earliest', doc = '' } = w ?? {};
  const words = typeof from === 'string' ? [from] : 'last' in from ? [from.last] : [from.offset, from.term];
  return JSON.stringify([doc, otherwise, ...words]);
}
