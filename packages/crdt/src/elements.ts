import type { Context } from './context.ts';
import type { Value } from './value.ts';

/** An add: the nth operation of a replica, and what it holds in the set. */
export interface Dot {
  readonly id: string;
  readonly n: number;
  readonly element: Element;
  /** Where it stands among the dots of its element. */
  index: number;
}

export interface Element {
  readonly value: Value;
  /** The adds that hold it in the set, in no order; at least one. */
  readonly dots: Dot[];
}

/** The elements of a set, by the canonical text of their value and by the adds that hold them. */
export class Elements {
  readonly byText = new Map<string, Element>();
  readonly #byDot = new Map<string, Map<number, Dot>>();

  dot(id: string, n: number): Dot | undefined {
    return this.#byDot.get(id)?.get(n);
  }

  put(value: Value, id: string, n: number): void {
    let element = this.byText.get(value.text);
    if (!element) {
      element = { value, dots: [] };
      this.byText.set(value.text, element);
    }
    const dot = { id, n, element, index: element.dots.length };
    element.dots.push(dot);
    const ofReplica = this.#byDot.get(id);
    if (ofReplica) ofReplica.set(n, dot);
    else this.#byDot.set(id, new Map([[n, dot]]));
  }

  /** Takes the element out; returns the adds that held it. */
  remove(text: string): Dot[] {
    const dots = this.byText.get(text)?.dots ?? [];
    this.byText.delete(text);
    for (const { id, n } of dots) this.#forget(id, n);
    return dots;
  }

  /**
   * Drops each add that the context knows and the others do not have in the
   * same element. Returns whether there was one.
   */
  dropRemoved(context: Context, others: Elements): boolean {
    let changed = false;
    const drop = (dot: Dot | undefined): void => {
      if (!dot || others.dot(dot.id, dot.n)?.element.value.text === dot.element.value.text) return;
      this.#drop(dot);
      changed = true;
    };
    for (const [id, seen] of context.seen) {
      const ofReplica = this.#byDot.get(id);
      if (!ofReplica) continue;
      if (seen < ofReplica.size) for (let n = 1; n <= seen; n++) drop(ofReplica.get(n));
      else for (const dot of ofReplica.values()) if (dot.n <= seen) drop(dot);
    }
    for (const [id, ns] of context.apart) for (const n of ns) drop(this.dot(id, n));
    return changed;
  }

  #drop({ id, n, element, index }: Dot): void {
    const last = element.dots.pop() as Dot;
    if (last.n !== n || last.id !== id) {
      element.dots[index] = last;
      last.index = index;
    }
    if (!element.dots.length) this.byText.delete(element.value.text);
    this.#forget(id, n);
  }

  #forget(id: string, n: number): void {
    const ofReplica = this.#byDot.get(id);
    ofReplica?.delete(n);
    if (!ofReplica?.size) this.#byDot.delete(id);
  }
}
