import type { Turn } from '../core/turn.ts';
import type { ClientMessage, ServerMessage } from '../protocol.ts';

type Without<M> = M extends { id: number } ? Omit<M, 'id'> : never;

/** A command that is answered by its id. */
export type Command = Without<Exclude<ClientMessage, { type: 'subscribe' | 'unsubscribe' }>>;

/** The commands that are not answered yet, under ids of the one connection. */
export class Asked {
  readonly #turn: Turn;
  readonly #all = new Map<number, (answer: ServerMessage) => void>();

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  ask(command: Command, answered: (answer: ServerMessage) => void): void {
    const id = this.#turn.id();
    this.#all.set(id, answered);
    this.#turn.say({ ...command, id } as ClientMessage);
  }

  /** Passes an answer on; returns whether it was one to these. */
  answer(id: number, answer: ServerMessage): boolean {
    const answered = this.#all.get(id);
    this.#all.delete(id);
    answered?.(answer);
    return answered !== undefined;
  }
}
