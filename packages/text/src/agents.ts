import { search } from './column.ts';
import type { LV } from './graph.ts';
import { compareRunes } from './runes.ts';

/** Events that follow each other in number, and are an agent's from a seq on. */
export interface AgentRun {
  start: LV;
  agent: number;
  seq: number;
  n: number;
}

/** Whose each event is: the runs of all, and those of each agent. */
export class Agents {
  readonly names: string[] = [];
  /** In the order of their events. */
  readonly runs: AgentRun[] = [];
  readonly #byName = new Map<string, number>();
  /** Of each agent, the runs that are its, by their seqs: numbers, as these move fast. */
  readonly #own: number[][] = [];

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
    const last = this.runs.at(-1);
    if (last?.agent === agent && last.seq + last.n === seq) {
      last.n += n;
      return;
    }
    const own = this.#own[agent] as number[];
    own.splice(this.#upTo(own, seq), 0, this.runs.length);
    this.runs.push({ start: last === undefined ? 0 : last.start + last.n, agent, seq, n });
  }

  /** The runs of an agent, by their seqs. */
  own(agent: number): AgentRun[] {
    return (this.#own[agent] as number[]).map((i) => this.runs[i] as AgentRun);
  }

  /** The seq that an agent's next event has. */
  next(agent: number): number {
    const last = this.#run(this.#own[agent]?.at(-1));
    return last === undefined ? 0 : last.seq + last.n;
  }

  /**
   * The event that an agent has numbered seq, or -1, and of how many seqs from
   * there on the same holds.
   */
  event(name: string, seq: number): { v: LV; n: number } {
    const own = this.#own[this.#byName.get(name) ?? -1] ?? [];
    const k = this.#upTo(own, seq);
    const run = this.#run(own[k - 1]);
    const n = run === undefined ? 0 : run.seq + run.n - seq;
    if (run !== undefined && n > 0) return { v: run.start + run.n - n, n };
    return { v: -1, n: (this.#run(own[k])?.seq ?? Number.POSITIVE_INFINITY) - seq };
  }

  /** Whose an event is, and how many from it on are the agent's next ones. */
  of(v: LV): { agent: number; seq: number; n: number } {
    const { runs } = this;
    let i = runs.length - 1;
    if ((runs[i] as AgentRun).start > v) i = search(i, (i) => (runs[i] as AgentRun).start > v) - 1;
    const { start, agent, seq, n } = runs[i] as AgentRun;
    return { agent, seq: seq + v - start, n: start + n - v };
  }

  /** Orders events by their agents, and those of one by seq. */
  compare(x: LV, y: LV): number {
    const one = this.of(x);
    const other = this.of(y);
    if (one.agent === other.agent) return one.seq - other.seq;
    return compareRunes(this.names[one.agent] as string, this.names[other.agent] as string);
  }

  /** Takes back the events from end on, and all names but the first n. */
  truncate(end: LV, n: number): void {
    const { runs } = this;
    for (let run = runs.at(-1); run !== undefined; run = runs.at(-1)) {
      run.n = Math.min(run.n, end - run.start);
      if (run.n > 0) break;
      const own = this.#own[run.agent] as number[];
      own.splice(this.#upTo(own, run.seq) - 1, 1);
      runs.pop();
    }
    for (const name of this.names.splice(n)) this.#byName.delete(name);
    this.#own.length = n;
  }

  #run(i = -1): AgentRun | undefined {
    return this.runs[i];
  }

  /** How many of an agent's runs begin at a seq or before it. */
  #upTo(own: readonly number[], seq: number): number {
    const { runs } = this;
    const behind = (i = -1): boolean => (runs[i]?.seq ?? seq) > seq;
    return behind(own.at(-1)) ? search(own.length, (i) => behind(own[i])) : own.length; // that is most likely
  }
}
