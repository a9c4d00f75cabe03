import { TuttiError } from './error.ts';

/**
 * The address below which a server's paths are, as https://host/base/v1. Its url is http(s) or ws(s), with the
 * base path if there is one, or relative to the page; if absent, it is the
 * server that served this module as /v1/client.js, else the page's own.
 */
export function address(url: string | URL | undefined, module: string, page: string | undefined): string {
  const served = module.match(/^(https?:.*)\/v1\/client\.js(?:[?#].*)?$/)?.[1];
  let base: URL;
  try {
    base = new URL(url ?? served ?? '/', page);
  } catch {
    throw new TuttiError('bad_message', `${url ?? 'No url given, which'} is not the address of a server.`);
  }
  base.protocol = base.protocol.replace(/^ws/, 'http');
  if (!/^https?:$/.test(base.protocol))
    throw new TuttiError('bad_message', `${url} is not an http(s) or ws(s) address.`);
  base.search = base.hash = '';
  base.pathname = `${base.pathname.replace(/\/+$/, '')}/v1`;
  return base.href;
}
