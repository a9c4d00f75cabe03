import type { WebSocketClass, WebSocketLike } from '../socket.ts';
import type { Dice } from './conditions.ts';
import { type Answer, acknowledges, isAnswer, type Judge, messages } from './frames.ts';
import { Lane } from './lane.ts';

type Listener = (event: { data?: unknown; code?: number }) => void;

/** What cuts every open connection. */
export type Cuts = Set<() => void>;

/** A class of WebSockets that go through the simulated network. */
export function simulatedSocket(Real: WebSocketClass, dice: Dice, judge: Judge, cuts: Cuts): WebSocketClass {
  return class implements WebSocketLike {
    readonly #listeners = new Map<string, Listener[]>();
    readonly #up = new Lane(dice);
    readonly #down = new Lane(dice);
    readonly #order = new Order();
    #secret = '';
    #real: WebSocketLike | undefined;
    readonly #cut = (): void => {
      if (!cuts.delete(this.#cut)) return;
      this.#up.close();
      this.#down.close();
      this.#real?.close();
      queueMicrotask(() => this.#tell('close', { code: 1006 }));
    };

    constructor(url: string, protocols: string) {
      cuts.add(this.#cut);
      this.#up.carry(() => {
        if (!this.#lost()) this.#open(url, protocols);
      });
    }

    #open(url: string, protocols: string): void {
      try {
        this.#real = new Real(url, protocols);
      } catch {
        return this.#cut();
      }
      const real = this.#real;
      real.addEventListener('open', () => this.#arrive('open', {}));
      real.addEventListener('message', ({ data }) => this.#hear(data));
      real.addEventListener('error', () => {});
      real.addEventListener('close', ({ code }) =>
        this.#down.carry(() => {
          if (cuts.delete(this.#cut)) this.#tell('close', { code });
        }),
      );
    }

    addEventListener(type: string, listener: Listener): void {
      this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    }

    send(text: string): void {
      const frame = messages(text);
      for (const { clients } of frame) this.#secret = clients?.[0]?.secret ?? this.#secret;
      const { pass, answers } = judge.sift(frame, this.#secret, dice.conditions.reject);
      this.#order.expect(pass, answers);
      if (pass.length || !answers.length)
        this.#up.carry(() => {
          if (!this.#lost()) this.#real?.send(answers.length ? JSON.stringify(pass) : text);
        });
      this.#say(this.#order.due());
    }

    close(code?: number): void {
      cuts.delete(this.#cut);
      this.#down.close();
      this.#up.carry(() => this.#real?.close(code));
    }

    #hear(data: unknown): void {
      this.#arrive('message', { data });
      if (typeof data !== 'string') return;
      for (const m of messages(data)) if (isAnswer(m)) this.#order.answered(m);
      this.#say(this.#order.due());
    }

    #say(answers: Answer[]): void {
      for (const answer of answers) this.#arrive('message', { data: JSON.stringify(answer) });
    }

    /** Whether the network took what was under way; then the connection is gone. */
    #lost(): boolean {
      const { offline, loss } = dice.conditions;
      if (!offline && !dice.happens(loss)) return false;
      this.#cut();
      return true;
    }

    #arrive(type: string, event: { data?: unknown }): void {
      this.#down.carry(() => {
        const ack = type === 'message' && typeof event.data === 'string' && acknowledges(event.data);
        if (this.#lost()) return;
        if (ack && dice.happens(dice.conditions.ackLoss)) this.#cut();
        else this.#tell(type, event);
      });
    }

    #tell(type: string, event: { data?: unknown; code?: number }): void {
      for (const listener of this.#listeners.get(type) ?? []) listener(event);
    }
  };
}

/** What is unanswered on a connection: a topic's answers come in the order of its entries. */
class Order {
  readonly #topics = new Map<string, { seq: number; answer?: Answer }[]>();

  expect(pass: { topic?: string; seq?: number }[], answers: Answer[]): void {
    for (const { topic, seq } of pass)
      if (topic !== undefined && seq !== undefined) this.#add(topic, { seq });
    for (const answer of answers) this.#add(answer.topic, { seq: answer.seq, answer });
  }

  answered({ topic, seq }: { topic: string; seq: number }): void {
    const left = this.#topics.get(topic)?.filter((one) => one.seq !== seq || one.answer);
    if (left) this.#topics.set(topic, left);
  }

  /** Takes the answers that nothing earlier holds back. */
  due(): Answer[] {
    const due: Answer[] = [];
    for (const [topic, waiting] of this.#topics) {
      for (let first = waiting[0]; first?.answer; first = waiting[0]) {
        due.push(first.answer);
        waiting.shift();
      }
      if (!waiting.length) this.#topics.delete(topic);
    }
    return due;
  }

  #add(topic: string, one: { seq: number; answer?: Answer }): void {
    const waiting = this.#topics.get(topic) ?? [];
    this.#topics.set(
      topic,
      [...waiting.filter(({ seq }) => seq !== one.seq), one].sort((a, b) => a.seq - b.seq),
    );
  }
}
