import { find } from '../find.ts';
import { Tally } from '../tally.ts';
import { Chart } from './chart.ts';
import { TallyView } from './tally.ts';

/** The ticker as the page shows it. It counts by the offset that stands in each event's id. */
export class TickerView {
  readonly #banner: HTMLElement;
  readonly #said: HTMLElement;
  readonly #price: HTMLElement;
  readonly #change: HTMLElement;
  readonly #chart: Chart;
  readonly #tally = new Tally();
  readonly #tallyView: TallyView;
  #last: number | undefined;

  constructor(room: HTMLElement) {
    this.#banner = find(room, '.status');
    this.#said = find(room, '.said');
    this.#price = find(room, '.price');
    this.#change = find(room, '.change');
    this.#chart = new Chart(find(room, '.chart'));
    this.#tallyView = new TallyView(find(room, '.tally'));
    this.showState(EventSource.CONNECTING);
  }

  /** Shows a price; id is that of its event. */
  show(price: number, id: string): void {
    const offset = offsetOf(id);
    this.#tally.take('', offset);
    this.#tallyView.show(this.#tally.counts);
    this.#chart.add(offset, price);
    this.#price.textContent = price.toFixed(2);
    const change = price - (this.#last ?? price);
    this.#change.textContent = `${change < 0 ? '▼' : '▲'} ${Math.abs(change).toFixed(2)}`;
    this.#change.dataset.way = change < 0 ? 'down' : 'up';
    this.#last = price;
  }

  /** The log was lost or trimmed: the events go on behind another position. */
  reset(id: string): void {
    this.#tally.restart('', offsetOf(id));
    this.#chart.clear();
    this.#last = undefined;
  }

  /** Shows the readyState of the stream. */
  showState(state: number): void {
    const [name, said] =
      state === EventSource.OPEN
        ? ['live', 'Live.']
        : state === EventSource.CONNECTING
          ? ['connecting', 'Connecting… the browser tries again by itself.']
          : ['parked', 'Stopped: the server turned this stream away. Reload the page to try again.'];
    this.#banner.dataset.state = name;
    this.#said.textContent = said;
  }
}

function offsetOf(id: string): number {
  return Number.parseInt(id, 10) || 0;
}
