import type { Client } from '@tutti/client';
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useInsertionEffect,
  useState,
  useSyncExternalStore,
} from 'react';
import { Connection, connectionOf } from './connection.ts';
import { Lease } from './lease.ts';

const Context = createContext<Connection | undefined>(undefined);

/** Either a client, or how one is made. */
export type TuttiProviderProps = { children?: ReactNode } & (
  | {
      /** One that the application has made, and closes. */
      client: Client;
      connect?: undefined;
    }
  | {
      /**
       * Called once, in the browser alone, when the provider is mounted; the
       * client is closed when it is unmounted. Another function later means nothing.
       */
      connect: () => Client;
      client?: undefined;
    }
);

/** Gives the components inside a client. */
export function TuttiProvider({ client, connect, children }: TuttiProviderProps): ReactElement {
  const [own] = useState(
    () =>
      new Connection(
        new Lease(
          () => (connect as () => Client)(),
          (made) => made.close(),
        ),
      ),
  );
  const connection = client ? connectionOf(client) : own;
  // Of all effects the first and, of those that end, the last: inside, those of components may use the client.
  useInsertionEffect(() => connection.client.retain(), [connection]);
  return createElement(Context.Provider, { value: connection }, children);
}

/** That of the provider around the component, if there is one. */
export function useConnectionIfAny(): Connection | undefined {
  return useContext(Context);
}

/** That of the provider around the component. */
export function useConnection(): Connection {
  const connection = useConnectionIfAny();
  if (!connection) throw new Error('There is no <TuttiProvider> around this component.');
  return connection;
}

/** The client of the provider; undefined on a server, and before it is made. */
export function useClient(): Client | undefined {
  const connection = useConnection();
  const subscribe = useCallback(() => connection.client.retain(), [connection]);
  return useSyncExternalStore(
    subscribe,
    () => connection.client.value,
    () => undefined,
  );
}
