import { Column } from './column.ts';
import { compareRunes } from './runes.ts';

/** Whose each event is: in runs, each an agent's from a seq on. */
export class Agents {
  readonly names: string[] = [];
  readonly #byName = new Map<string, number>();
  readonly #starts = new Column();
  readonly #agents = new Column();
  readonly #seqs = new Column();
  #end = 0;

  /** The number of an agent. */
  named(name: string): number {
    let agent = this.#byName.get(name);
    if (agent === undefined) {
      agent = this.names.length;
      this.names.push(name);
      this.#byName.set(name, agent);
    }
    return agent;
  }

  /** Says whose the next n events are. */
  add(agent: number, seq: number, n: number): void {
    const last = this.#starts.length - 1;
    if (
      last < 0 ||
      this.#agents.get(last) !== agent ||
      this.#seqs.get(last) + this.#end - this.#starts.get(last) !== seq
    ) {
      this.#starts.push(this.#end);
      this.#agents.push(agent);
      this.#seqs.push(seq);
    }
    this.#end += n;
  }

  /** Tells whose all events are, run by run: n events of an agent, from a seq on. */
  each(tell: (agent: number, seq: number, n: number) => void): void {
    for (let run = 0; run < this.#starts.length; run++) {
      const end = run + 1 < this.#starts.length ? this.#starts.get(run + 1) : this.#end;
      tell(this.#agents.get(run), this.#seqs.get(run), end - this.#starts.get(run));
    }
  }

  /** Orders events by their agents, and those of one by seq. */
  compare(x: number, y: number): number {
    const one = this.#starts.last(x);
    const other = this.#starts.last(y);
    const agent = this.#agents.get(one);
    const another = this.#agents.get(other);
    if (agent !== another) return compareRunes(this.names[agent] as string, this.names[another] as string);
    return (
      this.#seqs.get(one) + x - this.#starts.get(one) - (this.#seqs.get(other) + y - this.#starts.get(other))
    );
  }
}
