import type { Syncing, SyncStatus } from './sync.ts';

/**
 * Lets the browser ask before the page is left, as long as something waits
 * that would be lost with it. Returns a function that ends it.
 */
export function guardUnload(source: Syncing): () => void {
  let on = false;
  const ask = (event: Event): void => {
    event.preventDefault();
    // Browsers before 2023 look at this alone.
    (event as BeforeUnloadEvent).returnValue = true;
  };
  // One that is there keeps a page out of the browser's back/forward cache.
  const guard = (needed: boolean): void => {
    if (needed === on || typeof addEventListener !== 'function') return;
    on = needed;
    if (on) addEventListener('beforeunload', ask);
    else removeEventListener('beforeunload', ask);
  };
  const look = (s: SyncStatus): void => guard(s.pending + s.blocked > 0 && !s.durable);
  look(source.sync);
  const stop = source.onSync(look);
  return () => {
    stop();
    guard(false);
  };
}
