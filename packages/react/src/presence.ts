import type { Member, Presence, Signal, TuttiError, User } from '@tutti/client';
import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react';
import { useConnection } from './provider.ts';
import { type Room, roomOf } from './room.ts';
import { useSelected } from './select.ts';

export interface PresenceOptions<S> {
  /**
   * The state with which this client enters. When it is another one, it is put
   * into the one that the client has, as `update` does.
   */
  state?: S;
  /** Whether this client is a member while the component is mounted; true if absent. */
  enter?: boolean;
}

const none: readonly never[] = Object.freeze([]);

/**
 * Who is in a topic, the presence itself, for handlers and effects, and what
 * went wrong. This client is a member while any component is mounted that uses
 * this hook, or `useMyPresence`, for the topic.
 */
export function usePresence<S = unknown>(
  topic: string,
  { state, enter = true }: PresenceOptions<S> = {},
): readonly [users: readonly User<S>[], presence: Presence<S>, error: TuttiError | undefined] {
  const room = useRoom(topic);
  useMember(room, state, enter);
  const error = useSyncExternalStore(
    room.follow,
    () => room.error,
    () => undefined,
  );
  return [useUsers<S>(topic), room.presence as Presence<S>, error];
}

/** The users in a topic, each once however many tabs it has. The component renders only when what is selected is another. */
export function useUsers<S = unknown, R = readonly User<S>[]>(
  topic: string,
  select?: (users: readonly User<S>[]) => R,
): R {
  const room = useRoom(topic);
  return useSelected(room.follow, () => (room.open?.users ?? none) as readonly User<S>[], none, select);
}

/** The members of a topic but this client; other tabs of its user are among them. */
export function useOthers<S = unknown, R = readonly Member<S>[]>(
  topic: string,
  select?: (others: readonly Member<S>[]) => R,
): R {
  const room = useRoom(topic);
  return useSelected(room.follow, () => (room.open?.others ?? none) as readonly Member<S>[], none, select);
}

/**
 * The own state, as it is shown at once, and how to change it: members of an
 * object are put into it, anything else takes its place. This client is a
 * member while the component is mounted, and enters with `initial`. If the
 * server refuses that, it has no state, and a change has no effect.
 */
export function useMyPresence<S = unknown>(
  topic: string,
  initial?: S,
): readonly [state: S | undefined, update: (patch: Partial<S> | S) => void] {
  const room = useRoom(topic);
  useMember(room, initial, true);
  const state = useSyncExternalStore(
    room.follow,
    () => room.open?.me?.state as S | undefined,
    () => initial,
  );
  return [state, useCallback((patch) => room.update(patch), [room])];
}

/** Calls a function with each signal of that name; returns how to call one out, as a member. */
export function useSignal(
  topic: string,
  name: string,
  handler?: (signal: Signal) => void,
): (data?: unknown) => void {
  const connection = useConnection();
  const room = useRoom(topic);
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  const listens = handler !== undefined;
  useEffect(() => {
    if (!listens) return;
    return connection.follow((client) =>
      client.presence(topic).onSignal(name, (signal) => latest.current?.(signal)),
    );
  }, [connection, topic, name, listens]);
  return useCallback((data?: unknown) => room.presence.signal(name, data), [room, name]);
}

function useRoom(topic: string): Room {
  return roomOf(useConnection(), topic);
}

function useMember(room: Room, state: unknown, enter: boolean): void {
  // States that say the same are the same.
  const words = state === undefined ? undefined : JSON.stringify(state);
  const said = useRef(words);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another state is no reason to enter anew
  useEffect(() => {
    if (!enter) return;
    said.current = words;
    return room.enter(words === undefined ? undefined : JSON.parse(words));
  }, [room, enter]);
  useEffect(() => {
    if (!enter || said.current === words || words === undefined) return;
    said.current = words;
    room.put(JSON.parse(words));
  }, [room, enter, words]);
}
