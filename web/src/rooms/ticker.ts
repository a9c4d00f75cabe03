import type { TickerView } from '../views/ticker.ts';

export function ticker(view: TickerView): void {
  const url = 'v1/sse?topic=stocks:APP&last=50';
  const stream = new EventSource(url);

  stream.addEventListener('stock-update', (e) => {
    view.show(JSON.parse(e.data).price, e.lastEventId);
  });

  // The log was lost or trimmed: the stream starts anew.
  stream.addEventListener('tutti:reset', (e) => {
    view.reset(e.lastEventId);
  });

  stream.onopen = () => view.showState(stream.readyState);
  stream.onerror = () => view.showState(stream.readyState);
}
