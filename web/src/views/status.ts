import type { Road, Status } from '@tutti/client';
import { find } from '../find.ts';

/** How the server is reached, where that is not the usual way. */
const roads: Record<Road, string> = {
  ws: '',
  sse: ', by an event stream: WebSocket is blocked here',
  poll: ', by polling: WebSocket and event streams are blocked here',
};

/** What is told of each state, and whether a visitor can make the client try at once. */
export function describeStatus(status: Status): { said: string; retry: string } {
  const why = status.error ? ` ${status.error.message}` : '';
  switch (status.state) {
    case 'idle':
      return { said: 'Not connected.', retry: '' };
    case 'connecting':
      return { said: 'Connecting…', retry: '' };
    case 'live':
      return { said: `Live${roads[status.road ?? 'ws']}.`, retry: '' };
    case 'probing':
      return { said: 'Is the connection still there? Asking the server…', retry: '' };
    case 'backoff':
      return { said: `Offline.${why} What you write is kept.`, retry: 'Try now' };
    case 'parked':
      return { said: `Stopped.${why} (${status.error?.code ?? 'unknown'})`, retry: 'Connect again' };
    case 'closed':
      return { said: 'Closed.', retry: '' };
  }
}

/** The banner of a room that tells how its connection is. */
export class StatusView {
  readonly #banner: HTMLElement;
  readonly #said: HTMLElement;
  readonly #wait: HTMLElement;
  readonly #button: HTMLButtonElement;
  #countdown: ReturnType<typeof setInterval> | undefined;

  constructor(banner: HTMLElement, onRetry: () => void) {
    this.#banner = banner;
    this.#said = find(banner, '.said');
    this.#wait = find(banner, '.wait');
    this.#button = find<HTMLButtonElement>(banner, 'button');
    this.#button.addEventListener('click', onRetry);
  }

  show(status: Status): void {
    const { said, retry } = describeStatus(status);
    this.#banner.dataset.state = status.state;
    this.#banner.dataset.road = status.road ?? '';
    this.#said.textContent = said;
    this.#button.textContent = retry;
    this.#button.hidden = !retry;
    clearInterval(this.#countdown);
    this.#wait.textContent = '';
    const { until } = status;
    if (until === undefined) return;
    const count = () => {
      const left = until - (performance.timeOrigin + performance.now());
      this.#wait.textContent = `Next try in ${Math.max(0, Math.ceil(left / 1000))} s.`;
    };
    count();
    this.#countdown = setInterval(count, 250);
  }
}
