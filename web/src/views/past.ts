import { find, make } from '../find.ts';
import type { Op, Operation, Run } from '../rooms/past.ts';

/** One who writes, as the page names and paints them. */
export interface Writer {
  name: string;
  /** Of the page's colours for writers, from 0 on. */
  hue: number;
}

/** The text as it was, and the operations that made it. */
export class PastView {
  readonly #room: HTMLElement;
  readonly #slider: HTMLInputElement;
  readonly #writer: (client: string | undefined) => Writer;

  constructor(room: HTMLElement, writer: (client: string | undefined) => Writer) {
    this.#room = room;
    this.#slider = find<HTMLInputElement>(room, 'input[name="at"]');
    this.#writer = writer;
  }

  /** The entry that the visitor looks at. */
  get at(): number {
    return this.#slider.valueAsNumber;
  }

  /** Calls a function when the visitor looks at another entry. */
  onAt(look: () => void): void {
    this.#slider.addEventListener('input', look);
  }

  /** There are entries up to this one; who looks at the newest goes on to look at the newest. */
  reach(head: number): void {
    const newest = this.#slider.value === this.#slider.max;
    this.#slider.max = String(head);
    if (newest) this.#slider.value = this.#slider.max;
  }

  /** Shows the text after an entry, by who wrote what of it, if that is known. */
  show(at: number, value: string, runs: readonly Run[]): void {
    find(this.#room, '.at').textContent = `${at} of ${this.#slider.max}`;
    const letters = [...value];
    const parts = runs.length ? runs : [{ at: 0, length: letters.length, client: undefined }];
    const writers = new Map<string, Writer>();
    const spans = parts.map(({ at: from, length, client }) => {
      const writer = this.#writer(client);
      if (runs.length) writers.set(writer.name, writer);
      return mark(writer, letters.slice(from, from + length).join(''), runs.length > 0);
    });
    find(this.#room, '.was').replaceChildren(...spans);
    const named = [...writers.values()].map((writer) => {
      const item = make('li', '');
      item.append(mark(writer, writer.name, true));
      return item;
    });
    find(this.#room, '.authors').replaceChildren(...named);
    this.fault();
  }

  /** Shows operations, the newest first, at most a hundred. */
  add(operations: readonly Operation[]): void {
    const list = find(this.#room, '.operations');
    for (const { offset, client, data, eff } of operations) {
      const item = make('li', '');
      item.append(
        make('span', 'offset', String(offset)),
        mark(this.#writer(client), this.#writer(client).name, true),
      );
      item.append(make('code', 'sent', write(data)));
      if (eff) item.append(make('code', 'eff', write(eff)));
      list.prepend(item);
    }
    while (list.childElementCount > 100) list.lastElementChild?.remove();
  }

  /** Shows why something cannot be shown; without an error, nothing. */
  fault(error?: unknown): void {
    find(this.#room, '.fault').textContent = error instanceof Error ? error.message : '';
  }
}

function mark({ hue }: Writer, text: string, known: boolean): HTMLElement {
  const span = make('span', known ? 'writer' : '', text);
  span.dataset.hue = String(hue);
  return span;
}

/** An operation as JSON, of which long texts are cut. */
export function write(op: Op): string {
  const short = op.map(([at, n, text]) => [at, n, text.length > 40 ? `${text.slice(0, 40)}…` : text]);
  const shown = short.slice(0, 8).map((splice) => JSON.stringify(splice));
  return `[${shown.join(', ')}${short.length > 8 ? `, … ${short.length - 8} more` : ''}]`;
}
