export function watchPrices(path: string, show: (price: number) => void): () => void {
  const prices = new EventSource(path);
  prices.addEventListener('stock-update', (e) => show(JSON.parse(e.data).price));
  prices.onmessage = (e) => console.log('without a name:', e.data);
  return () => prices.close();
}
