import { bodyOf, TuttiError } from '../error.ts';
import type { ClientMessage, ServerMessage, Welcome } from '../protocol.ts';
import type { Asked } from './asked.ts';
import type { End, Seat } from './seat.ts';

/** What the door needs of the connection. */
export interface House {
  readonly asked: Asked;
  /** A tab was let in, and is to be told so. */
  entered(seat: Seat, id: string): void;
  /** A tab is in no more. */
  left(seat: Seat): void;
}

/**
 * Lets tabs in, one after the other. The first is let in by `hello`. Each other
 * has its turn: its token is put in place of the connection's, if it is another
 * one, so that a tab is served as itself or not at all; then its client is
 * proved beside those of the tabs that are in. What passes is told as the server
 * would tell it; with what does not, the tab is to connect by itself, and the
 * server tells it why.
 */
export class Door {
  /** The tabs that are in, by the ids of their clients. */
  readonly seats = new Map<string, Seat>();
  /** The token by which the connection is known. */
  token: string | undefined;
  /** The server takes nothing but a fresh token. */
  expired = false;
  readonly #house: House;
  #open = false;
  #waiting: Seat[] = [];
  /** Whose turn it is. */
  #entering: Seat | undefined;
  /** The server is asked whether to let it in, or to let one go. */
  #asking = false;
  /** A client is proved whose tab is not in any more. */
  #stale = false;

  constructor(house: House) {
    this.#house = house;
  }

  /** Nobody is in or wants to be. */
  get idle(): boolean {
    return !this.seats.size && !this.#waiting.length && (!this.#entering || this.#entering.gone);
  }

  wait(seat: Seat): void {
    this.#waiting.push(seat);
    this.next();
  }

  /** The first words of the connection: of the tab whose turn it is. */
  hello(): ClientMessage {
    this.#entering = this.#waiting.shift();
    this.token = this.#entering?.hello.token;
    const clients = this.#entering && [this.#entering.proof];
    return { type: 'hello', ...(this.token && { token: this.token }), ...(clients && { clients }) };
  }

  /** The server has let the first one in. */
  welcome({ clients: [id] = [] }: Welcome): void {
    this.#open = true;
    if (id === undefined) this.#refuse();
    else this.#enter(id);
  }

  /** A token was taken by the server. */
  renewed(token: string): void {
    this.token = token;
    this.expired = false;
    this.next();
  }

  leave(seat: Seat): void {
    this.#waiting = this.#waiting.filter((s) => s !== seat);
    if (seat.id === undefined || this.seats.get(seat.id) !== seat) return;
    this.seats.delete(seat.id);
    this.#house.left(seat);
    this.#stale = true;
    this.next();
  }

  /** Lets the next one in, if nobody's turn it is. */
  next(): void {
    if (!this.#open || this.#entering || this.#asking) return;
    this.#entering = this.#waiting.shift();
    if (this.#entering) this.#identify(this.#entering);
    else if (this.#stale && this.seats.size && !this.expired) this.#prove();
  }

  /** Ends all that are in or enter; with `all` also those that wait. Returns those that still do. */
  shut(how: End, all: boolean): Seat[] {
    const left = all ? [] : this.#waiting;
    const told = [this.#entering, ...this.seats.values(), ...(all ? this.#waiting : [])];
    this.#waiting = [];
    for (const seat of told) seat?.end(how);
    return left;
  }

  #identify(seat: Seat): void {
    const { token } = seat.hello;
    if (token === this.token && !this.expired) return this.#prove(seat);
    if (token === this.token) return this.#refuse(new TuttiError('token_expired'));
    if (!token) return this.#refuse();
    this.#ask({ type: 'auth', token }, (answer) => {
      if (answer.type !== 'authenticated') return this.#refuse(errorOf(answer));
      this.token = token;
      this.expired = false;
      this.#prove(seat);
    });
  }

  /** Says whose the connection is: of all that are in, and of the one that enters. */
  #prove(entering?: Seat): void {
    this.#stale = false;
    const others = [...this.seats.values()].filter((s) => s.proof.secret !== entering?.proof.secret);
    const clients = (entering ? [...others, entering] : others).map((s) => s.proof);
    this.#ask({ type: 'prove', clients }, (answer) => {
      const id = answer.type === 'proved' && answer.clients?.at(-1);
      if (!entering) this.next();
      else if (id) this.#enter(id);
      else this.#refuse(errorOf(answer));
    });
  }

  #ask(...[command, answered]: Parameters<Asked['ask']>): void {
    this.#asking = true;
    this.#house.asked.ask(command, (answer) => {
      this.#asking = false;
      answered(answer);
    });
  }

  /** The one whose turn it is is let in, as the client of that id. */
  #enter(id: string): void {
    const seat = this.#entering;
    this.#entering = undefined;
    const former = this.seats.get(id);
    this.seats.delete(id);
    if (former) {
      this.#house.left(former);
      former.end({ type: 'close', error: { code: 'replaced' } });
    }
    if (seat && !seat.gone) {
      seat.id = id;
      this.seats.set(id, seat);
      this.#house.entered(seat, id);
    } else {
      this.#stale = true;
    }
    this.next();
  }

  /** The one whose turn it is is not let in. */
  #refuse(error?: TuttiError): void {
    const seat = this.#entering;
    this.#entering = undefined;
    seat?.end(error?.retryable ? { type: 'close', error: bodyOf(error) } : 'alone');
    this.next();
  }
}

function errorOf(answer: ServerMessage): TuttiError | undefined {
  return answer.type === 'error' ? TuttiError.from(answer.error) : undefined;
}
