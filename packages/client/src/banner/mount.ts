import type { Syncing } from '../sync.ts';
import { type BannerMessages, bannerText, english } from './messages.ts';

/** What is over sooner is not shown, in milliseconds. */
const patience = 1000;

export interface BannerOptions {
  /** In place of the English ones; some, or all. Read whenever something is told. */
  messages?: Partial<BannerMessages>;
}

/**
 * Puts a banner into an element, or in front of all else on the page. It is
 * empty while all is well, and when something has not been for a second it says what. It has the role
 * `status`, the class and part `tutti-banner`, an attribute `data-state` while it
 * says something (`offline`, `lost`, `syncing`, `blocked`), and no style.
 * Returns a function that takes it away.
 */
export function mountBanner(
  source: Syncing,
  element?: Element | ShadowRoot,
  options: BannerOptions = {},
): () => void {
  // It stays on the page: screen readers tell what changes in it, not that it came.
  const banner = document.createElement('div');
  banner.className = 'tutti-banner';
  banner.setAttribute('part', 'tutti-banner');
  banner.setAttribute('role', 'status');
  if (element) element.append(banner);
  else document.body.prepend(banner);

  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (): void => {
    timer = undefined;
    const { sync } = source;
    const text = bannerText(sync, { ...english, ...options.messages });
    if (banner.textContent !== text) banner.textContent = text;
    if (text) banner.dataset.state = sync.state === 'offline' && sync.lost ? 'lost' : sync.state;
    else delete banner.dataset.state;
  };
  const look = (): void => {
    if (source.sync.state === 'synced' || banner.textContent) {
      clearTimeout(timer);
      show();
    } else timer ??= setTimeout(show, patience);
  };
  look();
  const stop = source.onSync(look);
  return () => {
    stop();
    clearTimeout(timer);
    banner.remove();
  };
}
