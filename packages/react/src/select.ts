import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

/** Whether two values are the same, or arrays or plain objects with the same members. */
export function sameMembers(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((member, i) => Object.is(member, b[i]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && Object.is(a[name], b[name]))
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return Object.getPrototypeOf(value ?? 0) === Object.prototype;
}

/**
 * Follows a part of a value. What was selected stays the same object as long
 * as its members are the same, so that the component renders only then anew.
 */
export function useSelected<V, S>(
  subscribe: (listener: () => void) => () => void,
  read: () => V,
  initial: V,
  select: ((value: V) => S) | undefined,
): S {
  const shown = useRef<{ selected: S }>(undefined);
  const pick = useMemo(() => {
    let last: { value: V; selected: S } | undefined;
    return (value: V): S => {
      if (!select) return value as unknown as S;
      if (!last || !Object.is(last.value, value)) {
        const selected = select(value);
        const before = last ?? shown.current;
        last = {
          value,
          selected: before && sameMembers(before.selected, selected) ? before.selected : selected,
        };
      }
      return last.selected;
    };
  }, [select]);
  const selected = useSyncExternalStore(
    subscribe,
    () => pick(read()),
    () => pick(initial),
  );
  useEffect(() => {
    shown.current = { selected };
  }, [selected]);
  return selected;
}
