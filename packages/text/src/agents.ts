import { Column, search } from './column.ts';
import type { LV } from './graph.ts';
import { compareRunes } from './runes.ts';

/** Events that follow each other in number, and are an agent's from a seq on. */
export interface AgentRun {
  start: LV;
  agent: number;
  seq: number;
  n: number;
}

/** Whose each event is: in runs, each an agent's from a seq on. */
export class Agents {
  readonly names: string[] = [];
  readonly #byName = new Map<string, number>();
  readonly #starts = new Column();
  readonly #agents = new Column();
  readonly #seqs = new Column();
  /** Of each agent, the runs that are its, by their seqs. */
  readonly #own: number[][] = [];
  #end = 0;

  /** How many runs there are. */
  get length(): number {
    return this.#starts.length;
  }

  /** A run, by its index. */
  run(i: number): AgentRun {
    return {
      start: this.#starts.values[i] as number,
      agent: this.#agents.values[i] as number,
      seq: this.#seqs.values[i] as number,
      n: this.#runEnd(i) - (this.#starts.values[i] as number),
    };
  }

  /** The number of an agent. */
  named(name: string): number {
    let agent = this.#byName.get(name);
    if (agent === undefined) {
      agent = this.names.length;
      this.names.push(name);
      this.#own.push([]);
      this.#byName.set(name, agent);
    }
    return agent;
  }

  /** Says whose the next n events are. */
  add(agent: number, seq: number, n: number): void {
    const last = this.#starts.length - 1;
    if (
      last < 0 ||
      (this.#agents.values[last] as number) !== agent ||
      (this.#seqs.values[last] as number) + this.#end - (this.#starts.values[last] as number) !== seq
    ) {
      this.#starts.push(this.#end);
      this.#agents.push(agent);
      this.#seqs.push(seq);
      (this.#own[agent] as number[]).splice(this.#upTo(agent, seq), 0, last + 1);
    }
    this.#end += n;
  }

  /** The runs of an agent, by their seqs. */
  own(agent: number): AgentRun[] {
    return (this.#own[agent] as number[]).map((i) => this.run(i));
  }

  /** The seq that an agent's next event has. */
  next(agent: number): number {
    const last = this.#own[agent]?.at(-1);
    return last === undefined
      ? 0
      : (this.#seqs.values[last] as number) + this.#runEnd(last) - (this.#starts.values[last] as number);
  }

  /**
   * The event that an agent has numbered seq, or -1, and of how many seqs from
   * there on the same holds.
   */
  event(name: string, seq: number): { v: LV; n: number } {
    const agent = this.#byName.get(name);
    if (agent === undefined) return { v: -1, n: Number.POSITIVE_INFINITY };
    const own = this.#own[agent] as number[];
    const k = this.#upTo(agent, seq);
    if (k > 0) {
      const i = own[k - 1] as number;
      const v = (this.#starts.values[i] as number) + seq - (this.#seqs.values[i] as number);
      const n = this.#runEnd(i) - v;
      if (n > 0) return { v, n };
    }
    const behind = own[k];
    return {
      v: -1,
      n: behind === undefined ? Number.POSITIVE_INFINITY : (this.#seqs.values[behind] as number) - seq,
    };
  }

  /** Whose an event is. */
  of(v: LV): { agent: number; seq: number } {
    const i = this.#starts.last(v);
    return {
      agent: this.#agents.values[i] as number,
      seq: (this.#seqs.values[i] as number) + v - (this.#starts.values[i] as number),
    };
  }

  /** Where the run of an event ends. */
  end(v: LV): LV {
    return this.#runEnd(this.#starts.last(v));
  }

  /** Orders events by their agents, and those of one by seq. */
  compare(x: LV, y: LV): number {
    const one = this.#starts.last(x);
    const other = this.#starts.last(y);
    const agent = this.#agents.values[one] as number;
    const another = this.#agents.values[other] as number;
    if (agent !== another) return compareRunes(this.names[agent] as string, this.names[another] as string);
    return (
      (this.#seqs.values[one] as number) +
      x -
      (this.#starts.values[one] as number) -
      ((this.#seqs.values[other] as number) + y - (this.#starts.values[other] as number))
    );
  }

  /** Takes back the events from end on, and all names but the first n. */
  truncate(end: LV, n: number): void {
    for (let i = this.length - 1; i >= 0 && (this.#starts.values[i] as number) >= end; i--) {
      const own = this.#own[this.#agents.values[i] as number] as number[];
      own.splice(own.lastIndexOf(i), 1);
      this.#starts.length = i;
      this.#agents.length = i;
      this.#seqs.length = i;
    }
    this.#end = end;
    for (const name of this.names.splice(n)) this.#byName.delete(name);
    this.#own.length = n;
  }

  #runEnd(i: number): LV {
    return i + 1 < this.#starts.length ? (this.#starts.values[i + 1] as number) : this.#end;
  }

  /** How many runs of an agent begin at a seq or before it. */
  #upTo(agent: number, seq: number): number {
    const own = this.#own[agent] as number[];
    const seqs = this.#seqs.values;
    const last = own.at(-1);
    if (last !== undefined && (seqs[last] as number) <= seq) return own.length; // most likely
    return search(own.length, (i) => (seqs[own[i] as number] as number) > seq);
  }
}
