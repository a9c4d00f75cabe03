import * as Side from './side.ts';

/** A heap of events, the highest first, and in whose past each is. */
export class Queue {
  /** Each 4 times its event and its side. */
  readonly #heap: number[] = [];
  /** The highest event, or -1 if there is none. */
  top = -1;
  /** How many are not in the past of both sides. */
  alone = 0;

  clear(): void {
    this.#heap.length = 0;
    this.top = -1;
    this.alone = 0;
  }

  push(event: number, side: number): void {
    if (side !== Side.both) this.alone++;
    if (event > this.top) this.top = event;
    const heap = this.#heap;
    const pushed = 4 * event + side;
    let i = heap.length;
    heap.push(pushed);
    while (i > 0) {
      const above = (i - 1) >> 1;
      if ((heap[above] as number) >= pushed) break;
      heap[i] = heap[above] as number;
      i = above;
    }
    heap[i] = pushed;
  }

  /** Takes the highest event out, as often as it is there, and returns the sides it is in the past of. */
  pop(): number {
    const { top } = this;
    let sides = 0;
    do sides |= this.#take();
    while (this.top === top && top >= 0);
    return sides;
  }

  /** Takes out those at an event or above it. */
  drop(event: number): void {
    while (this.top >= event) this.#take();
  }

  /** Takes one out, and returns its side. */
  #take(): number {
    const heap = this.#heap;
    const side = (heap[0] as number) % 4;
    if (side !== Side.both) this.alone--;
    const moved = heap.pop() as number;
    const { length } = heap;
    if (length === 0) {
      this.top = -1;
      return side;
    }
    let i = 0;
    for (let child = 1; child < length; child = 2 * i + 1) {
      if (child + 1 < length && (heap[child + 1] as number) > (heap[child] as number)) child++;
      if (moved >= (heap[child] as number)) break;
      heap[i] = heap[child] as number;
      i = child;
    }
    heap[i] = moved;
    this.top = Math.floor((heap[0] as number) / 4);
    return side;
  }
}
