import type {
  Client,
  CounterHandle,
  DocumentStatus,
  Mutation,
  MutationOptions,
  RecordsHandle,
  RecordsOptions,
  Row,
  SetHandle,
  SetOptions,
  TextHandle,
  TextOptions,
} from '@tutti/client';
import { useCallback, useSyncExternalStore } from 'react';
import { useConnection } from './provider.ts';
import { useSelected } from './select.ts';
import type { Channel, Followed, Shared } from './shared.ts';

/** What is shown; the handle, to change it in handlers and effects; and how far the document is. */
export type Shown<V, H> = readonly [value: V, handle: H, status: DocumentStatus];

/** A part of what is shown: the component renders only when that is another, or has other members. */
export interface Selecting<V, S> {
  select?: (value: V) => S;
}

const none: readonly never[] = Object.freeze([]);

/** Records in their order; empty before they have come. */
export function useRecords<T extends object = Record<string, unknown>, S = readonly Row<T>[]>(
  topic: string,
  options: RecordsOptions<T> & Selecting<readonly Row<T>[], S> = {},
): Shown<S, RecordsHandle<T>> {
  const { select, ...own } = options;
  const shared = useRecordsHandle<T>(topic, own);
  return useShown(shared, 'all', (handle) => handle.entries(), none, select);
}

/** One record, undefined if it is not there. The component renders when that record changes, and for no other. */
export function useRecord<T extends object = Record<string, unknown>, S = T | undefined>(
  topic: string,
  key: string,
  options: RecordsOptions<T> & Selecting<T | undefined, S> = {},
): Shown<S, RecordsHandle<T>> {
  const { select, ...own } = options;
  const shared = useRecordsHandle<T>(topic, own);
  return useShown(shared, `key ${key}`, (handle) => handle.get(key), undefined, select);
}

/** The changes of a record that are not settled, in order: another array whenever something has become of one. */
export function usePending(
  topic: string,
  key: string,
  options: RecordsOptions<object> = {},
): readonly Mutation[] {
  const shared = useRecordsHandle<object>(topic, options);
  return useSyncExternalStore(
    useChannel(shared, `key ${key}`),
    () => shared.pending(key),
    () => none,
  );
}

/** A counter; 0 before it has come. */
export function useCounter(topic: string, options: MutationOptions = {}): Shown<number, CounterHandle> {
  const shared = useHandle('counter', topic, options, (client) => client.counter(topic, options));
  return useShown<number, CounterHandle, number>(shared, 'all', (handle) => handle.value, 0, undefined);
}

/** The elements of a set; empty before they have come. */
export function useSet<T = unknown, S = readonly T[]>(
  topic: string,
  options: SetOptions<T> & Selecting<readonly T[], S> = {},
): Shown<S, SetHandle<T>> {
  const { select, ...own } = options;
  const shared = useHandle('set', topic, own, (client) => client.set<T>(topic, own));
  return useShown(shared, 'all', (handle) => handle.values(), none, select);
}

/** A text; empty before it has come. The client must have been connected with `types: [text]`. */
export function useText<S = string>(
  topic: string,
  options: TextOptions & Selecting<string, S> = {},
): Shown<S, TextHandle> {
  const { select, ...own } = options;
  const shared = useHandle('text', topic, own, (client) => client.text(topic, own));
  return useShown(shared, 'all', (handle) => handle.value, '', select);
}

function useRecordsHandle<T extends object>(
  topic: string,
  options: RecordsOptions<T>,
): Shared<RecordsHandle<T>> {
  return useHandle('records', topic, options, (client) => client.records<T>(topic, options));
}

function useHandle<H extends Followed>(
  kind: string,
  topic: string,
  options: object,
  open: (client: Client) => H,
): Shared<H> {
  return useConnection().shared(kind, topic, options, open);
}

function useChannel<H extends Followed>(
  shared: Shared<H>,
  channel: Channel,
): (listener: () => void) => () => void {
  return useCallback((listener: () => void) => shared.listen(channel, listener), [shared, channel]);
}

function useShown<V, H extends Followed, S>(
  shared: Shared<H>,
  channel: Channel,
  read: (handle: H) => V,
  initial: V,
  select: ((value: V) => S) | undefined,
): Shown<S, H> {
  const value = useSelected(
    useChannel(shared, channel),
    () => (shared.open ? read(shared.open) : initial),
    initial,
    select,
  );
  const status = useSyncExternalStore(
    useChannel(shared, 'status'),
    () => shared.open?.status ?? 'opening',
    () => 'opening' as const,
  );
  return [value, shared.handle, status];
}
