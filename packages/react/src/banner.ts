import type { Syncing } from '@tutti/client';
import { type BannerMessages, mountBanner } from '@tutti/client/banner';
import { createElement, type HTMLAttributes, type ReactElement, useEffect, useRef } from 'react';
import { useConnectionIfAny } from './provider.ts';
import { follow } from './status.ts';

export interface ConnectionBannerProps extends Omit<HTMLAttributes<HTMLDivElement>, 'children'> {
  /** A network, or several sources together, the same as long as they are; the provider's client if absent. */
  source?: Syncing;
  /** In place of the English ones; some, or all. */
  messages?: Partial<BannerMessages>;
}

/**
 * A banner that tells when what is done here does not arrive, and nothing while
 * all is well. Inside is an element with the role `status` and the class
 * `tutti-banner`; other attributes are of the element around it.
 */
export function ConnectionBanner({ source, messages, ...attributes }: ConnectionBannerProps): ReactElement {
  const connection = useConnectionIfAny();
  const element = useRef<HTMLDivElement>(null);
  const { current: latest } = useRef({ messages: messages ?? {}, look: () => {} });
  useEffect(() => {
    latest.messages = messages ?? {};
    latest.look();
  }, [latest, messages]);
  useEffect(
    () =>
      follow(source, connection, (syncing) => {
        const onSync: Syncing['onSync'] = (listener) => {
          latest.look = () => listener(syncing.sync);
          return syncing.onSync(listener);
        };
        const told = {
          onSync,
          get sync() {
            return syncing.sync;
          },
        };
        return mountBanner(told, element.current ?? undefined, latest);
      }),
    [source, connection, latest],
  );
  return createElement('div', { ...attributes, ref: element });
}
