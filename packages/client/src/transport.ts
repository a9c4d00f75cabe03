import type { TuttiError } from './error.ts';
import type { ClientMessage, ServerMessage } from './protocol.ts';

/** One connection over one road. After `shut`, nothing is told any more. */
export interface Transport {
  send(messages: ClientMessage[]): void;
  shut(): void;
}

/** What a transport tells. */
export interface TransportEvents {
  opened(): void;
  heard(message: ServerMessage): void;
  /** Something that the server said, but not by the stream. */
  aside(message: ServerMessage): void;
  /** It ended by itself. The code is 0 if there is none. The error is for developers: the server broke the protocol. */
  lost(code: number, error?: TuttiError): void;
}
