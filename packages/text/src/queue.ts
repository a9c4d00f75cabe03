/** In whose past an event is. */
export const Side = { left: 1, right: 2, both: 3 } as const;

/** A heap of events, the highest first, and in whose past each is. */
export class Queue {
  #events: number[] = [];
  #sides: number[] = [];
  /** How many are in the past of both sides. */
  shared = 0;

  get length(): number {
    return this.#events.length;
  }

  /** The highest event. */
  get top(): number {
    return this.#events[0] as number;
  }

  clear(): void {
    this.#events.length = 0;
    this.#sides.length = 0;
    this.shared = 0;
  }

  push(event: number, side: number): void {
    if (side === Side.both) this.shared++;
    const events = this.#events;
    const sides = this.#sides;
    let i = events.length;
    events.push(event);
    sides.push(side);
    while (i > 0) {
      const above = (i - 1) >> 1;
      if ((events[above] as number) >= event) break;
      events[i] = events[above] as number;
      sides[i] = sides[above] as number;
      i = above;
    }
    events[i] = event;
    sides[i] = side;
  }

  /** Takes the highest event out, and returns its side. */
  pop(): number {
    const events = this.#events;
    const sides = this.#sides;
    const side = sides[0] as number;
    if (side === Side.both) this.shared--;
    const event = events.pop() as number;
    const moved = sides.pop() as number;
    const { length } = events;
    if (length === 0) return side;
    let i = 0;
    for (let child = 1; child < length; child = 2 * i + 1) {
      if (child + 1 < length && (events[child + 1] as number) > (events[child] as number)) child++;
      if (event >= (events[child] as number)) break;
      events[i] = events[child] as number;
      sides[i] = sides[child] as number;
      i = child;
    }
    events[i] = event;
    sides[i] = moved;
    return side;
  }

  /** Takes the highest event out, as often as it is there, and returns it. */
  popAll(): number {
    const { top } = this;
    while (this.length > 0 && this.top === top) this.pop();
    return top;
  }
}
