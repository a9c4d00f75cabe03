import { make } from '../find.ts';
import type { Counts } from '../tally.ts';

/** The line below a room that tells what was received, missed and doubled. */
export class TallyView {
  readonly #values = new Map<keyof Counts, HTMLElement>();

  constructor(list: HTMLElement) {
    for (const name of ['received', 'missed', 'doubled'] as const) {
      const value = make('dd', name, '0');
      const pair = make('div', '');
      pair.append(make('dt', '', name), value);
      list.append(pair);
      this.#values.set(name, value);
    }
  }

  show(counts: Counts): void {
    for (const [name, value] of this.#values) {
      value.textContent = String(counts[name]);
      value.classList.toggle('fault', name !== 'received' && counts[name] > 0);
    }
  }
}
