import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';

const points = 120;

/** A line of the latest values, by the number that each has, in the page's colours and as large as its place. */
export class Chart {
  readonly #place: HTMLElement;
  readonly #plot: uPlot;
  #xs: number[] = [];
  #ys: number[] = [];

  constructor(place: HTMLElement) {
    this.#place = place;
    const color = (name: string) => () => getComputedStyle(place).getPropertyValue(name);
    const axis = {
      stroke: color('--faint'),
      font: `12px ${getComputedStyle(place).fontFamily}`,
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        ...sizeOf(place),
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false } },
        series: [{}, { stroke: color('--accent'), fill: color('--wash'), width: 2, points: { show: false } }],
        axes: [
          { ...axis, size: 30, values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) ? `#${n}` : '')) },
          { ...axis, size: 56, values: (_, ticks) => ticks.map((price) => price.toFixed(2)) },
        ],
        padding: [12, 20, 0, 0],
      },
      [[], []],
      place,
    );
    new ResizeObserver(() => this.#plot.setSize(sizeOf(place))).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw());
  }

  add(n: number, value: number): void {
    this.#xs.push(n);
    this.#ys.push(value);
    if (this.#xs.length > points) {
      this.#xs.shift();
      this.#ys.shift();
    }
    this.#plot.setData([this.#xs, this.#ys]);
    this.#place.setAttribute('aria-label', `Price of APP, at last ${value.toFixed(2)}`);
  }

  /** Starts with an empty line. */
  clear(): void {
    this.#xs = [];
    this.#ys = [];
    this.#plot.setData([[], []]);
  }
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: place.clientWidth, height: place.clientHeight };
}
