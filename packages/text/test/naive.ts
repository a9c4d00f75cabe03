/** An event as its author made it: an inserted code point, or a deleted one if there is no text. */
export interface NaiveEvent {
  parents: readonly number[];
  agent: string;
  seq: number;
  at: number;
  text: string | undefined;
}

interface Applied extends NaiveEvent {
  past: Set<number>;
  /** The event that inserted what it deleted. */
  target: number;
}

interface Item {
  id: number;
  left: number;
  right: number;
  state: number;
  gone: boolean;
}

/**
 * Eg-walker in the words of its paper, one code point at a time, over the whole
 * history: slow, and plainly right.
 */
export class Naive {
  readonly events: Applied[] = [];
  readonly #items: Item[] = [];
  /** The events of the prepare state. */
  #now = new Set<number>();

  add(event: NaiveEvent): void {
    const past = new Set<number>();
    for (const parent of event.parents) {
      past.add(parent);
      for (const v of this.#event(parent).past) past.add(v);
    }
    this.events.push({ ...event, past, target: -1 });
    this.#apply(this.events.length - 1);
  }

  toString(): string {
    return this.#items
      .filter((item) => !item.gone)
      .map((item) => this.#event(item.id).text)
      .join('');
  }

  /** The events that inserted, in the order of the text, and whether what they did is deleted. */
  order(): { v: number; gone: boolean }[] {
    return this.#items.map(({ id, gone }) => ({ v: id, gone }));
  }

  /** The text as of a version. */
  at(version: readonly number[]): string {
    const past = new Set(version);
    for (const v of version) for (const w of this.#event(v).past) past.add(w);
    const gone = new Set<number>();
    for (const v of past) if (this.#event(v).text === undefined) gone.add(this.#event(v).target);
    return this.#items
      .filter((item) => past.has(item.id) && !gone.has(item.id))
      .map((item) => this.#event(item.id).text)
      .join('');
  }

  /** The text of the events before end, as if those from one to another had had no effect. */
  without(from: number, to: number, end = this.events.length): string {
    const some = (v: number): boolean => v >= from && v < to;
    const gone = new Set(
      this.events
        .slice(0, end)
        .flatMap(({ text, target }, v) => (text === undefined && !some(v) ? [target] : [])),
    );
    return this.order()
      .filter(({ v }) => v < end && !some(v) && !gone.has(v))
      .map(({ v }) => this.#event(v).text)
      .join('');
  }

  #event(v: number): Applied {
    return this.events[v] as Applied;
  }

  #index(id: number): number {
    return this.#items.findIndex((item) => item.id === id);
  }

  /** Adds to the state of what an event inserted or deleted. */
  #touch(v: number, by: number): void {
    const event = this.#event(v);
    const item = this.#items[this.#index(event.text === undefined ? event.target : v)] as Item;
    item.state += by;
  }

  #apply(v: number): void {
    const event = this.#event(v);
    for (const w of this.#now) if (!event.past.has(w)) this.#touch(w, -1);
    for (const w of event.past) if (!this.#now.has(w)) this.#touch(w, 1);
    this.#now = new Set(event.past).add(v);
    if (event.text === undefined) this.#delete(event);
    else this.#insert(v, event.at);
  }

  #delete(event: Applied): void {
    const there = this.#items.filter((item) => item.state === 1);
    const item = there[event.at] as Item;
    event.target = item.id;
    item.state = 2;
    item.gone = true;
  }

  #insert(v: number, at: number): void {
    let i = 0;
    for (let rest = at; rest > 0; i++) if (this.#items[i]?.state === 1) rest--;
    const left = this.#items[i - 1]?.id ?? -1;
    const right = this.#items.slice(i).find((item) => item.state > 0)?.id ?? -1;
    const item = { id: v, left, right, state: 1, gone: false };
    this.#items.splice(this.#place(item, i), 0, item);
  }

  /** Where an item goes among those at the same place that its author did not know, which begin at i. */
  #place(item: Item, i: number): number {
    const behind = (id: number): number => (id < 0 ? this.#items.length : this.#index(id));
    const left = i - 1;
    const right = behind(item.right);
    let place = i;
    let scanning = false;
    for (let j = i; this.#items[j]?.state === 0; j++) {
      const other = this.#items[j] as Item;
      const l = this.#index(other.left);
      if (l < left) break;
      if (l === left) {
        const r = behind(other.right);
        if (r === right && this.#compare(item.id, other.id) < 0) break;
        scanning = r < right;
      }
      if (!scanning) place = j + 1;
    }
    return place;
  }

  #compare(a: number, b: number): number {
    const x = this.#event(a);
    const y = this.#event(b);
    return Buffer.compare(Buffer.from(x.agent), Buffer.from(y.agent)) || x.seq - y.seq;
  }
}
