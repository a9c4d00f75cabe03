import { address } from './address.ts';
import { type Options, type Settings, settings } from './options.ts';

/** Where a client connects to, and how: by a url and options, or by options alone. Throws as `connect` does. */
export function target(
  to: string | URL | Options | undefined,
  options: Options,
): [url: string, settings: Settings] {
  if (typeof to === 'object' && !(to instanceof URL)) return target(undefined, to);
  const page = (globalThis as { location?: { href: string } }).location?.href;
  return [address(to, import.meta.url, page), settings(options)];
}
